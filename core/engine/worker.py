"""What runs on a worker: TensorFlow is imported there, never in the server."""

import importlib
import logging
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]
from distributed import Client, Worker, get_worker

from core.engine.version import compare_versions
from core.runs import RunStore
from core.runs.errors import RunBusyError, RunNotFoundError
from core.runs.status import Status

_log = logging.getLogger(__name__)


def check_worker(client: Client, address: str) -> tuple[int, str | None]:
    """How many runs can train on the worker at once; and in what it differs from this process, None
    if in nothing.
    """

    def describe(dask_worker: Worker) -> Any:  # sent as code, for there it may not be installed
        from core.engine.version import versions

        return versions(), dask_worker.state.total_resources.get("train", 0)

    answer = client.run(describe, workers=[address], on_error="return")[address]
    if isinstance(answer, ImportError):
        return 0, "Digit Lab is not installed there, or is another version"
    if isinstance(answer, Exception):
        return 0, f"it answers with an error: {answer}"
    theirs, slots = answer
    return int(slots), compare_versions(theirs)


def train_run(root: Path, run_id: str, max_pause_seconds: float) -> Status | None:
    """Train the run below the folder `root`, as `core.training.train` does.

    None if another process trains it, or it was deleted meanwhile. Raises RunNotFoundError if this
    machine does not see it.
    """
    from core.training import train

    try:
        run = RunStore(root).get(run_id)
    except RunNotFoundError:
        raise RunNotFoundError(
            f"the worker at {get_worker().address} does not see run {run_id} in {root}: "
            "it must have the same folder under the same path"
        ) from None
    try:
        return train(run, max_pause_seconds=max_pause_seconds)
    except (RunBusyError, RunNotFoundError) as error:
        _log.info("%s", error)
        return None


def warm_up_worker(niceness: int) -> None:
    """Give way to others, by this niceness, 0 to 19, and load what a first training waits for."""
    _lower_priority(niceness)
    from core.training import warm_up

    warm_up()
    importlib.import_module("core.maps.job")  # what else a page may ask for soon


def _lower_priority(niceness: int) -> None:
    """Lower this process's priority. Does nothing on Windows."""
    if niceness and hasattr(os, "setpriority"):
        # On Linux each thread has its own, which those that it begins inherit: TensorFlow's, too.
        threads = psutil.Process().threads() if psutil.LINUX else ()
        for thread in (0, *(thread.id for thread in threads)):
            with suppress(ProcessLookupError):  # it has ended since
                os.setpriority(os.PRIO_PROCESS, thread, niceness)
