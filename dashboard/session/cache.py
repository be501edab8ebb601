"""What is computed once for all sessions, here or by a worker. The only code that caches."""

import math
import time
from collections.abc import Callable
from types import FunctionType
from typing import Any, Concatenate, ParamSpec, TypeVar

import streamlit as st

from core.runs import Run
from core.sweep.store import Sweep
from dashboard.session.server import server

P = ParamSpec("P")
Result = TypeVar("Result")

_WORKER_SECONDS = 60
_MAX_SIZE = "8MB"
"""At most this much is kept of what is computed here, and as much of what workers answer."""
_HASHES: dict[str | type, Callable[[Any], object]] = {
    FunctionType: lambda function: (function.__module__, function.__qualname__),
    Run: lambda run: str(run.path),
    Sweep: lambda sweep: str(sweep.path),
}
_recent_versions: dict[str, tuple[float, object]] = {}
"""By run id: when `recent_version` last read the version, and the version."""


def cached(function: Callable[P, Result], *args: P.args, **kwargs: P.kwargs) -> Result:
    """`function(*args)`, computed once for equal arguments, by whatever session.

    Anew for a run or sweep whose files have changed. Each caller is given a copy. Raises what the
    function raises.
    """
    return cached_by_version([_version(arg) for arg in args], function, *args, **kwargs)


def cached_by_version(
    version: object, function: Callable[P, Result], *args: P.args, **kwargs: P.kwargs
) -> Result:
    """As `cached`, but computed anew when `version` changes, whatever else has."""
    return _cached(version, function, *args, **kwargs)  # type: ignore[no-any-return]


def history_version(run: Run) -> object:
    """Another value when the run has ended another epoch, or was deleted."""
    return run.version[-1]


def recent_version(run: Run, seconds: float) -> object:
    """The run's version as it was at most `seconds` ago, so that many watchers share one."""
    now = time.monotonic()
    read, version = _recent_versions.get(run.id, (-math.inf, None))
    if now - read >= seconds:
        version = run.version
        _recent_versions[run.id] = now, version
    return version


def call_worker(
    function: Callable[Concatenate[Run, P], Result], run: Run, *args: P.args, **kwargs: P.kwargs
) -> Result:
    """`function(run, *args)`, one of `core.engine.calls`, computed by a worker.

    Kept until the run ends another epoch or changes its state. Raises EngineError, TimeoutError,
    and what the function raises.
    """
    version = (run.status.state, history_version(run))
    return _answers(version, function, run, *args, **kwargs)  # type: ignore[no-any-return]


def call_worker_uncached(
    function: Callable[P, Result], *args: P.args, **kwargs: P.kwargs
) -> Result:
    """As `call_worker`, but not kept: for calls that are hardly ever repeated."""
    future = server().engine.submit(function, *args, **kwargs)
    return future.result(timeout=_WORKER_SECONDS)  # type: ignore[no-any-return]


def call_worker_once(function: Callable[P, Result], *args: P.args, **kwargs: P.kwargs) -> Result:
    """As `call_worker`, for what depends on the arguments alone, none of them a run."""
    return _cached(None, call_worker_uncached, function, *args, **kwargs)  # type: ignore[no-any-return]


def _version(arg: object) -> object:
    if isinstance(arg, Run):
        return arg.version
    return arg.status.version if isinstance(arg, Sweep) else None


@st.cache_data(max_size=_MAX_SIZE, show_spinner=False, hash_funcs=_HASHES)
def _cached(version: object, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    return function(*args, **kwargs)


@st.cache_data(max_size=_MAX_SIZE, show_spinner="Asking the network …", hash_funcs=_HASHES)
def _answers(version: object, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    return call_worker_uncached(function, *args, **kwargs)
