"""What pages read from the server: runs, histories, answers, drawings, trials, estimates."""

from contextlib import suppress

import numpy as np
import numpy.typing as npt
import pandas as pd
import streamlit as st

from core.analysis.diagnosis import Finding
from core.config import RunConfig
from core.drawing.collection import Drawing
from core.engine import WORKER_LOST_ERRORS, EngineError, calls
from core.runs import Run
from core.runs.diagnosis.diagnose_run import diagnose_run
from core.runs.errors import RunNotFoundError
from core.runs.estimate import Costs, fit_costs, read_timing
from core.runs.summary import Summary, summarize
from core.sweep.config import SweepConfig
from core.sweep.store import Sweep
from core.sweep.study import load_study, trial_table
from dashboard.session.cache import (
    cached,
    cached_by_version,
    call_worker_uncached,
    history_version,
)
from dashboard.session.server import server

_HANDOVER_SECONDS = 0.5
"""From the end of a run to the beginning of the next: by how much a worker waits for it."""
_bfloat16_speed: float | None = None
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


def read_findings(run: Run) -> list[Finding]:
    """What happened in the run, most important first. Raises RunError."""
    state = run.status.state
    # Only a run that has ended is held against others, which come and go.
    others = () if state.is_active else tuple(map(_standing, summaries()))
    return cached_by_version((state, history_version(run), others), _diagnose, run)


def read_test_probabilities(run: Run, epoch: int) -> npt.NDArray[np.float32]:
    """What the network thought of the test images after `epoch`: float32 (10000, 10)."""
    return cached_by_version(history_version(run), _load_test_probabilities, run, epoch)


def all_drawings() -> list[Drawing]:
    """All drawings of the collection, newest first: shared, not to be changed."""
    return _load_drawings(server().drawings.version())


def estimate_seconds(*configs: RunConfig) -> tuple[float, bool]:
    """Seconds until all these runs have been trained, if no others wait; and whether that is
    learned from runs on this machine. With early stopping, at most.
    """
    costs = _fit_costs(str(server().store.root))
    seconds = [costs.run_seconds(config) for config in configs]
    handovers = _HANDOVER_SECONDS * (len(configs) - 1)
    return max((sum(seconds) + handovers) / _slots(), *seconds), costs.is_learned


def estimate_trial_seconds(config: SweepConfig) -> tuple[float, bool]:
    """Seconds that a trial of the sweep takes on average, with all its seeds, if it is not cut
    short; and whether that is learned from runs on this machine.
    """
    examples = config.example_configs()
    costs = _fit_costs(str(server().store.root))
    mean = sum(map(costs.run_seconds, examples)) / len(examples)
    return config.seeds * (mean + _HANDOVER_SECONDS), costs.is_learned


def sweep_seconds(trials: int, seconds: float) -> float:
    """Seconds that `trials` trials of `seconds` each take, if no other runs wait."""
    return trials * seconds / _slots()


def measure_bfloat16() -> None:
    """Have a worker measure `bfloat16_speed`; called once, when the server starts."""
    global _bfloat16_speed
    with suppress(EngineError, TimeoutError, *WORKER_LOST_ERRORS):
        _bfloat16_speed = call_worker_uncached(calls.bfloat16_speed)


def bfloat16_speed() -> float | None:
    """How many times as fast as in float32 a worker multiplies; None if that is not known."""
    return _bfloat16_speed


def queue_position(run: Run) -> tuple[int, float] | None:
    """How many runs wait before this one, and in how many seconds it starts; None if not queued."""
    return server().engine.queue_position(run, lambda config: estimate_seconds(config)[0])


def _slots() -> int:
    """How many runs train at a time; 1 if there is no worker at present."""
    return max(server().engine.slots, 1)


def sweep_trials(sweep: Sweep) -> pd.DataFrame:
    """The sweep's `trial_table` as it stands. Raises SweepError."""
    return cached(_read_trials, sweep)


def _read_history(run: Run) -> pd.DataFrame:
    history = run.history
    run.require_epochs(len(history), run.status.final_epoch)
    return history


def _standing(run: Summary) -> tuple[str, str, bool]:
    """Of another run, what a diagnosis beside it depends on."""
    return run.id, run.name, run.status.state.is_active


def _diagnose(run: Run) -> list[Finding]:
    return diagnose_run(run, () if run.status.state.is_active else summaries())


def _load_test_probabilities(run: Run, epoch: int) -> npt.NDArray[np.float32]:
    return run.test_probabilities(epoch).astype(np.float32, copy=False)


def _read_trials(sweep: Sweep) -> pd.DataFrame:
    return trial_table(load_study(sweep), list(sweep.config.vary))


@st.cache_resource(max_entries=1, show_spinner=False)  # each version is all drawings anew
def _load_drawings(version: object) -> list[Drawing]:
    return server().drawings.load_all()


@st.cache_resource(ttl=10, max_entries=1, show_spinner=False)
def _fit_costs(root: str) -> Costs:
    return fit_costs(filter(None, map(read_timing, summaries())), _bfloat16_speed)
