"""The engine: runs trainings and other work on Dask workers, here or on a cluster.

With `worker`, which is what they run, the only code that knows Dask.

One training at a time per worker, by a resource named `train` of which each worker has one; the
worker's other threads answer everything else meanwhile. A supervisor looks after the runs folder:
whatever is queued there, or was being trained by a process that died, is taken up, in the order of
`turns`; a run that has been paused for long gives its place to the others. It also looks at who
works: a worker whose code is not the server's trains nothing, and is sent away.
"""

import itertools
import logging
import math
import os
import secrets
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from distributed import CancelledError, Client, Future, KilledWorker, LocalCluster

from core.config import RunConfig
from core.run_errors import DamagedRunError, RunBusyError, RunNotFoundError, RunNotWritableError
from core.runs import Run, RunStore
from core.status import Request, State, Status
from core.turns import QueueFullError, take_turns
from core.version import versions
from core.worker import (
    call_by_name,
    check_and_train_run,
    compare_worker,
    train_run,
    warm_up_worker,
)

_TRAIN = {"train": 1}
_THREADS = 4
_PREFIX = "train-"  # of the keys of trainings
_MOST_DEATHS = 3  # of workers at one run, before it fails: as Dask's allowed-failures has it
_LOOK_SECONDS = 1.0
_TAKE_UP_SECONDS = 2.0  # after its last sign of life; a run just created has no lock yet
_CONNECT_SECONDS = 10
_TRY_AGAIN_SECONDS = 15
_LEAVE_SECONDS = 30.0  # so long does a paused run keep its worker from the others
_MOST_WAITING = 10
_NICENESS = 10  # of a worker beside the server: pages answer first, and training takes the rest
_WORKER_ENVIRONMENT = {
    "TF_CPP_MIN_LOG_LEVEL": "3",  # its greetings drown our log
    # The threads of t-SNE wait for one another by spinning unless told otherwise; on cores that a
    # training keeps busy, two then take ten times as long as one.
    "OMP_WAIT_POLICY": "passive",
}

_DEADLY = (
    "The worker process died again and again while it trained this run, probably for want of "
    "memory. Try fewer or narrower layers."
)

_log = logging.getLogger(__name__)


class EngineError(RuntimeError):
    """The engine is not running, or its cluster cannot be reached; the message says which."""


LOST = (KilledWorker, CancelledError)
"""What a future raises whose worker died, again and again, or whose cluster went away."""


@dataclass(frozen=True)
class _Training:
    """A training that a worker was given, and how many epochs the run had then."""

    future: Future
    epochs: int
    worker: str | None
    """The worker's address; None where there is no choice, and Dask finds the next if it dies."""


@dataclass
class _Found:
    """The runs that a look has found still to train, oldest first."""

    stopping: list[Run] = field(default_factory=list)
    interrupted: list[Run] = field(default_factory=list)
    waiting: list[Run] = field(default_factory=list)
    training: list[Run] = field(default_factory=list)


