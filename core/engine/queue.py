"""What trains next, and what becomes of runs whose training was lost: decides, and knows no Dask.

The runs folder is the truth: every run that is queued there, or whose training process died, is
taken up.
"""

import itertools
import logging
import math
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from getpass import getuser
from typing import Any, Protocol

from core.config import RunConfig
from core.engine.fair_queue import take_turns
from core.runs import Run, RunStore
from core.runs.errors import DamagedRunError, RunBusyError, RunNotFoundError, RunNotWritableError
from core.runs.status import Request, State, Status

POLL_SECONDS = 1.0

_MOST_DEATHS = 3  # of workers at one run, before it fails
_TAKE_UP_SECONDS = 2.0  # after its last sign of life; a run just created has no lock yet
_TRY_AGAIN_SECONDS = 15
_REPEAT_SECONDS = 2.0
_DEADLY = (
    "The worker process died again and again while it trained this run, probably for want of "
    "memory. Try fewer or narrower layers."
)

_log = logging.getLogger(__name__)


class QueueError(RuntimeError):
    """A run is not queued; the message is a sentence for who asked for it."""


class QueueFullError(QueueError):
    """The owner has reached the limit of waiting runs."""


class RepeatedRunError(QueueError):
    """The very same run was asked for a moment ago: a button pressed twice, or a script's loop."""


class Training(Protocol):
    """A training that a worker was given: see `cluster.DaskTraining`."""

    @property
    def future(self) -> Any: ...
    @property
    def worker(self) -> str: ...
    @property
    def is_done(self) -> bool: ...
    @property
    def error(self) -> BaseException | None: ...
    def cancel(self) -> None: ...


class Workers(Protocol):
    """Who trains: see `cluster.Cluster`."""

    @property
    def slots(self) -> Mapping[str, int]: ...
    def choose_worker(self, trainings: Iterable[Training]) -> str: ...
    def train(
        self, run: Run, worker: str, takes_slot: bool, on_end: Callable[[], object]
    ) -> Training: ...


@dataclass
class _Found:
    """The active runs, by what is to be done with them, oldest first."""

    stopping: list[Run] = field(default_factory=list)
    interrupted: list[Run] = field(default_factory=list)
    waiting: list[Run] = field(default_factory=list)
    training: list[Run] = field(default_factory=list)


