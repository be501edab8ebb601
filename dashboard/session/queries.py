"""What pages read from the server: runs, histories, answers, drawings, trials, estimates."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import streamlit as st

from core.config import RunConfig
from core.drawing.collection import Drawing
from core.runs import Run, RunStore
from core.runs.errors import RunNotFoundError
from core.runs.estimate import epoch_seconds, machine_factor
from core.runs.summary import Summary, summarize
from core.sweep.config import SweepConfig
from core.sweep.store import Sweep
from core.sweep.study import load_study, trial_table
from dashboard.session.cache import cached, cached_by_version, history_version
from dashboard.session.server import server

_summaries: dict[str, tuple[object, Summary]] = {}
"""Each run's summary, with the version of its files: in a list of a thousand runs, `cached` would
take too long."""


def summaries() -> list[Summary]:
    """All runs at a glance, newest first; only what has changed is read again."""
    found = {}
    for run in server().store.list():
        version = run.version
        read = _summaries.get(run.id)
        if read is None or read[0] != version:
            try:
                read = version, summarize(run)
            except RunNotFoundError:  # deleted since
                continue
        found[run.id] = read
    for gone in _summaries.keys() - found.keys():
        _summaries.pop(gone, None)
    _summaries.update(found)
    return [summary for _, summary in found.values()]


def read_history(run: Run) -> pd.DataFrame:
    """The run's history as it stands. Raises what reading it raises."""
    return cached_by_version(history_version(run), _read_history, run)


def read_test_probabilities(run: Run, epoch: int) -> npt.NDArray[np.float32]:
    """What the network thought of the test images after `epoch`: float32 (10000, 10)."""
    return cached_by_version(history_version(run), _load_test_probabilities, run, epoch)


def all_drawings() -> list[Drawing]:
    """All drawings of the collection, newest first: shared, not to be changed."""
    return _load_drawings(server().drawings.version())


def estimate_seconds(config: RunConfig) -> tuple[float, bool]:
    """Seconds that the run will take, and whether that is learned from runs on this machine."""
    factor = _machine_factor(server().store.root)
    return config.epochs * epoch_seconds(config) * (factor or 1.0), factor is not None


def estimate_sweep_seconds(config: SweepConfig) -> tuple[float, bool]:
    """Seconds that the sweep will take at most, and whether that is learned from runs here."""
    estimates = [estimate_seconds(example) for example in config.example_configs()]
    mean = sum(seconds for seconds, _ in estimates) / len(estimates)
    slots = max(server().engine.slots, 1)
    return mean * config.planned_trials * config.seeds / slots, estimates[0][1]


def queue_position(run: Run) -> tuple[int, float] | None:
    """How many runs wait before this one, and in how many seconds it starts; None if not queued."""
    return server().engine.queue_position(run, lambda config: estimate_seconds(config)[0])


def sweep_trials(sweep: Sweep) -> pd.DataFrame:
    """The sweep's `trial_table` as it stands. Raises SweepError."""
    return cached(_read_trials, sweep)


def _read_history(run: Run) -> pd.DataFrame:
    history = run.history
    run.require_epochs(len(history), run.status.final_epoch)
    return history


def _load_test_probabilities(run: Run, epoch: int) -> npt.NDArray[np.float32]:
    return run.test_probabilities(epoch).astype(np.float32, copy=False)


def _read_trials(sweep: Sweep) -> pd.DataFrame:
    return trial_table(load_study(sweep), list(sweep.config.vary))


@st.cache_resource(max_entries=1, show_spinner=False)  # each version is all drawings anew
def _load_drawings(version: object) -> list[Drawing]:
    return server().drawings.load_all()


@st.cache_data(ttl=10, show_spinner=False)
def _machine_factor(root: Path) -> float | None:
    return machine_factor(RunStore(root).list())
