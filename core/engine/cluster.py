"""Talks to Dask: starts or finds the workers, knows which of them are there and whether they have
this server's code, and hands work to them. What is to be trained, and when, is `queue`'s to say.
"""

import logging
import secrets
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from distributed import CancelledError, Client, Future, KilledWorker, LocalCluster

from core.config.settings import settings
from core.engine.queue import Training
from core.engine.worker import check_worker, train_run, warm_up_worker
from core.runs import Run

_TRAIN = {"train": 1}
_THREADS = 4
_PREFIX = "train-"  # of the keys of trainings
_CONNECT_SECONDS = 10
_MAX_PAUSE_SECONDS = 30.0  # for which a paused run keeps its worker from the others
_WORKER_ENVIRONMENT = {
    "TF_CPP_MIN_LOG_LEVEL": "3",  # its greetings drown our log
    # The threads of t-SNE wait for one another by spinning unless told otherwise; on cores that a
    # training keeps busy, two then take ten times as long as one.
    "OMP_WAIT_POLICY": "passive",
}

_log = logging.getLogger(__name__)


class EngineError(RuntimeError):
    """The engine is not running, or its cluster cannot be reached; the message says which."""


WORKER_LOST_ERRORS = (KilledWorker, CancelledError)
"""What a future raises whose worker died, again and again, or whose cluster went away."""


@dataclass(frozen=True)
class DaskTraining:
    """A training that was submitted to a worker."""

    client: Client
    future: Future
    worker: str
    """The worker's address. If it dies, no other takes the training over by itself."""

    @property
    def is_done(self) -> bool:
        """Whether the training has ended, or the connection to its worker is given up."""
        return bool(self.future.done()) or self.client.status in {"closing", "closed"}

    @property
    def error(self) -> BaseException | None:
        """The error that ended the training; None while it runs and after a normal end."""
        if self.future.status != "error":
            return None
        error: BaseException = self.future.exception()
        return error

    def cancel(self) -> None:
        """Keep any other worker from starting it; one that trains it already goes on."""
        self.future.cancel()