class RunQueue:
    """The runs of `store` that are to train, and those that do, on `workers`.

    `on_end` is called, by any thread, when a worker is done with a run; `clock` gives seconds.
    """

    def __init__(
        self,
        store: RunStore,
        workers: Workers,
        most_waiting: int,
        on_end: Callable[[], object] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.waiting: list[Run] = []
        """The runs that wait for their turn, the next one first."""
        self.training: list[Run] = []
        """The runs that train, or are about to."""
        self.troubles: dict[str, str] = {}
        """The runs that cannot be trained at present, each with the reason; tried again and again.
        """
        self.most_waiting = most_waiting
        """At most this many runs of one person may wait."""
        self._store = store
        self._workers = workers
        self._on_end = on_end
        self._clock = clock
        self._given: dict[str, tuple[Training, int]] = {}
        """The trainings that workers were given, and how many epochs each run had then."""
        self._deaths: dict[str, tuple[int, int]] = {}
        """For each run: its number of epochs at the last worker's death, and how many
        died since it reached them."""
        self._tried: dict[str, float] = {}
        self._turns = itertools.count()
        self._last_turns: dict[str, int] = {}
        self._added: dict[tuple[str, RunConfig], tuple[float, Run]] = {}
        self._ended: set[str] = set()
        """Runs that have ended: of a thousand, those need not be read again every second."""
        self._lock = threading.RLock()

    def add(self, asked: Sequence[tuple[RunConfig, str | None]], owner: str | None) -> list[Run]:
        """Create a run of each configuration, with its name, or none at all.

        Raises QueueFullError if the owner would have more than `most_waiting` runs waiting, and
        RepeatedRunError for a configuration of which the owner asked for a run within the last two
        seconds that is still to train. Sweeps do not call this: a sweep has at most as many
        unfinished runs as there are slots.
        """
        with self._lock:
            waiting = sum(_owner(run) == owner for run in self.waiting)
            if owner and waiting + len(asked) > self.most_waiting:
                raise QueueFullError(
                    f"{waiting} of your runs are waiting for their turn, and {len(asked)} more "
                    f"would be more than the {self.most_waiting} that one person may have. Wait "
                    "until some have started, or stop some."
                )
            for config, _ in asked:
                self._refuse_repetition(config, owner or getuser())
            runs = []
            for config, name in asked:
                run = self._store.create(config, name, owner)
                self._added[run.record.owner, config] = self._clock(), run
                self.waiting.append(run)
                runs.append(run)
        return runs

    def give(self, run_id: str) -> Training:
        """Give the run to a worker without waiting for its turn; but not twice.

        A run that is to stop takes no slot: it only saves its network. Raises RunNotFoundError, and
        what the workers raise.
        """
        run = self._store.get(run_id)
        trainings = [given for given, _ in list(self._given.values())]
        worker = self._workers.choose_worker(trainings)  # asks a scheduler: not while a page waits
        with self._lock:
            given, _ = self._given.get(run_id, (None, 0))
            if given is None or given.is_done:
                takes_slot = run.control.request is not Request.STOP
                given = self._workers.train(run, worker, takes_slot, self._on_end)
                self._given[run_id] = given, _count_epochs(run)
            return given

    def poll(self, is_stopping: Callable[[], bool] = lambda: False) -> None:
        """Give the free slots to the runs whose turn it is, and say who is to wait.

        Does nothing if `is_stopping` becomes true while the runs are read.
        """
        runs = self._store.list()
        self._reclaim_lost(runs)
        found = _Found()
        for run in reversed(runs):
            if is_stopping():
                return
            if run.id in self._ended:
                continue
            try:
                self._sort_in(run, found)
            except RunNotFoundError:
                self._given.pop(run.id, None)
            except RunNotWritableError as error:  # the others are none the worse
                self.troubles[run.id] = str(error)
            except OSError as error:
                self.troubles[run.id] = f"run {run.id} cannot be looked after: {error}"
        busy = found.training + found.interrupted
        turns = found.interrupted + take_turns(found.waiting, busy, self._last_turns)
        free = sum(self._workers.slots.values())
        free -= sum(not given.is_done for given, _ in list(self._given.values()))
        next_ones, others = turns[: max(free, 0)], turns[max(free, 0) :]
        if self._workers.slots:
            next_ones += found.stopping
        with self._lock:
            known = {run.id for run in runs}
            just_added = [run for run in self.waiting if run.id not in known and run.path.is_dir()]
            self.waiting = others + just_added
            self.training = found.training + next_ones
            for gone in self.troubles.keys() - (known - self._ended):
                self.troubles.pop(gone)
            self._forget(known)
        for run in next_ones:
            with suppress(RunNotFoundError):
                self.give(run.id)
                self._last_turns[run.record.owner] = next(self._turns)

    # --- inside

    def _forget(self, known: set[str]) -> None:
        """Keep nothing of deleted runs, but the slot of one that a worker is still at."""
        for run_id, (given, _) in list(self._given.items()):
            if run_id not in known and given.is_done:
                del self._given[run_id]
        self._tried = {key: value for key, value in self._tried.items() if key in known}
        self._deaths = {key: value for key, value in self._deaths.items() if key in known}

    def _refuse_repetition(self, config: RunConfig, owner: str) -> None:
        since = self._clock() - _REPEAT_SECONDS
        self._added = {key: added for key, added in self._added.items() if added[0] > since}
        _, run = self._added.get((owner, config), (0.0, None))
        with suppress(RunNotFoundError):
            if run and run.status.state.is_active:
                raise RepeatedRunError(
                    f"This very run, {run.name}, was asked for a moment ago, and is not trained "
                    "twice. For another of its kind choose another seed."
                )

    def _reclaim_lost(self, runs: Sequence[Run]) -> None:
        """Take back the trainings of workers that are gone, to give them to others."""
        listed = {run.id: run for run in runs}
        for run_id, (given, had) in list(self._given.items()):
            if given.is_done or given.worker in self._workers.slots:
                continue
            given.cancel()
            self._given.pop(run_id)
            if (run := listed.get(run_id)) is None:  # deleted since
                continue
            epochs, deaths = self._deaths.get(run.id, (had, 0))
            deaths = deaths + 1 if epochs == had else 1
            self._deaths[run.id] = had, deaths
            if deaths > _MOST_DEATHS and _count_epochs(run) == had:
                self._fail(run, _DEADLY)

    def _sort_in(self, run: Run, found: _Found) -> None:
        """Put the run where it belongs. Raises RunNotFoundError, OSError."""
        status = run.status
        given, _ = self._given.get(run.id, (None, 0))
        if not status.state.is_active:
            self._close(run, status)
        elif given and given.error:
            self._record_loss(run, given.error)
        elif self._clock() - self._tried.get(run.id, -math.inf) < _TRY_AGAIN_SECONDS:
            return
        elif given and not given.is_done:
            found.training.append(run)
            if status.age < POLL_SECONDS:
                self.troubles.pop(run.id, None)
        elif status.state is State.QUEUED:
            found.waiting.append(run)
        elif status.age <= _TAKE_UP_SECONDS or run.is_training():
            found.training.append(run)
        elif run.control.request is Request.STOP:
            found.stopping.append(run)
        elif status.state is not State.PAUSED:
            found.interrupted.append(run)
        elif run.control.request is Request.RUN:  # its worker has left it, and it was resumed
            found.waiting.append(run)
        else:
            self.troubles.pop(run.id, None)

    def _close(self, run: Run, status: Status) -> None:
        """Stop polling an ended run; close its files if its training could not.

        Wait until the worker has returned, since the run holds its slot until then.
        """
        given, _ = self._given.get(run.id, (None, 0))
        if given and not given.is_done:
            return
        self._given.pop(run.id, None)
        self._deaths.pop(run.id, None)
        if status.state is State.DAMAGED:
            return
        if status.state is not State.FAILED and not run.is_closed:
            try:
                with run.training_lock(wait=0):
                    run.close(epochs=len(run.history))
            except RunBusyError:  # it is at it
                return
            except DamagedRunError as error:  # left as it is
                _log.warning("run %s cannot be closed: %s", run.id, error)
        self._ended.add(run.id)

    def _record_loss(self, run: Run, error: BaseException) -> None:
        """Record why a training was lost: fail the run, or retry it later."""
        _log.error("training of run %s was lost: %s", run.id, error)
        self._given.pop(run.id)
        if isinstance(error, RunNotWritableError | RunNotFoundError):
            self.troubles[run.id] = str(error)
            self._tried[run.id] = self._clock()
        else:
            what = f"{type(error).__name__}: {error}"
            self._fail(run, f"The training was lost by an unexpected error: {what}")

    def _fail(self, run: Run, sentence: str) -> None:
        with suppress(RunBusyError), run.training_lock(wait=0):
            failed = {"state": State.FAILED, "error": sentence}
            run.write_status(run.status.model_copy(update=failed))


def _count_epochs(run: Run) -> int:
    """How many epochs the run has behind it, as far as its history can be read."""
    with suppress(DamagedRunError):
        return int(run.history_columns("epoch").shape[1])
    return 0


def _owner(run: Run) -> str | None:
    """Whose the run is; nobody's, if it is deleted."""
    with suppress(RunNotFoundError, DamagedRunError):
        return run.record.owner if run.path.is_dir() else None
    return None
