"""Which runs a sweep began, and which of them is its best: the others are many, and left out of
controls that offer runs.
"""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from core.runs import Run
from core.runs.errors import RunError
from core.runs.status import Trial
from core.sweep.store import Sweep, SweepError
from dashboard.session.linked import MAX_OFFERED
from dashboard.session.server import server


class SweepHead(NamedTuple):
    """What is known of a sweep without its study."""

    name: str
    best_trial: int | None
    """The number of its best trial so far."""


_heads: dict[Path, tuple[object, SweepHead]] = {}
"""Each sweep's head, with the version of its files."""
_trials: dict[Path, Trial | None] = {}
"""Of each run, which never changes: a page with a thousand runs does not read them again."""


def sweep_heads() -> dict[str, SweepHead]:
    """All sweeps by their ids; only what has changed is read again."""
    found = {}
    for sweep in server().sweeps.list():
        version = sweep.version
        read = _heads.get(sweep.path)
        if read is None or read[0] != version:
            read = version, _read_head(sweep)
        found[sweep.path] = read
    for gone in _heads.keys() - found.keys():
        _heads.pop(gone, None)
    _heads.update(found)
    return {path.name: head for path, (_, head) in found.items()}


def find_trial(run: Run) -> Trial | None:
    """The trial that the run belongs to; None if it belongs to none, or cannot be read."""
    with suppress(KeyError):
        return _trials[run.path]
    with suppress(RunError):  # deleted, or damaged at present
        trial = _trials[run.path] = run.record.trial
        return trial
    return None


def is_best(trial: Trial | None, heads: Mapping[str, SweepHead]) -> bool:
    """Whether its run is the best one of its sweep: of the best trial that of the first seed."""
    if trial is None or trial.seed > 0 or trial.sweep not in heads:
        return False
    return trial.number == heads[trial.sweep].best_trial


def find_best_runs(trials: Mapping[str, Trial], heads: Mapping[str, SweepHead]) -> dict[str, str]:
    """The id of each sweep's best run, by the sweep's id; `trials` are those of runs, by ids."""
    return {trial.sweep: run_id for run_id, trial in trials.items() if is_best(trial, heads)}


def offered_runs() -> list[Run]:
    """The runs that a control offers, newest first: of a sweep only the best, or the newest while
    it has none.
    """
    runs, heads = server().store.list(), sweep_heads()
    for gone in _trials.keys() - {run.path for run in runs}:
        _trials.pop(gone, None)
    offered, by_sweep = {}, {}
    for run in runs:
        trial = find_trial(run)
        if trial and is_best(trial, heads):
            by_sweep[trial.sweep] = run
        elif trial:
            by_sweep.setdefault(trial.sweep, run)
        else:
            offered[run.id] = run
    offered |= {run.id: run for run in by_sweep.values()}
    return [offered[run_id] for run_id in sorted(offered, reverse=True)[:MAX_OFFERED]]


def _read_head(sweep: Sweep) -> SweepHead:
    try:
        return SweepHead(sweep.name, sweep.status.best_trial)
    except SweepError:
        return SweepHead(f"damaged sweep {sweep.id}", None)
