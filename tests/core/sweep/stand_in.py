"""A stand-in for training: it writes at once what a training would, and imports no TensorFlow.

What a driver decides does not depend on the network. Processes of their own may train by it, too: a
Dask worker that preloads this file does. That it leaves what a training leaves is tested in
`test_stand_in`.
"""

import math
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np

from core.config import RunConfig
from core.runs import HISTORY_COLUMNS, Run
from core.runs.status import Request, State, Status

Train = Callable[..., Status]


def imitate_training(
    run: Run,
    on_status: Callable[[Status], object] = lambda status: None,
    max_pause_seconds: float = math.inf,
) -> Status:
    """Do what `core.training.train` does, as far as whoever drives a sweep can see.

    What is reached depends on the configuration alone. There is no early stopping, and a paused
    run is not left, whatever `max_pause_seconds` says.
    """

    def tell(**changes: object) -> Status:
        status = Status(**changes)
        run.write_status(status)
        on_status(status)
        return status

    with run.training_lock():
        if not run.status.state.is_active:
            return run.status
        rows = run.history.to_dict("records")
        tell(state=State.RUNNING, epoch=1)
        end = State.FINISHED
        for epoch in range(len(rows) + 1, run.config.epochs + 1):
            if run.control.request is Request.PAUSE:
                tell(state=State.PAUSED, epoch=epoch)
                while run.control.request is Request.PAUSE:
                    time.sleep(0.01)
            if run.control.request is Request.STOP:
                end = State.STOPPED
                tell(state=State.STOPPING, epoch=epoch)
                break
            rows.append(_imitate_epoch(run.config, epoch))
            run.write_history(rows)
            tell(state=State.RUNNING, epoch=epoch, batch=run.config.batches)
        run.write_model(Path.touch)
        return tell(state=end, epoch=len(rows), final_epoch=len(rows))


def _imitate_epoch(config: RunConfig, epoch: int) -> dict[str, float]:
    """A row of the history: dropout and L2 slow the learning, and each split has its own."""
    learned = 1 - math.exp(-1_000 * config.learning_rate * epoch)
    luck = np.random.default_rng((config.seed, epoch)).uniform(0, 0.01)
    accuracy = 0.1 + 0.8 * learned * (1 - 0.2 * config.dropout) / (1 + 10 * config.l2) + luck
    row = dict.fromkeys(HISTORY_COLUMNS, 0.0) | {"epoch": epoch, "seconds": 0.001}
    for split, better in {"train": 0.05, "validation": 0, "test": -0.05}.items():
        row[f"{split}_accuracy"] = round(accuracy + better, 4)
        row[f"{split}_loss"] = round(-math.log(accuracy + better), 4)
    return row


def replace_training() -> None:
    """Have this process find the stand-in where it looks for `train`; for one of its own.

    And nothing where it looks for maps, which need TensorFlow as well.
    """
    training, maps = ModuleType("core.training"), ModuleType("core.maps.job")
    vars(training).update(train=imitate_training, warm_up=lambda: None)
    sys.modules.update({module.__name__: module for module in (training, maps)})


def dask_setup(worker: object) -> None:
    """Called by a Dask worker that preloads this file."""
    replace_training()
