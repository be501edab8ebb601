"""`python -m core train`: a run trained here and now, with progress."""

import argparse
import sys

from core.command_line.options import add_config_options, read_config
from core.command_line.terminal import on_interrupt, printable, progress_bar
from core.runs import Run, RunStore
from core.runs.origin import Origin
from core.runs.status import Request, State, Status
from core.runs.summary import Results, summarize


def add_train(parser: argparse.ArgumentParser) -> None:
    """Add the command's options to its parser."""
    parser.set_defaults(command=_train)
    parser.add_argument("--name", type=printable, help="what to call the run")
    parser.add_argument(
        "--from",
        dest="parent",
        metavar="RUN",
        help="id of a finished run, to start from its network; what is not given is as it was "
        "there, and its layers, its seed and its validation share stay",
    )
    add_config_options(parser)


def _train(options: argparse.Namespace, parser: argparse.ArgumentParser) -> int:
    store = RunStore()
    parent = store.get(options.parent) if options.parent else None
    config = read_config(options, parser, parent.config if parent else None)
    progress = progress_bar()
    from core.training import train

    origin = Origin(parent)
    run = store.create(config, name=options.name, state=State.RUNNING, origin=origin)
    on_interrupt(lambda: run.request(Request.STOP))
    with progress:
        bar = progress.add_task(run.name, total=config.epochs * config.batches, detail="")

        def show(status: Status) -> None:
            done = max(status.epoch - 1, 0) * config.batches + status.batch
            detail = f"epoch {status.epoch}/{config.epochs}"
            if status.running_loss is not None:
                detail += f" loss {status.running_loss:.4f}"
            progress.update(bar, completed=done, detail=detail)

        status = train(run, on_status=show)
    if status.state is State.FAILED:
        words = f"{parser.prog}: run {run.id} failed: {status.error}"
        print(printable(words), file=sys.stderr)
        return 1
    results = summarize(run).results
    print(_result(run, status, results))
    for finding in results.findings:
        if finding.is_fault:
            words = f"{parser.prog}: run {run.id}: {finding.kind}: {finding.sentence}"
            print(printable(words), file=sys.stderr)
    return 0


def _result(run: Run, status: Status, results: Results) -> str:
    """The epoch of the network that the run ended with, and what that network achieves.

    The best epoch too, where it is another.
    """
    line = f"run {run.id} epochs {status.epoch}"
    if results.network_epoch:
        row = run.history.iloc[results.network_epoch - 1]
        line += f" network_epoch {results.network_epoch}"
        line += f" test_loss {row['test_loss']:.4f} test_accuracy {row['test_accuracy']:.4f}"
    if results.best_epoch != results.network_epoch:
        line += f" best_epoch {results.best_epoch}"
        line += f" best_epoch_test_accuracy {results.best_epoch_test_accuracy:.4f}"
    return f"{line} seconds {status.seconds:.1f}"
