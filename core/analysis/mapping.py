"""The job that a worker runs for a map: computes it, and keeps it with the run as it grows.

Page and job share nothing but the run directory: what is asked for, how far it is, the points.
"""

import logging

from core.analysis.embedding import compute_map
from core.analysis.maps import ITERATIONS, FeatureMap, MapMethod, MapRequest, MapStatus
from core.runs import Run, RunBusyError, RunError, RunNotFoundError
from core.status import State

_log = logging.getLogger(__name__)


def compute_and_keep_map(run: Run, request: MapRequest) -> None:
    """Compute the map that was asked for with `run.ask_map`, writing it every few iterations.

    Ends at its next report when asked to stop, and keeps what was reached. Leaves a map alone that
    is done, or that another job is at. What goes wrong is written to the map's status.
    """
    try:
        with run.map_lock(request.key):
            status = run.map_status(request.key)
            if status and status.state.is_active:  # else done while this job waited for a worker
                _compute_and_keep(run, request)
    except (RunBusyError, RunNotFoundError) as error:
        _log.info("%s", error)


def _compute_and_keep(run: Run, request: MapRequest) -> None:
    def keep(stage: FeatureMap) -> bool:
        _write(run, request, stage, State.RUNNING)
        return run.is_map_to_stop(request.key)

    run.write_map_status(request.key, MapStatus(state=State.RUNNING))
    try:
        result = compute_map(run, request, keep)
        whole = request.method is MapMethod.PCA or result.iteration == ITERATIONS
        _write(run, request, result, State.FINISHED if whole else State.STOPPED)
    except Exception as error:  # whatever it was, the page must not wait for ever
        if not isinstance(error, RunError | ValueError):
            _log.exception("map %s of run %s failed", request.key, run.id)
        failed = MapStatus(state=State.FAILED, error=_sentence(error))
        run.write_map_status(request.key, failed)


def _write(run: Run, request: MapRequest, stage: FeatureMap, state: State) -> None:
    run.write_map_points(request.key, stage.points)
    status = MapStatus(
        state=state,
        epoch=stage.epoch,
        iteration=stage.iteration,
        feature_agreement=stage.feature_agreement,
        map_agreement=stage.map_agreement,
    )
    run.write_map_status(request.key, status)


def _sentence(error: Exception) -> str:
    if isinstance(error, RunError | ValueError):
        words = str(error)
        return f"{words[:1].upper()}{words[1:]}."
    if isinstance(error, MemoryError):
        return "The machine ran out of memory. Try fewer points."
    return f"An error that Digit Lab did not expect: {type(error).__name__}: {error}"
