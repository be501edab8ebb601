"""A run that trains before a browser's eyes, and ends an epoch when the test says so."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from core.runs import Run
from core.runs.status import State, Status
from tests.e2e.server import Server


class Replay:
    """The epochs of a `finished` run, one after another, as those of a run that trains."""

    def __init__(self, run: Run, finished: Run) -> None:
        self.run = run
        self._rows = finished.history.to_dict("records")

    def show(self, epochs: int) -> None:
        """Have so many epochs ended."""
        self.run.write_history(self._rows[:epochs])
        self.run.write_status(Status(state=State.RUNNING, epoch=epochs + 1))


@contextmanager
def replay(server: Server, finished: Run, name: str) -> Iterator[Replay]:
    """A run of this name that has yet to end its first epoch; it is deleted afterwards.

    Held as a training holds it, so that the server does not train it instead.
    """
    run = server.runs.create(finished.config, name=name, state=State.RUNNING)
    with run.training_lock():
        for file in ("test_probabilities.npy", "model.keras"):
            shutil.copy(finished.path / file, run.path)
        try:
            yield Replay(run, finished)
        finally:
            run.write_status(Status(state=State.STOPPED, final_epoch=0))
    server.runs.delete(run.id)
