"""What all sessions of the server share: runs, engine, data. The only code that caches."""

import math
import time
from collections.abc import Callable
from contextlib import suppress
from types import FunctionType
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from core.config import RunConfig
from core.data import Mnist, load_mnist
from core.drawing.collection import Drawing, DrawingStore
from core.engine import Engine, EngineError
from core.engine.fair_queue import expected_waits
from core.maps.request import MapRequest, MapStatus
from core.runs import Run, RunStore
from core.runs.errors import RunError, RunNotFoundError
from core.runs.estimate import epoch_seconds, machine_factor
from core.runs.status import State
from core.runs.summary import Summary, summarize
from core.sweep.config import SweepConfig
from core.sweep.figures import FigureKind, complete_numbers, optuna_figure
from core.sweep.store import Sweep, SweepStore
from core.sweep.study import explain_study_errors, load_study, trial_table
from core.sweep.supervisor import SweepSupervisor

Result = TypeVar("Result")

store = RunStore()
drawings = DrawingStore()
engine = Engine(store)
sweeps = SweepStore(store)
sweeper = SweepSupervisor(sweeps, engine)
_jobs: set[Any] = set()
"""What is computed for a run directory: a job that nobody holds on to would be dropped."""
_versions: dict[str, tuple[float, object]] = {}
"""When each run that is watched was last looked at, and the version that its files had then."""
_summaries: dict[str, tuple[object, Summary]] = {}
"""Each run's summary, with the version of its files that it was made of."""


def summaries() -> list[Summary]:
    """All runs at a glance, newest first; only what has changed is read again."""
    found = {}
    for run in store.list():
        version = run.version
        kept = _summaries.get(run.id)
        if kept is None or kept[0] != version:
            try:
                kept = version, summarize(run)
            except RunNotFoundError:
                continue
        found[run.id] = kept
    for gone in _summaries.keys() - found.keys():
        _summaries.pop(gone, None)
    _summaries.update(found)
    return [summary for _, summary in found.values()]


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


def shared(function: Callable[..., Result], run: Run, *args: Any) -> Result:
    """`function(run, *args)`, computed once for all who look at the run as it stands.

    For what a class sees several times a second: kept until label, status or history change. All
    are given the same object, not to be changed. Raises what the function raises.
    """
    return _shared(function, run.id, run.version, run, *args)  # type: ignore[no-any-return]


def shared_lately(function: Callable[..., Result], run: Run, seconds: float, *args: Any) -> Result:
    """`function(run, *args)`, as `shared`, but for the run as it stood up to `seconds` ago.

    So a class that watches has one drawing made for many: what `function` draws is drawn for each.
    """
    now = time.monotonic()
    seen, version = _versions.get(run.id, (-math.inf, None))
    if now - seen >= seconds:
        version = run.version
        _versions[run.id] = now, version
    return _shared(function, run.id, version, run, *args)  # type: ignore[no-any-return]


def shared_by_epoch(function: Callable[..., Result], run: Run, *args: Any) -> Result:
    """`function(run, *args)`, as `shared`, but kept until the run has ended another epoch."""
    return _shared(function, run.id, run.version[-1], run, *args)  # type: ignore[no-any-return]


def read_history(run: Run) -> pd.DataFrame:
    """The run's history as it stands: shared, not to be changed. Raises what reading it raises."""
    return shared_by_epoch(_history, run)


@st.cache_resource(
    max_entries=200,
    show_spinner=False,
    hash_funcs={FunctionType: lambda function: (function.__module__, function.__qualname__)},
)
def _shared(
    function: Callable[..., Any], id_: str, version: object, _of: Run | Sweep, *args: Any
) -> Any:
    return function(_of, *args)


def estimate_seconds(config: RunConfig) -> tuple[float, bool]:
    """Seconds that the run will take, and whether that is learned from runs on this machine."""
    factor = _machine_factor()
    return config.epochs * epoch_seconds(config) * (factor or 1.0), factor is not None


def queue_place(run: Run) -> tuple[int, float] | None:
    """How many runs wait before this one, and in how many seconds it starts; None if not queued."""
    lengths: dict[str, float] = {}
    for other in list(engine.queue.waiting):
        with suppress(RunError):  # deleted since the engine has looked
            lengths[other.id] = estimate_seconds(other.config)[0]
    if run.id not in lengths:
        return None
    left = []
    for other in list(engine.queue.training):
        with suppress(RunError):
            left.append(other.status.seconds_left or estimate_seconds(other.config)[0])
    place = list(lengths).index(run.id)
    return place, expected_waits(left, list(lengths.values()), engine.places)[place]