class Cluster:
    """The workers: those of the scheduler that the settings name, or some that are started here."""

    def __init__(self) -> None:
        self.problem: str | None = None
        """Why no worker can train at present, as a sentence; None if one can."""
        self.slots: dict[str, int] = {}
        """How many runs can train at once on each worker, by its address."""
        self.is_counted = False
        """Whether the workers have been counted since the start."""
        self._niceness = settings().niceness
        self._client: Client | None = None
        self._local: LocalCluster | None = None
        self._workers: dict[str, str | None] = {}
        """The workers that have been checked, each with what is wrong with it, if anything."""
        self._refusal: str | None = None
        self._warm_ups: dict[str, Future] = {}
        """What warms each worker up: Dask drops a task that nobody holds on to."""

    def connect(self) -> None:
        """Start or find the workers; if that cannot be, `problem` says why."""
        address = settings().scheduler
        local = None
        try:
            if address:
                client = _Client(address, timeout=_CONNECT_SECONDS, set_as_default=False)
            else:
                local = LocalCluster(
                    n_workers=settings().workers,
                    threads_per_worker=_THREADS,
                    resources=_TRAIN,
                    dashboard_address="127.0.0.1:0",  # else Dask's own page listens on 8787
                    host="127.0.0.1",
                    env=_WORKER_ENVIRONMENT,
                )
                client = Client(local, set_as_default=False)
        except (OSError, TimeoutError, ValueError) as error:
            self.problem = f"no workers: the scheduler at {address} cannot be reached ({error})"
            _log.warning(self.problem)
            return
        self._forget_workers()
        self._client, self._local = client, local
        self.problem = None

    def close(self) -> None:
        """Stop the workers started here, or leave the scheduler."""
        if self._client:
            self._client.close()
        if self._local:
            self._local.close()
        self._client = self._local = None

    def poll(self) -> bool:
        """Connect if needed, then poll the workers; return whether any can train."""
        if self._client is None:
            self.connect()
        if self._client is not None:
            self._check_connection(self._client)
        return self.problem is None

    def submit(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Future:
        """Run the function on a worker, at once. Raises EngineError if there is no cluster."""
        return self._require_client().submit(function, *args, **kwargs, pure=False)

    def choose_worker(self, trainings: Iterable[Training]) -> str:
        """The worker with the most slots free. Raises EngineError if none can train.

        The scheduler's answer may lack the latest of `trainings`, so they are added. Dask itself
        may put two trainings on one worker while another is free, and never moves them.
        """
        client = self._require_client()
        slots = self.slots
        if not any(slots.values()):
            raise EngineError(self.problem or "no workers: they are starting")
        tasks_by_worker = {worker: set(keys) for worker, keys in client.processing().items()}
        for training in trainings:
            if not training.is_done:
                tasks_by_worker.setdefault(training.worker, set()).add(training.future.key)
        return free_worker(slots, tasks_by_worker)

    def train(
        self, run: Run, worker: str, takes_slot: bool, on_end: Callable[[], object]
    ) -> DaskTraining:
        """Submit the run to `worker`; `on_end` is called when the training ends.

        Without `takes_slot` the training starts even if all slots are taken. Raises EngineError.
        """
        client = self._require_client()
        future = client.submit(
            train_run,
            run.path.parent,
            run.id,
            _MAX_PAUSE_SECONDS,
            resources=_TRAIN if takes_slot else None,
            workers=[worker],
            key=f"{_PREFIX}{run.id}-{secrets.token_hex(4)}",  # a finished one is kept
        )
        future.add_done_callback(lambda _: on_end())
        return DaskTraining(client, future, worker)

    # --- inside

    def _require_client(self) -> Client:
        if self._client is None:
            raise EngineError(self.problem or "the engine has not been started")
        return self._client

    def _check_connection(self, client: Client) -> None:
        """Set `problem` if the scheduler is lost, and drop a closed client."""
        if client.status == "running":
            self._poll_workers(client)
            return
        address = settings().scheduler or "this machine"
        self.problem = f"no workers: the connection to the scheduler at {address} is lost"
        self._forget_workers()  # one that comes back may have other code
        if client.status in {"closing", "closed"}:
            self._client = None

    def _forget_workers(self) -> None:
        self._workers.clear()
        self.slots = {}

    def _poll_workers(self, client: Client) -> None:
        """Warm up new workers, send those away that have another version, and count the rest."""
        try:  # not `scheduler_info`, which at times has no workers: the client's clock empties it
            present = client.nthreads().keys()
        except OSError:  # the scheduler is lost, and the client is about to say so
            return
        self._workers = {key: wrong for key, wrong in self._workers.items() if key in present}
        self._warm_ups = {key: task for key, task in self._warm_ups.items() if key in present}
        self.slots = {key: count for key, count in self.slots.items() if key in present}
        for address in present - self._workers.keys():
            # One started here has the same code, but for what a developer changed meanwhile.
            count, wrong = (1, None) if self._local else check_worker(client, address)
            self._workers[address] = wrong
            if wrong:
                self._refusal = f"the one at {address} is refused, for {wrong}"
                _log.warning("a worker is sent away: %s", self._refusal)
                client.retire_workers([address], close_workers=True, remove=True)
            else:
                self.slots = self.slots | {address: count}
                niceness = self._niceness if self._local else 0
                self._warm_ups[address] = client.submit(
                    warm_up_worker, niceness, workers=[address], pure=False
                )
        self.is_counted = True
        is_idle = not sum(self.slots.values()) and not self._local
        self.problem = self._describe_missing_workers() if is_idle else None

    def _describe_missing_workers(self) -> str:
        if None in self._workers.values():
            return "no workers: those that joined were not started with --resources train=1"
        scheduler = settings().scheduler
        return f"no workers: {self._refusal or f'none has joined the scheduler at {scheduler}'}"


def free_worker(slots: Mapping[str, int], tasks_by_worker: Mapping[str, Collection[str]]) -> str:
    """Return the worker with the most free slots.

    `slots`: trainings at once on each worker. `tasks_by_worker`: their keys on each; only those of
    trainings take a slot.
    """
    free = {
        worker: most - sum(key.startswith(_PREFIX) for key in tasks_by_worker.get(worker, ()))
        for worker, most in slots.items()
    }
    return max(free, key=free.__getitem__)


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