class Engine:
    """Work for Dask workers.

    With `DASK_SCHEDULER_ADDRESS` in the environment the workers are that scheduler's, started with
    `--resources train=1`; otherwise `DIGITLAB_WORKERS` of them (1) are started here. Works in a
    server and, under `if __name__ == "__main__"`, in a script.
    """

    def __init__(self, store: RunStore | None = None) -> None:
        self.store = store or RunStore()
        self.problem: str | None = None
        """Why nothing can be trained at present, as a sentence; None when all is well."""
        self.queue: list[Run] = []
        """The runs that wait for their turn, the next one first."""
        self.training: list[Run] = []
        """The runs that train, or are about to."""
        self.places = 1
        """How many runs can train at once: one for each worker."""
        self.most_waiting = int(os.environ.get("DIGITLAB_MOST_WAITING", _MOST_WAITING))
        """So many runs may one person have in the queue."""
        self._client: Client | None = None
        self._cluster: LocalCluster | None = None
        self.troubles: dict[str, str] = {}
        """The runs that cannot be trained at present, each with the reason; tried again and again.
        """
        self._trainings: dict[str, _Training] = {}
        self._deaths: dict[str, tuple[int, int]] = {}
        """Of each run whose workers died: its epochs then, and how many died since it had those."""
        self._tried: dict[str, float] = {}
        self._turns = itertools.count()
        self._last_turns: dict[str, int] = {}
        self._places: dict[str, int] = {}
        """How many runs can train at once on each worker, by its address."""
        self._workers: dict[str, str | None] = {}
        """The workers that have been looked at, each with what is wrong with it, if anything."""
        self._refusal: str | None = None
        self._ended: set[str] = set()
        """Runs that have ended: of a thousand, those need not be read again every second."""
        self._lock = threading.RLock()
        self._stopping = threading.Event()
        self._wake = threading.Event()
        self._supervisor: threading.Thread | None = None

    # --- life

    def start(self) -> None:
        """Start or find the workers, have them import TensorFlow, and look after the runs.

        Returns within a second or so; a cluster that cannot be reached is tried again and again,
        with the reason in `problem`.
        """
        self._stopping.clear()
        self._connect()
        self._supervisor = threading.Thread(target=self._supervise, name="engine", daemon=True)
        self._supervisor.start()

    def stop(self) -> None:
        """Stop the local worker, or leave the cluster. Unfinished runs go on at the next start."""
        self._stopping.set()
        self._wake.set()
        if self._supervisor:
            self._supervisor.join()
        with self._lock:
            self._trainings.clear()
            if self._client:
                self._client.close()
            if self._cluster:
                self._cluster.close()
            self._client = self._cluster = None

    # --- work

    def enqueue(self, config: RunConfig, name: str | None = None, owner: str | None = None) -> Run:
        """Create a run that trains when it is its owner's turn.

        Raises QueueFullError if the owner has `most_waiting` runs in the queue.
        """
        return self.enqueue_all([(config, name)], owner)[0]

    def enqueue_all(
        self, asked: Sequence[tuple[RunConfig, str | None]], owner: str | None = None
    ) -> list[Run]:
        """Create a run of each configuration, with its name, or none at all.

        Raises QueueFullError if the owner would have more than `most_waiting` runs in the queue.
        The trials of a sweep do not pass here: it has no more of them under way than there are
        places, however many it is to have.
        """
        with self._lock:
            waiting = sum(_owner(run) == owner for run in self.queue)
            if owner and waiting + len(asked) > self.most_waiting:
                raise QueueFullError(
                    f"{waiting} of your runs are waiting for their turn, and {len(asked)} more "
                    f"would be more than the {self.most_waiting} that one person may have. Wait "
                    "until some have started, or stop some."
                )
            runs = []
            for config, name in asked:
                runs.append(self.store.create(config, name, owner))
                self.queue.append(runs[-1])
        self.wake()
        return runs

    def submit_run(self, run_id: str) -> Future:
        """Have the run trained without waiting for its turn; but not twice.

        One that is to stop takes no place: its network is put away while others train. The
        future's result is the run's last `Status`. Raises RunNotFoundError, EngineError.
        """
        run = self.store.get(run_id)
        client = self._require_client()
        worker = self._choose_worker(client)  # asks the scheduler: not while a page waits
        with self._lock:
            training = self._trainings.get(run_id)
            if training is None or training.future.done():
                future = client.submit(
                    train_run if self._cluster else check_and_train_run(versions()),
                    self.store.root,
                    run.id,
                    _LEAVE_SECONDS,
                    resources=None if run.control.request is Request.STOP else _TRAIN,
                    workers=worker,
                    key=f"{_PREFIX}{run.id}-{secrets.token_hex(4)}",  # a finished one is kept
                )
                training = self._trainings[run_id] = _Training(future, _count_epochs(run), worker)
                future.add_done_callback(lambda _: self.wake())
            return training.future

    def submit(self, function: Callable[..., Any] | str, *args: Any) -> Future:
        """Run `function(*args)` on a worker, at once, whether or not a training is under way.

        A function may be given as "core.module:name", so that the caller need not import what it
        imports. Raises EngineError if there is no cluster; the future raises what it raises.
        """
        if isinstance(function, str):
            return self._require_client().submit(call_by_name, function, *args, pure=False)
        return self._require_client().submit(function, *args, pure=False)

    def wake(self) -> None:
        """Have the supervisor look at the runs now rather than within a second."""
        self._wake.set()

    # --- inside

    def _require_client(self) -> Client:
        if self._client is None:
            raise EngineError(self.problem or "the engine has not been started")
        return self._client

    def _connect(self) -> None:
        address = os.environ.get("DASK_SCHEDULER_ADDRESS")
        cluster = None
        try:  # without the lock: it may take long, and pages wait for the lock
            if address:
                client = _Client(address, timeout=_CONNECT_SECONDS, set_as_default=False)
            else:
                cluster = LocalCluster(
                    n_workers=int(os.environ.get("DIGITLAB_WORKERS", 1)),
                    threads_per_worker=_THREADS,
                    resources=_TRAIN,
                    dashboard_address="127.0.0.1:0",  # else Dask's own page listens on 8787
                    host="127.0.0.1",
                    env=_WORKER_ENVIRONMENT,
                )
                client = Client(cluster, set_as_default=False)
        except (OSError, TimeoutError, ValueError) as error:
            self.problem = f"no workers: the scheduler at {address} cannot be reached ({error})"
            _log.warning(self.problem)
            return
        with self._lock:
            self._client, self._cluster = client, cluster
            self._workers.clear()
            self.problem = None

    def _check_connection(self, client: Client) -> None:
        """Say so when the scheduler is lost, and connect anew when the client has given it up."""
        if client.status == "running":
            self._look_at_workers(client)
            return
        address = os.environ.get("DASK_SCHEDULER_ADDRESS") or "this machine"
        self.problem = f"no workers: the connection to the scheduler at {address} is lost"
        if client.status in {"closing", "closed"}:
            with self._lock:
                self._client = None
                self._trainings.clear()

    def _supervise(self) -> None:
        while not self._stopping.is_set():
            try:
                if self._client is None:
                    self._connect()
                if self._client is not None:
                    self._check_connection(self._client)
                if self.problem is None:
                    self._take_up_runs()
            except Exception:  # whatever it was, the next look may go well
                _log.exception("looking after the runs failed")
            self._wake.wait(_LOOK_SECONDS)
            self._wake.clear()

    def _look_at_workers(self, client: Client) -> None:
        """Warm up new workers, send those away that have another version, and count the rest."""
        try:  # not `scheduler_info`, which at times has no workers: the client's clock empties it
            workers = client.sync(client.scheduler.identity)["workers"]
        except OSError:  # the scheduler is lost, and the client is about to say so
            return
        self._workers = {key: wrong for key, wrong in self._workers.items() if key in workers}
        for address in workers.keys() - self._workers.keys():
            # One started here has the same code, but for what a developer changed meanwhile.
            wrong = None if self._cluster else compare_worker(client, address)
            self._workers[address] = wrong
            if wrong:
                self._refusal = f"the one at {address} is refused, for {wrong}"
                _log.warning("a worker is sent away: %s", self._refusal)
                client.retire_workers([address], close_workers=True, remove=True)
            else:
                niceness = _NICENESS if self._cluster else 0
                self._warm = client.submit(warm_up_worker, niceness, workers=[address], pure=False)
        good = [address for address, wrong in self._workers.items() if wrong is None]
        self._places = {
            address: int(workers[address]["resources"].get("train", 0)) for address in good
        }
        self.places = sum(self._places.values())
        self.problem = None if self.places or self._cluster else self._why_nobody_works()

    def _why_nobody_works(self) -> str:
        if None in self._workers.values():
            return "no workers: those that joined were not started with --resources train=1"
        scheduler = os.environ.get("DASK_SCHEDULER_ADDRESS")
        return f"no workers: {self._refusal or f'none has joined the scheduler at {scheduler}'}"

    def _take_up_runs(self) -> None:
        """Give the free places to the runs whose turn it is, and say who is to wait."""
        found = _Found()
        runs = self.store.list()
        self._take_back(runs)
        for run in reversed(runs):
            if self._stopping.is_set():
                return
            if run.id in self._ended:
                continue
            try:
                self._look_at(run, found)
            except RunNotFoundError:
                self._trainings.pop(run.id, None)
            except RunNotWritableError as error:  # the others are none the worse
                self.troubles[run.id] = str(error)
            except OSError as error:
                self.troubles[run.id] = f"run {run.id} cannot be looked after: {error}"
        busy = found.training + found.interrupted
        turns = found.interrupted + take_turns(found.waiting, busy, self._last_turns)
        free = self.places - sum(not each.future.done() for each in self._trainings.values())
        next_ones, others = turns[: max(free, 0)], turns[max(free, 0) :]
        next_ones += found.stopping
        with self._lock:
            known = {run.id for run in runs}
            just_created = [run for run in self.queue if run.id not in known and run.path.is_dir()]
            self.queue = others + just_created
            self.training = found.training + next_ones
            for gone in self.troubles.keys() - (known - self._ended):
                self.troubles.pop(gone)
        for run in next_ones:
            with suppress(RunNotFoundError):
                self.submit_run(run.id)
                self._last_turns[run.record.owner] = next(self._turns)

    def _choose_worker(self, client: Client) -> str | None:
        """Of several workers, the one with the most places free.

        Dask itself goes by how long it thinks that each is busy: it may give a second training to
        the one that has the first, and never moves it to one that is free.
        """
        if len(self._places) < 2:
            return None
        given = {worker: set(keys) for worker, keys in client.processing().items()}
        for training in list(self._trainings.values()):
            if training.worker and not training.future.done():
                given.setdefault(training.worker, set()).add(training.future.key)
        free = {
            worker: most - sum(key.startswith(_PREFIX) for key in given.get(worker, ()))
            for worker, most in self._places.items()
        }
        return max(free, key=free.__getitem__)

    def _take_back(self, runs: Sequence[Run]) -> None:
        """Take back the trainings of workers that are gone, to give them to others."""
        listed = {run.id: run for run in runs}
        for run_id, training in list(self._trainings.items()):
            if training.future.done() or training.worker in {None, *self._places}:
                continue
            self._trainings.pop(run_id).future.cancel()
            if (run := listed.get(run_id)) is None:  # deleted since
                continue
            epochs, deaths = self._deaths.get(run.id, (training.epochs, 0))
            deaths = deaths + 1 if epochs == training.epochs else 1
            self._deaths[run.id] = training.epochs, deaths
            if deaths > _MOST_DEATHS and _count_epochs(run) == training.epochs:
                self._fail(run, training, _DEADLY)

    def _look_at(self, run: Run, found: _Found) -> None:
        """Put the run where it belongs. Raises RunNotFoundError, OSError."""
        status = run.status
        training = self._trainings.get(run.id)
        if not status.state.is_active:
            self._see_off(run, status)
        elif training and training.future.status == "error":
            self._explain(run, training)
        elif time.monotonic() - self._tried.get(run.id, -math.inf) < _TRY_AGAIN_SECONDS:
            return
        elif training and not training.future.done():
            found.training.append(run)
            if status.age < _LOOK_SECONDS:
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

    def _see_off(self, run: Run, status: Status) -> None:
        """Look at the run no more, and give up what whoever trained it had no time to give up.

        Not before its worker has put it away: until then it has the place.
        """
        training = self._trainings.get(run.id)
        if training and not training.future.done():
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
            except (DamagedRunError, ValueError, EOFError) as error:  # left as it is
                _log.warning("run %s cannot be closed: %s", run.id, error)
        self._ended.add(run.id)

    def _explain(self, run: Run, training: _Training) -> None:
        """Say why a training could not even report its failure: for good, or to try again."""
        error = training.future.exception()
        _log.error("training of run %s was lost: %s", run.id, error)
        self._trainings.pop(run.id, None)
        if isinstance(error, ImportError) and (error.name or "").partition(".")[0] == "core":
            return  # a worker with other code, which is sent away: the next one may have ours
        if isinstance(error, RunNotWritableError | RunNotFoundError):
            self.troubles[run.id] = str(error)
            self._tried[run.id] = time.monotonic()
        elif not isinstance(error, KilledWorker):
            what = f"{type(error).__name__}: {error}"
            self._fail(run, training, f"The training was lost by an unexpected error: {what}")
        elif _count_epochs(run) == training.epochs:  # else it may have been others who killed them
            self._fail(run, training, _DEADLY)

    def _fail(self, run: Run, training: _Training, sentence: str) -> None:
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


class _Client(Client):  # type: ignore[misc]
    """A client that closes when it cannot connect.

    Left to the garbage collector, which may come while another client starts, it would wait for
    ever for a lock that the same thread holds.
    """

    def start(self, **options: Any) -> None:
        try:
            super().start(**options)
        except BaseException:
            self.close()
            raise
