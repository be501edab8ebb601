"""What trains next, and what becomes of runs whose training was lost: decides, and knows no Dask.

The runs folder is the truth: every run that is queued there, or whose training process died, is
trained.
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
from core.engine.fair_queue import order_fairly
from core.runs import Run, RunStore
from core.runs.errors import DamagedRunError, RunBusyError, RunNotFoundError, RunNotWritableError
from core.runs.origin import Origin
from core.runs.status import Request, State, Status

POLL_SECONDS = 1.0

_MAX_DEATHS = 3  # of workers at one run, before it fails
_TAKEOVER_SECONDS = 2.0  # after its last sign of life; a run just created has no lock yet
_RETRY_SECONDS = 15
_REPEAT_SECONDS = 2.0
_WORKERS_DIED = (
    "The worker process died again and again while it trained this run, probably for want of "
    "memory. Try fewer or narrower layers."
)

_log = logging.getLogger(__name__)


class QueueError(RuntimeError):
    """A run is not queued; the message is a sentence for the user."""


class QueueFullError(QueueError):
    """The owner has reached the limit of waiting runs."""


class RepeatedRunError(QueueError):
    """The very same run was asked for a moment ago: a button pressed twice, or a script's loop."""


class Training(Protocol):
    """A training that was submitted to a worker: see `cluster.DaskTraining`."""

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
    """What the queue needs of the workers: see `cluster.Cluster`."""

    @property
    def slots(self) -> Mapping[str, int]: ...
    def choose_worker(self, trainings: Iterable[Training]) -> str: ...
    def train(
        self, run: Run, worker: str, takes_slot: bool, on_end: Callable[[], object]
    ) -> Training: ...


