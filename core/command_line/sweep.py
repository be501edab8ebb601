"""`python -m core sweep`: a sweep in the foreground, one run after another, with progress."""

import argparse
import time
from collections.abc import Callable
from contextlib import suppress
from threading import Event
from typing import TYPE_CHECKING

from pydantic import ValidationError

from core.command_line.options import add_config_options, read_config
from core.command_line.terminal import on_interrupt, printable, progress_bar
from core.config import explain
from core.runs import Run
from core.runs.errors import RunBusyError, RunError, RunNotFoundError
from core.runs.status import Request, State, Status
from core.sweep.config import Pruner, Sampler, SweepConfig
from core.sweep.space import parse_vary
from core.sweep.store import Sweep, SweepError, SweepStore

if TYPE_CHECKING:
    from core.sweep.driver import Driver

_INTERRUPTED = 130  # what a shell expects of a command that Ctrl-C ended
_BUSY_SECONDS = 0.5
_OPTIONS = {"sampler": "|".join(Sampler), "trials": "N", "seeds": "N", "pruner": "|".join(Pruner)}


def add_sweep(parser: argparse.ArgumentParser) -> None:
    """Add the command's options to its parser."""
    parser.set_defaults(command=_sweep)
    parser.add_argument(
        "--vary",
        action="append",
        default=[],
        metavar="NAME=LOW:HIGH[:log][:POINTS] or NAME=VALUE,VALUE",
        help="a hyperparameter to search, such as dropout=0:0.7, l2=1e-6:1e-2:log or "
        "hidden=128,256-128; again for each. POINTS are those of a grid",
    )
    for name, form in _OPTIONS.items():
        field = SweepConfig.model_fields[name]
        explanation = f"{field.description} Default: {field.default}.".replace("%", "%%")
        parser.add_argument(f"--{name}", metavar=form, help=explanation)
    parser.add_argument("--name", type=printable, help="what to call the sweep")
    parser.add_argument("--resume", metavar="ID", help="go on with a sweep that was interrupted")
    add_config_options(parser)


def _sweep(options: argparse.Namespace, parser: argparse.ArgumentParser) -> int:
    sweeps = SweepStore()
    if options.resume:
        sweep = sweeps.get(options.resume)
        sweep.request(Request.RUN)
    else:
        sweep = sweeps.create(_read_sweep(options, parser), name=options.name)
    try:
        with sweep.lock():
            _run_to_end(sweep, sweeps)
    except KeyboardInterrupt:
        sweep.request(Request.PAUSE)
        print(f"interrupted; go on with: python -m core sweep --resume {sweep.id}")
        return _INTERRUPTED
    print(_result(sweep))
    return 0


def _read_sweep(options: argparse.Namespace, parser: argparse.ArgumentParser) -> SweepConfig:
    if not options.vary:
        parser.error("--vary: say what to search, for example --vary dropout=0:0.7")
    base = read_config(options, parser)
    given = {name: value for name in _OPTIONS if (value := getattr(options, name)) is not None}
    try:
        vary = dict(map(parse_vary, options.vary))
        return SweepConfig.model_validate({"base": base, "vary": vary} | given)
    except ValidationError as error:
        name, sentence = next(iter(explain(error).items()))
        parser.error(f"--{name}: {sentence}" if name in _OPTIONS else sentence)
    except ValueError as error:
        parser.error(f"--vary: {error}")


def _run_to_end(sweep: Sweep, sweeps: SweepStore) -> None:
    from core.sweep.driver import Driver

    interrupted = Event()
    on_interrupt(interrupted.set)
    driver = Driver(sweep, sweeps.runs, created_as=State.RUNNING)
    with progress_bar() as progress:
        bar = progress.add_task(sweep.name, total=sweep.planned, detail="")

        def show(detail: str = "") -> None:
            status, planned = sweep.status, sweep.planned
            detail = f"{status.done}/{planned}{detail}"
            if status.best_value is not None:
                detail += f" best {status.best_value:.2%}"
            progress.update(bar, total=planned, completed=status.done, detail=detail)
            if interrupted.is_set():
                raise KeyboardInterrupt

        while driver.poll(slots=1) or sweep.has_work:
            show()
            runs = driver.runs_to_train()
            active = [run for run in runs if _is_active(run)]
            if not active and sweep.control.request is Request.PAUSE:
                break
            if runs and not active:  # somebody stopped it, and may be about to delete it
                time.sleep(_BUSY_SECONDS)
            for run in active:
                _train(run, driver, show)
        interrupted.clear()  # too late: the sweep is at its end
        show()


def _is_active(run: Run) -> bool:
    """Whether the run is still to train: not if it was deleted just now."""
    with suppress(RunNotFoundError):
        return run.status.state.is_active
    return False


def _train(run: Run, driver: "Driver", show: Callable[[str], None]) -> None:
    """Train the run here; or wait a little, if a worker of some server is at it already.

    One that is deleted meanwhile is left to the driver, which tries another in its place.
    """
    from core.training import train

    epochs = run.config.epochs
    epoch = 0

    def follow(status: Status) -> None:
        nonlocal epoch
        if status.epoch != epoch:
            epoch = status.epoch
            if status.state.is_active:
                with suppress(SweepError, RunError):  # no fault of this run: the next look tells
                    driver.poll(slots=1)
        show(f" {run.name} epoch {status.epoch}/{epochs}")

    try:
        with suppress(RunNotFoundError):
            train(run, on_status=follow)
    except RunBusyError:
        time.sleep(_BUSY_SECONDS)


def _result(sweep: Sweep) -> str:
    from core.sweep.study import load_study, trial_table

    status = sweep.status
    line = f"sweep {sweep.id} trials {status.done} cut_short {status.cut}"
    if status.best_trial is None:
        return f"{line} no trial came to its end"
    names = list(sweep.config.vary)
    best = trial_table(load_study(sweep), names).set_index("number").loc[status.best_trial, names]
    values = (f"{value:.4g}" if isinstance(value, float) else value for value in best)
    line += f" best_trial {status.best_trial} validation_accuracy {status.best_value:.4f} "
    return line + " ".join(f"{name} {value}" for name, value in zip(names, values, strict=True))
