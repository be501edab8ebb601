"""What all sessions of the server share: runs, engine, data. The only code that caches."""

from collections.abc import Callable
from types import FunctionType
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import streamlit as st

from core.analysis.maps import MapRequest, MapStatus
from core.config import RunConfig
from core.data import Mnist, load_mnist
from core.engine import Engine, EngineError
from core.estimate import epoch_seconds, machine_factor
from core.runs import Run, RunStore
from core.status import State

Result = TypeVar("Result")

store = RunStore()
engine = Engine(store)
_jobs: set[Any] = set()
"""What is computed for a run directory: a job that nobody holds on to would be dropped."""


@st.cache_resource(show_spinner=False)
def mnist() -> Mnist:
    """The data set, shared by all sessions; its arrays are read-only."""
    return load_mnist()


@st.cache_data(ttl=10, show_spinner=False)
def _machine_factor() -> float | None:
    return machine_factor(store.list())


@st.cache_data(
    max_entries=50,
    show_spinner="Computing …",
    hash_funcs={FunctionType: lambda function: (function.__module__, function.__qualname__)},
)
def kept(function: Callable[..., Result], *args: Any) -> Result:
    """`function(*args)`, computed once for all: for what depends on nothing but its arguments."""
    return function(*args)


def estimate_seconds(config: RunConfig) -> tuple[float, bool]:
    """Seconds that the run will take, and whether that is learned from runs on this machine."""
    factor = _machine_factor()
    return config.epochs * epoch_seconds(config) * (factor or 1.0), factor is not None


def test_probabilities(run: Run, epoch: int) -> npt.NDArray[np.float32]:
    """What the network thought of the test images after `epoch`: float32 (10000, 10)."""
    return _test_probabilities(run.id, epoch, _seconds(run, epoch))


def ask_worker(function: str, run: Run, *args: Any) -> Any:
    """The result of `function`, named as "core.module:name", for the run as it stands.

    Computed by a worker, and kept until the run has ended another epoch. Raises EngineError, and
    what the function raises.
    """
    status = run.status
    return _ask_worker(function, run.id, (status.state.value, len(run.history)), *args)


def start_map(run: Run, request: MapRequest) -> None:
    """Have a worker compute the map and keep it with the run, unless one is at it or has done it.

    Returns at once: how far it is, or why it cannot be, is `run.map_status(request.key)`. Raises
    RunError.
    """
    if not run.ask_map(request.key):
        return
    try:
        job = engine.submit("core.analysis.mapping:compute_and_keep_map", run, request)
    except EngineError as error:
        failed = MapStatus(state=State.FAILED, error=f"It cannot be computed: {error}.")
        run.write_map_status(request.key, failed)
        return
    _jobs.add(job)
    job.add_done_callback(_jobs.discard)


@st.cache_data(max_entries=200, show_spinner=False)
def _test_probabilities(run_id: str, epoch: int, version: float) -> npt.NDArray[np.float32]:
    return store.get(run_id).test_probabilities(epoch).astype(np.float32, copy=False)


@st.cache_data(max_entries=200, show_spinner="Asking the network …")
def _ask_worker(function: str, run_id: str, version: tuple[str, int], *args: Any) -> Any:
    return engine.submit(function, store.get(run_id), *args).result(timeout=60)


def _seconds(run: Run, epoch: int) -> float:
    """The epoch's duration: another, should an interrupted run have repeated it."""
    return float(run.history["seconds"].iloc[epoch - 1])
