"""Reruns a page when the runs that it shows have changed."""

from collections.abc import Collection, Sequence
from contextlib import suppress

import streamlit as st

from core.runs import Run
from core.runs.errors import RunError
from core.runs.status import State
from core.runs.summary import Summary
from dashboard.session import dialogs
from dashboard.session.cache import history_version
from dashboard.session.live_refresh import RefreshRate, draw_live
from dashboard.session.queries import summaries
from dashboard.session.trials import sweep_heads

_training = RefreshRate(fastest=1.0)
_ended = RefreshRate(fastest=5.0)  # they may still be deleted
_all = RefreshRate(fastest=2.0)


def follow(*runs: Run) -> None:
    """Rerun the page when one of them ends an epoch, changes its state or is deleted.

    To be called before the runs are read, or what happens in between is not seen.
    """
    if not runs:
        return
    seen = _read_versions(runs)

    def rerun_if_changed(_every: float) -> None:
        if _read_versions(runs) != seen:
            st.rerun()

    is_training = any(version and version[0].is_active for version in seen)
    draw_live(rerun_if_changed, _training if is_training else _ended)


def follow_runs(runs: list[Summary], dialog_run_ids: Collection[str] = ()) -> None:
    """Rerun the page whenever a run appears, goes, ends an epoch or changes its state.

    While a dialog about runs is open, rerun only if one of them is deleted: a rerun would redraw
    the dialog.
    """
    seen = runs_fingerprint(runs, dialog_run_ids)

    def rerun_if_changed(_every: float) -> None:
        if must_rerun(seen, dialog_run_ids):
            st.rerun()

    draw_live(rerun_if_changed, _all)


def _read_versions(runs: Sequence[Run]) -> list[tuple[State, object] | None]:
    return [_read_version(run) for run in runs]


def _read_version(run: Run) -> tuple[State, object] | None:
    with suppress(RunError):  # deleted
        return run.status.state, history_version(run)
    return None


def must_rerun(seen: object, dialog_run_ids: Collection[str]) -> bool:
    """Whether the runs are no longer as they were `seen`, or the dialog about them is closed: the
    page itself closes it where it finds that one of them is gone.
    """
    return (
        not set(dialog_run_ids) <= dialogs.dialog_run_ids()
        or runs_fingerprint(summaries(), dialog_run_ids) != seen
    )


def runs_fingerprint(runs: list[Summary], dialog_run_ids: Collection[str] = ()) -> object:
    """Another value whenever a page that follows the runs must rerun: see `follow_runs`."""
    if dialog_run_ids:
        return {run.id for run in runs} & set(dialog_run_ids)
    return sweep_heads(), [(run.id, run.label, run.status.state, run.results) for run in runs]