@dataclass
class _ActiveRuns:
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
        self.problems: dict[str, str] = {}
        """The runs that cannot be trained at present, each with the reason; tried again and again.
        """
        self.most_waiting = most_waiting
        """At most this many runs of one person may wait."""
        self._store = store
        self._workers = workers
        self._on_end = on_end
        self._clock = clock
        self._trainings: dict[str, tuple[Training, int]] = {}
        """The trainings submitted to workers, and how many epochs each run had then."""
        self._deaths: dict[str, tuple[int, int]] = {}
        """For each run: its number of epochs at the last worker's death, and how many
        died since it reached them."""
        self._last_attempts: dict[str, float] = {}
        self._turns = itertools.count()
        self._last_turns: dict[str, int] = {}
        self._recently_added: dict[tuple[str, RunConfig], tuple[float, Run]] = {}
        self._ended: set[str] = set()
        """Runs that have ended: of a thousand, those need not be read again every second."""
        self._lock = threading.RLock()

    def add(
        self,
        requested: Sequence[tuple[RunConfig, str | None]],
        owner: str | None,
        origin: Origin = Origin(),  # noqa: B008 (frozen)
    ) -> list[Run]:
        """Create a run of each configuration, with its name, or none at all.

        All start from `origin`. Raises RunError if it does not fit, QueueFullError if the owner
        would have more than `most_waiting` runs waiting, and RepeatedRunError for a configuration
        of which the owner asked for a run within the last two seconds that is still to train.
        Sweeps do not call this: a sweep has at most as many unfinished runs as there are slots.
        """
        with self._lock:
            waiting = sum(_owner(run) == owner for run in self.waiting)
            if owner and waiting + len(requested) > self.most_waiting:
                raise QueueFullError(
                    f"{waiting} of your runs are waiting for their turn, and {len(requested)} more "
                    f"would be more than the {self.most_waiting} that one person may have. Wait "
                    "until some have started, or stop some."
                )
            for config, _ in requested:
                origin.check(config)
                self._refuse_repetition(owner or getuser(), config)
            runs = []
            for config, name in requested:
                run = self._store.create(config, name, owner, origin=origin)
                self._recently_added[run.record.owner, config] = self._clock(), run
                self.waiting.append(run)
                runs.append(run)
        return runs

    def start_training(self, run_id: str) -> Training:
        """Give the run to a worker without waiting for its turn; but not twice.

        A run that is to stop takes no slot: it only saves its network. Raises RunNotFoundError, and
        what the workers raise.
        """
        run = self._store.get(run_id)
        trainings = [training for training, _ in list(self._trainings.values())]
        worker = self._workers.choose_worker(trainings)  # asks a scheduler: not while a page waits
        with self._lock:
            training, _ = self._trainings.get(run_id, (None, 0))
            if training is None or training.is_done:
                takes_slot = run.control.request is not Request.STOP
                training = self._workers.train(run, worker, takes_slot, self._on_end)
                self._trainings[run_id] = training, _count_epochs(run)
            return training

    def poll(self, is_stopping: Callable[[], bool] = lambda: False) -> None:
        """Give the free slots to the runs whose turn it is, and update `waiting`.

        Does nothing if `is_stopping` becomes true while the runs are read.
        """
        runs = self._store.list()
        self._reclaim_lost(runs)
        found = _ActiveRuns()
        for run in reversed(runs):
            if is_stopping():
                return
            if run.id in self._ended:
                continue
            try:
                self._classify(run, found)
            except RunNotFoundError:
                self._trainings.pop(run.id, None)
            except RunNotWritableError as error:  # the others are none the worse
                self.problems[run.id] = str(error)
            except OSError as error:
                self.problems[run.id] = f"run {run.id} cannot be looked after: {error}"
        busy = found.training + found.interrupted
        turns = found.interrupted + order_fairly(found.waiting, busy, self._last_turns)
        free = sum(self._workers.slots.values())
        free -= sum(not training.is_done for training, _ in list(self._trainings.values()))
        next_ones, others = turns[: max(free, 0)], turns[max(free, 0) :]
        if any(self._workers.slots.values()):
            next_ones += found.stopping
        with self._lock:
            known = {run.id for run in runs}
            just_added = [run for run in self.waiting if run.id not in known and run.path.is_dir()]
            self.waiting = others + just_added
            self.training = found.training + next_ones
            for gone in self.problems.keys() - (known - self._ended):
                self.problems.pop(gone)
            self._drop_deleted(known)
        for run in next_ones:
            with suppress(RunNotFoundError):
                self.start_training(run.id)
                self._last_turns[run.record.owner] = next(self._turns)

    # --- inside

    def _drop_deleted(self, known: set[str]) -> None:
        """Keep nothing of deleted runs, but the slot of one that a worker is still at."""
        for run_id, (training, _) in list(self._trainings.items()):
            if run_id not in known and training.is_done:
                del self._trainings[run_id]
        self._last_attempts = {
            key: value for key, value in self._last_attempts.items() if key in known
        }
        self._deaths = {key: value for key, value in self._deaths.items() if key in known}

    def _refuse_repetition(self, owner: str, config: RunConfig) -> None:
        since = self._clock() - _REPEAT_SECONDS
        self._recently_added = {
            key: added for key, added in self._recently_added.items() if added[0] > since
        }
        _, run = self._recently_added.get((owner, config), (0.0, None))
        with suppress(RunNotFoundError):
            if run and run.status.state.is_active:
                raise RepeatedRunError(
                    f"This very run, {run.name}, was asked for a moment ago, and is not trained "
                    "twice. For another of its kind choose another seed."
                )

    def _reclaim_lost(self, runs: Sequence[Run]) -> None:
        """Take back the trainings of workers that are gone, to give them to others."""
        listed = {run.id: run for run in runs}
        for run_id, (training, epochs_before) in list(self._trainings.items()):
            if training.is_done or training.worker in self._workers.slots:
                continue
            training.cancel()
            self._trainings.pop(run_id)
            if (run := listed.get(run_id)) is None:  # deleted since
                continue
            epochs, deaths = self._deaths.get(run.id, (epochs_before, 0))
            deaths = deaths + 1 if epochs == epochs_before else 1
            self._deaths[run.id] = epochs_before, deaths
            if deaths > _MAX_DEATHS and _count_epochs(run) == epochs_before:
                self._fail(run, _WORKERS_DIED)

    def _classify(self, run: Run, found: _ActiveRuns) -> None:
        """Put the run where it belongs. Raises RunNotFoundError, OSError."""
        status = run.status
        training, _ = self._trainings.get(run.id, (None, 0))
        if not status.state.is_active:
            self._close(run, status)
        elif training and training.error:
            self._record_training_error(run, training.error)
        elif self._clock() - self._last_attempts.get(run.id, -math.inf) < _RETRY_SECONDS:
            return
        elif training and not training.is_done:
            found.training.append(run)
            if status.seconds_since_written < POLL_SECONDS:
                self.problems.pop(run.id, None)
        elif status.state is State.QUEUED:
            found.waiting.append(run)
        elif status.seconds_since_written <= _TAKEOVER_SECONDS or run.is_training():
            found.training.append(run)
        elif run.control.request is Request.STOP:
            found.stopping.append(run)
        elif status.state is not State.PAUSED:
            found.interrupted.append(run)
        elif run.control.request is Request.RUN:  # its worker has left it, and it was resumed
            found.waiting.append(run)
        else:
            self.problems.pop(run.id, None)

    def _close(self, run: Run, status: Status) -> None:
        """Stop polling an ended run; close its files if its training could not.

        Wait until the worker has returned, since the run holds its slot until then.
        """
        training, _ = self._trainings.get(run.id, (None, 0))
        if training and not training.is_done:
            return
        self._trainings.pop(run.id, None)
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

    def _record_training_error(self, run: Run, error: BaseException) -> None:
        """Record the error that ended a training: fail the run, or retry it later."""
        _log.error("training of run %s was lost: %s", run.id, error)
        self._trainings.pop(run.id)
        if isinstance(error, RunNotWritableError | RunNotFoundError):
            self.problems[run.id] = str(error)
            self._last_attempts[run.id] = self._clock()
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