def estimate_sweep_seconds(config: SweepConfig) -> tuple[float, bool]:
    """Seconds that the sweep will take at most, and whether that is learned from runs here."""
    estimates = [estimate_seconds(example) for example in config.example_configs()]
    mean = sum(seconds for seconds, _ in estimates) / len(estimates)
    return mean * config.planned_trials * config.seeds / max(engine.places, 1), estimates[0][1]


def shared_by_sweep(function: Callable[..., Result], sweep: Sweep, *args: Any) -> Result:
    """`function(sweep, *args)`, as `shared`: computed once for all who look at a sweep."""
    return _shared(function, sweep.id, sweep.status.version, sweep, *args)  # type: ignore[no-any-return]


def sweep_trials(sweep: Sweep) -> pd.DataFrame:
    """The sweep's `trial_table` as it stands: shared, not to be changed. Raises SweepError."""
    return shared_by_sweep(_read_trials, sweep)


def sweep_figure(
    sweep: Sweep, kind: FigureKind, names: tuple[str, ...]
) -> tuple[go.Figure, list[int]]:
    """Optuna's figure as it stands, and the numbers of the complete trials.

    Raises SweepError, and ValueError where there are too few trials for it.
    """
    study = load_study(sweep)
    if study is None:
        raise ValueError("The sweep has not begun yet.")
    with explain_study_errors():
        return optuna_figure(study, kind, names), complete_numbers(study)


def test_probabilities(run: Run, epoch: int) -> npt.NDArray[np.float32]:
    """What the network thought of the test images after `epoch`: float32 (10000, 10), shared."""
    return _test_probabilities(run.id, epoch, _seconds(run, epoch))


def kept_drawings() -> list[Drawing]:
    """All drawings of the collection, newest first; shared by all sessions, not to be changed."""
    return _kept_drawings(drawings.version())


def ask_worker(function: str, run: Run, *args: Any) -> Any:
    """The result of `function`, named as "core.module:name", for the run as it stands.

    Computed by a worker, and kept until the run has ended another epoch. Raises EngineError, and
    what the function raises.
    """
    status = run.status
    return _ask_worker(function, run.id, (status.state.value, len(read_history(run))), *args)


def ask_at_once(function: str, *args: Any) -> Any:
    """The result of `function`, named as "core.module:name", asked of a worker each time anew.

    For questions that are hardly ever asked twice. Raises EngineError, and what it raises.
    """
    return engine.submit(function, *args).result(timeout=60)


def start_map(run: Run, request: MapRequest, owner: str) -> None:
    """Have a worker compute the map and keep it with the run, unless one is at it or has done it.

    Returns at once: how far it is, or why it cannot be, is `run.map_status(request.key)`. Raises
    RunError.
    """
    if not run.ask_map(request.key, owner):
        return
    try:
        job = engine.submit("core.maps.job:compute_and_keep_map", run, request)
    except EngineError as error:
        failed = MapStatus(state=State.FAILED, error=f"It cannot be computed: {error}.")
        run.write_map_status(request.key, failed)
        return
    _jobs.add(job)
    job.add_done_callback(_jobs.discard)


def _history(run: Run) -> pd.DataFrame:
    history = run.history
    run.require_epochs(len(history), run.status.final_epoch)
    return history


def _read_trials(sweep: Sweep) -> pd.DataFrame:
    study = load_study(sweep)
    with explain_study_errors():
        return trial_table(study, list(sweep.config.vary))


@st.cache_resource(max_entries=200, show_spinner=False)
def _test_probabilities(run_id: str, epoch: int, version: float) -> npt.NDArray[np.float32]:
    probabilities = store.get(run_id).test_probabilities(epoch)
    probabilities.flags.writeable = False
    return probabilities


@st.cache_resource(max_entries=1, show_spinner=False)
def _kept_drawings(version: tuple[int, int]) -> list[Drawing]:
    return drawings.load_all()


@st.cache_data(max_entries=200, show_spinner="Asking the network …")
def _ask_worker(function: str, run_id: str, version: tuple[str, int], *args: Any) -> Any:
    return engine.submit(function, store.get(run_id), *args).result(timeout=60)


def _seconds(run: Run, epoch: int) -> float:
    """The epoch's duration: another, should an interrupted run have repeated it."""
    return float(read_history(run)["seconds"].iloc[epoch - 1])
