"""How often a training tells how it stands, how soon it obeys, and what its measuring costs.

Of the notebook's network with dropout and L2, trained in this process.
"""

import statistics
import time
from collections.abc import Iterator
from tempfile import TemporaryDirectory

import numpy as np

from core.config import RunConfig
from core.runs import Run, RunStore
from core.runs.status import Request, State, Status
from core.training import train
from core.training.warm_models import claim_warm_model
from tests.benchmarks.arithmetic import train_epoch
from tests.benchmarks.report import Figure, print_head, run_topic

_EPOCHS = 8


def measure() -> Iterator[Figure]:
    """Statuses a second while batches run, seconds to obey, and measuring over training."""
    config = RunConfig(dropout=0.5, l2=1e-4, epochs=_EPOCHS)
    with TemporaryDirectory() as folder:
        store = RunStore(folder)
        written = statuses(store.create(config, state=State.RUNNING))
        gaps = np.diff(written)
        yield Figure("status written, times a second", 1 / gaps.mean(), at_least=4)
        yield Figure("– longest time between two", gaps.max(), "s")
        for request in (Request.STOP, Request.PAUSE):
            runs = [store.create(config, state=State.RUNNING) for _ in range(3)]
            seconds = statistics.median(obeyed(run, request) for run in runs)
            yield Figure(f"asked to {request}, obeyed after", seconds, "s", at_most=1)
    yield Figure("measuring three splits ÷ training", measuring(config), at_most=0.5)


def statuses(run: Run) -> list[float]:
    """The moments at which the run wrote its status, after its first epoch and before its last."""
    moments: list[float] = []

    def note(status: Status) -> None:
        if 1 < status.epoch < _EPOCHS:
            moments.append(time.perf_counter())

    train(run, note)
    return moments


def obeyed(run: Run, request: Request) -> float:
    """Seconds from asking, in the middle of an epoch, to a status that says it is done."""
    asked = said = 0.0

    def ask(status: Status) -> None:
        nonlocal asked, said
        if not asked and status.epoch == 2 and status.batch:
            run.request(request)
            asked = time.perf_counter()
        elif asked and not said and status.state is not State.RUNNING:
            said = time.perf_counter()
            run.request(Request.STOP)

    train(run, ask)
    return said - asked


def measuring(config: RunConfig) -> float:
    """Seconds of measuring the three splits over those of an epoch's training, in turns."""
    loops = claim_warm_model(config).loops
    order = np.arange(config.training_size, dtype=np.int32)
    training, measured = [], []
    for _ in range(_EPOCHS):
        started = time.perf_counter()
        train_epoch(loops, config, order)
        between = time.perf_counter()
        for split in ("train", "validation", "test"):
            loops.evaluate(split, after_block=lambda: None)
        training.append(between - started)
        measured.append(time.perf_counter() - between)
    return statistics.median(measured[1:]) / statistics.median(training[1:])


if __name__ == "__main__":
    print_head()
    run_topic("course")
