"""Starts and stops the engine: connects workers and polls the queue once a second.

One training at a time per worker, by a resource named `train` of which each worker has one; the
worker's other threads answer everything else meanwhile.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from distributed import Future

from core.config import RunConfig
from core.config.settings import settings
from core.engine.cluster import Cluster
from core.engine.fair_queue import expected_waits
from core.engine.queue import POLL_SECONDS, RunQueue
from core.runs import Run, RunStore
from core.runs.errors import RunError
from core.runs.origin import Origin

_FIRST_POLL_SECONDS = 2.0

_log = logging.getLogger(__name__)


class Engine:
    """Work for Dask workers.

    With `DASK_SCHEDULER_ADDRESS` in the environment the workers are that scheduler's, started with
    `--resources train=1`; otherwise `DIGITLAB_WORKERS` of them (1) are started here. Works in a
    server and, under `if __name__ == "__main__"`, in a script.
    """

    def __init__(self, store: RunStore | None = None) -> None:
        self.store = store or RunStore()
        self.cluster = Cluster()
        self.queue = RunQueue(self.store, self.cluster, settings().most_waiting, on_end=self.wake)
        self._stopping = threading.Event()
        self._polled = threading.Event()
        self._wake = threading.Event()
        self._supervisor: threading.Thread | None = None

    @property
    def problem(self) -> str | None:
        """Why nothing can be trained at present, as a sentence; None when all is well."""
        return self.cluster.problem

    @property
    def slots(self) -> int:
        """How many runs can train at once; 1 until the workers have been counted."""
        return sum(self.cluster.slots.values()) if self.cluster.is_counted else 1

    def start(self) -> None:
        """Start or find the workers, have them import TensorFlow, and poll the runs.

        Returns within a second or so; a cluster that cannot be reached is tried again and again,
        with the reason in `problem`.
        """
        self._stopping.clear()
        self._polled.clear()
        self.cluster.connect()
        self._supervisor = threading.Thread(target=self._supervise, name="engine", daemon=True)
        self._supervisor.start()
        self._polled.wait(_FIRST_POLL_SECONDS)  # not for ever: a worker may not answer

    def stop(self) -> None:
        """Stop the local worker, or leave the cluster. Unfinished runs go on at the next start."""
        self._stopping.set()
        self._wake.set()
        if self._supervisor:
            self._supervisor.join()
        self.cluster.close()

    def enqueue_all(
        self,
        requested: Sequence[tuple[RunConfig, str | None]],
        owner: str | None = None,
        origin: Origin = Origin(),  # noqa: B008 (frozen)
    ) -> list[Run]:
        """Create a run of each configuration, with its name, or none at all.

        All start from `origin`. Raises QueueError, and RunError if it does not fit.
        """
        runs = self.queue.add(requested, owner, origin)
        self.wake()
        return runs

    def queue_position(
        self, run: Run, estimate: Callable[[RunConfig], float]
    ) -> tuple[int, float] | None:
        """How many runs wait before this one, and in how many seconds it starts.

        None if it is not queued. `estimate` gives the seconds that a run takes.
        """
        seconds: dict[str, float] = {}
        for other in list(self.queue.waiting):
            with suppress(RunError):  # deleted since the last poll
                seconds[other.id] = estimate(other.config)
        if run.id not in seconds:
            return None
        left = []
        for other in list(self.queue.training):
            with suppress(RunError):
                left.append(other.status.seconds_left or estimate(other.config))
        position = list(seconds).index(run.id)
        return position, expected_waits(left, list(seconds.values()), self.slots)[position]

    def submit_run(self, run_id: str) -> Future:
        """Have the run trained without waiting for its turn; but not twice.

        The future's result is the run's last `Status`. Raises RunNotFoundError, EngineError.
        """
        return self.queue.start_training(run_id).future

    def submit(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Future:
        """Run the function on a worker, at once, whether or not a training is under way.

        `calls` has the functions for what needs Keras. Raises EngineError if there is no cluster;
        the future raises what the function raises.
        """
        return self.cluster.submit(function, *args, **kwargs)

    def wake(self) -> None:
        """Poll the runs now rather than within a second."""
        self._wake.set()

    def _supervise(self) -> None:
        while not self._stopping.is_set():
            try:
                if self.cluster.poll():
                    self.queue.poll(self._stopping.is_set)
            except Exception:  # whatever it was, the next poll may go well
                _log.exception("polling the runs failed")
            self._polled.set()
            self._wake.wait(POLL_SECONDS)
            self._wake.clear()
