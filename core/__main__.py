"""The command line: `python -m core train`, `runs`, `presets`, `sweep`."""

import argparse
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Column, Table

from core.command_line.interrupt import on_interrupt
from core.command_line.options import add_config_options, read_config
from core.command_line.sweep import add_sweep
from core.config import PRESETS
from core.config.architecture import count_parameters
from core.config.settings import SettingsError, settings
from core.runs import Run, RunStore
from core.runs.errors import RunError, RunNotFoundError
from core.runs.status import Request, State, Status
from core.runs.summary import summarize
from core.sweep.store import SweepError


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """One clear sentence, without the usage in front of it."""
        self.exit(2, f"{self.prog}: {message}\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return its exit status."""
    parser = _Parser(prog="python -m core", description="Digit Lab on the command line.")
    commands = parser.add_subparsers(required=True, metavar="train | runs | presets | sweep")
    _add_train(commands.add_parser("train", help="train a run here and now, with a progress bar"))
    commands.add_parser("runs", help="list the runs").set_defaults(command=_runs)
    commands.add_parser("presets", help="print the presets").set_defaults(command=_presets)
    add_sweep(commands.add_parser("sweep", help="search hyperparameters, a run for each trial"))
    options = parser.parse_args(arguments)
    try:
        settings()  # a wrong one is said before TensorFlow is waited for
        return int(options.command(options, parser))
    except (RunError, SweepError, SettingsError) as error:
        parser.error(str(error))
    except KeyboardInterrupt:
        parser.exit(130, f"{parser.prog}: interrupted\n")


def _add_train(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(command=_train)
    parser.add_argument("--name", help="what to call the run")
    add_config_options(parser)


def _train(options: argparse.Namespace, parser: argparse.ArgumentParser) -> int:
    config = read_config(options, parser)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # TensorFlow's greetings hide the bar
    from core.training import train

    run = RunStore().create(config, name=options.name, state=State.RUNNING)

    on_interrupt(lambda: run.request(Request.STOP))
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[detail]}"),
        TimeElapsedColumn(),
        console=Console(stderr=True),
    ) as progress:
        bar = progress.add_task(run.name, total=config.epochs * config.batches, detail="")

        def show(status: Status) -> None:
            done = max(status.epoch - 1, 0) * config.batches + status.batch
            detail = f"epoch {status.epoch}/{config.epochs}"
            if status.running_loss is not None:
                detail += f" loss {status.running_loss:.4f}"
            progress.update(bar, completed=done, detail=detail)

        status = train(run, on_status=show)
    if status.state is State.FAILED:
        print(f"{parser.prog}: run {run.id} failed: {status.error}", file=sys.stderr)
        return 1
    print(_result(run, status))
    return 0


def _result(run: Run, status: Status) -> str:
    line = f"run {run.id} epochs {status.epoch}"
    if status.final_epoch:
        row = run.history.set_index("epoch").loc[status.final_epoch]
        line += f" test_loss {row['test_loss']:.4f} test_accuracy {row['test_accuracy']:.4f}"
    return f"{line} seconds {status.seconds:.1f}"


def _runs(options: argparse.Namespace, parser: argparse.ArgumentParser) -> int:
    store = RunStore()
    table = Table(
        Column("run", no_wrap=True),
        "name",
        "owner",
        "state",
        "epochs",
        "test accuracy",
        "seconds",
        box=None,
    )
    reasons = []
    for run in store.list():
        try:
            summary = summarize(run)
        except RunNotFoundError:  # deleted since it was listed
            continue
        status, record, results = summary.status, summary.record, summary.results
        if record is None or status.state is State.DAMAGED:
            table.add_row(run.id, "", "", status.state, "", "", "", style="red")
            reasons.append(status.error)
            continue
        accuracy = "" if results.test_accuracy is None else f"{results.test_accuracy:.2%}"
        table.add_row(
            run.id,
            escape(summary.name),
            escape(record.owner),
            status.state,
            f"{results.epochs_done}/{record.config.epochs}",
            accuracy,
            f"{status.seconds:.0f}",
        )
    if table.row_count:
        Console().print(table)
    else:
        print(f"no runs in {store.root}; start one with: python -m core train --preset quick")
    for reason in reasons:
        print(reason)
    return 0


def _presets(options: argparse.Namespace, parser: argparse.ArgumentParser) -> int:
    for name, config in PRESETS.items():
        print(f"{name}: {count_parameters(config):,} parameters, {config.summary()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
