"""The engine: runs trainings and other work on Dask workers, here or on a cluster. The only code
that knows Dask.

One training at a time per worker, by a resource named `train` of which each worker has one; the
worker's other threads answer everything else meanwhile. A supervisor looks after the runs folder:
whatever is queued there, or was being trained by a process that died, is taken up.
"""

import importlib
import logging
import os
import threading
from collections.abc import Callable
from typing import Any

from distributed import Client, Future, LocalCluster

from core.runs import Run, RunBusyError, RunNotFoundError, RunStore
from core.status import State, Status

_TRAIN = {"train": 1}
_THREADS = 4
_LOOK_SECONDS = 1.0
_TAKE_UP_SECONDS = 2.0  # after its last sign of life; a run just created has no lock yet
_CONNECT_SECONDS = 10
_WORKER_ENVIRONMENT = {
    "TF_CPP_MIN_LOG_LEVEL": "3",  # its greetings drown our log
    # The threads of t-SNE wait for one another by spinning unless told otherwise; on cores that a
    # training keeps busy, two then take ten times as long as one.
    "OMP_WAIT_POLICY": "passive",
}

_log = logging.getLogger(__name__)


class EngineError(RuntimeError):
    """The engine is not running, or its cluster cannot be reached; the message says which."""


class Engine:
    """Work for Dask workers.

    With `DASK_SCHEDULER_ADDRESS` in the environment the workers are that scheduler's, started with
    `--resources train=1`; otherwise one worker process is started here. Works in a server and,
    under `if __name__ == "__main__"`, in a script.
    """

    def __init__(self, store: RunStore | None = None) -> None:
        self.store = store or RunStore()
        self.problem: str | None = None
        """Why nothing can be trained at present, as a sentence; None when all is well."""
        self._client: Client | None = None
        self._cluster: LocalCluster | None = None
        self._trainings: dict[str, Future] = {}
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

    def submit_run(self, run_id: str) -> Future:
        """Queue the run for training; a run that is queued already is not queued twice.

        The future's result is the run's last `Status`. Raises RunNotFoundError, EngineError.
        """
        run = self.store.get(run_id)
        with self._lock:
            future = self._trainings.get(run_id)
            if future is None or future.done():
                future = self._require_client().submit(
                    _train, str(self.store.root), run.id, resources=_TRAIN, key=f"train-{run.id}"
                )
                self._trainings[run_id] = future
            return future

    def submit(self, function: Callable[..., Any] | str, *args: Any) -> Future:
        """Run `function(*args)` on a worker, at once, whether or not a training is under way.

        A function may be given as "core.module:name", so that the caller need not import what it
        imports. Raises EngineError if there is no cluster; the future raises what it raises.
        """
        if isinstance(function, str):
            return self._require_client().submit(_call_by_name, function, *args, pure=False)
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
        try:
            with self._lock:
                if address:
                    self._client = Client(address, timeout=_CONNECT_SECONDS, set_as_default=False)
                else:
                    self._cluster = LocalCluster(
                        n_workers=1,
                        threads_per_worker=_THREADS,
                        resources=_TRAIN,
                        dashboard_address="127.0.0.1:0",  # else Dask's own page listens on 8787
                        host="127.0.0.1",
                        env=_WORKER_ENVIRONMENT,
                    )
                    self._client = Client(self._cluster, set_as_default=False)
                self._warm = self._client.submit(_warm_up, pure=False)
                self.problem = None
        except (OSError, TimeoutError, ValueError) as error:
            self.problem = f"no workers: the scheduler at {address} cannot be reached ({error})"
            _log.warning(self.problem)

    def _check_connection(self, client: Client) -> None:
        """Say so when the scheduler is lost, and connect anew when the client has given it up."""
        if client.status == "running":
            self.problem = None
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

    def _take_up_runs(self) -> None:
        """Queue every run that waits for a training, the oldest first."""
        for run in reversed(self.store.list()):
            if self._stopping.is_set():
                return
            try:
                status = run.status
                if not status.state.is_active:
                    self._trainings.pop(run.id, None)
                    continue
                future = self._trainings.get(run.id)
                if future is not None and future.status == "error":
                    self._give_up(run, future)
                elif future is not None and not future.done():
                    continue
                elif status.state is State.QUEUED or (
                    status.age > _TAKE_UP_SECONDS and not run.is_training()
                ):
                    self.submit_run(run.id)
            except RunNotFoundError:
                self._trainings.pop(run.id, None)

    def _give_up(self, run: Run, future: Future) -> None:
        """Mark a run as failed whose training could not even report its failure."""
        error = future.exception()
        _log.error("training of run %s was lost: %s", run.id, error)
        try:
            with run.training_lock(wait=0):
                run.write_status(
                    run.status.model_copy(
                        update={
                            "state": State.FAILED,
                            "error": "The worker process died again and again while it trained "
                            "this run, probably for want of memory. Try fewer or narrower layers.",
                        }
                    )
                )
        except RunBusyError:
            pass
        self._trainings.pop(run.id, None)


def queue_place(runs: list[Run], run_id: str) -> int:
    """How many runs of `runs` (newest first) are to train before this queued one."""
    ahead = 0
    for run in reversed(runs):
        if run.id == run_id:
            break
        ahead += run.status.state.is_active
    return ahead


# --- what runs on a worker; TensorFlow is imported there, never here


def _train(root: str, run_id: str) -> Status | None:
    from core.training import train

    try:
        return train(RunStore(root).get(run_id))
    except (RunBusyError, RunNotFoundError) as error:
        _log.info("%s", error)
        return None


def _warm_up() -> None:
    from core.training import warm_up

    warm_up()


def _call_by_name(name: str, *args: Any) -> Any:
    module, _, function = name.partition(":")
    return getattr(importlib.import_module(module), function)(*args)
