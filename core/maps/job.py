"""The job that a worker runs for a map: computes it, and keeps it with the run as it grows.

Page and job share nothing but the run directory: the request, the status, the points.
"""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from core.maps.embedding import compute_map
from core.maps.request import FeatureMap, MapRequest, MapStatus
from core.maps.store import StoredMap
from core.runs import Run
from core.runs.errors import (
    RunBusyError,
    RunError,
    RunNotFoundError,
    RunNotWritableError,
    describe_failure,
)
from core.runs.status import State

_EXPECTED = (RunError, ValueError)

_log = logging.getLogger(__name__)

_BEAT_EVERY = 5.0
"""Seconds between two signs of life: a step of a map of many points may take longer."""


def compute_and_keep_map(run: Run, request: MapRequest) -> None:
    """Compute the map that was requested with `StoredMap.request`, writing it every few iterations.

    If a stop is requested, it ends at its next report and keeps what was reached. A map that is
    done, or that another job computes, is left alone. What goes wrong is written to the map's
    status; if not even that can be written, its silence tells the page.
    """
    stored = StoredMap(run, request)
    try:
        with stored.lock():
            status = stored.status
            if status and status.state.is_active:  # else done while this job waited for a worker
                _compute_and_keep(run, request, _MapWriter(stored, status.owner))
    except (RunBusyError, RunNotFoundError) as error:
        _log.info("%s", error)
    except RunNotWritableError as error:
        _log.error("map %s: %s", request.key, error)


class _MapWriter:
    """What the job writes of its map: the points, and the status with its signs of life."""

    def __init__(self, stored: StoredMap, owner: str | None) -> None:
        self.stored = stored
        self._owner = owner
        self._lock = threading.Lock()
        self.write(MapStatus(state=State.RUNNING))

    def write(self, status: MapStatus) -> None:
        with self._lock:
            self._status = status.model_copy(update={"owner": self._owner})
            self.stored.write_status(self._status)

    def write_stage(self, stage: FeatureMap, state: State) -> None:
        self.stored.write_points(stage.points)
        self.write(MapStatus.model_validate(stage._asdict() | {"state": state}))

    @contextmanager
    def heartbeats(self) -> Iterator[None]:
        """Give a sign of life every few seconds, however long a step of the map takes."""
        over = threading.Event()

        def beat() -> None:
            while not over.wait(_BEAT_EVERY):
                # A run that was deleted, or a full disk: if it lasts, the job itself finds out.
                with suppress(RunError):
                    self._beat()

        thread = threading.Thread(target=beat, name="beat", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def _beat(self) -> None:
        with self._lock:
            alive = self._status.model_copy(update={"heartbeat": time.time()})
            self.stored.write_status(alive)


def _compute_and_keep(run: Run, request: MapRequest, writer: _MapWriter) -> None:
    def keep(stage: FeatureMap) -> bool:
        writer.write_stage(stage, State.RUNNING)
        return writer.stored.is_stop_requested

    try:
        with writer.heartbeats():
            result = compute_map(run, request, keep)
        writer.write_stage(result, State.STOPPED if result.is_stopped else State.FINISHED)
    except Exception as error:  # whatever it was, the page must not wait for ever
        if not isinstance(error, _EXPECTED):
            _log.exception("map %s of run %s failed", request.key, run.id)
        sentence = describe_failure(error, _EXPECTED, "Try fewer points.")
        writer.write(MapStatus(state=State.FAILED, error=sentence))
