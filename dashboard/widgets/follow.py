"""Keeping a page up to date with a run that still trains."""

import streamlit as st

from core.runs import Run, RunError
from core.summary import Summary
from dashboard.resources import summaries

_EVERY = 1.0  # seconds
_EVERY_ENDED = 5.0  # a run that has ended may still be deleted
_EVERY_ALL = 2.0


def follow(run: Run) -> None:
    """Run the whole page again whenever the run ends an epoch, changes its state or is deleted.

    Raises RunNotFoundError.
    """
    mark = _mark(run)
    every = _EVERY if run.status.state.is_active else _EVERY_ENDED
    st.fragment(_look, run_every=every)(run, mark)


def follow_runs(runs: list[Summary]) -> None:
    """Run the whole page again whenever a run appears, goes, ends an epoch or changes its state."""
    st.fragment(_look_at_all, run_every=_EVERY_ALL)(_mark_all(runs))


def _look(run: Run, seen: object) -> None:
    try:
        if _mark(run) != seen:
            st.rerun()
    except RunError:
        st.rerun()


def _mark(run: Run) -> object:
    return run.status.state, run.version[-1]  # which is the history's


def _look_at_all(seen: object) -> None:
    if _mark_all(summaries()) != seen:
        st.rerun()


def _mark_all(runs: list[Summary]) -> object:
    return [(run.id, run.label, run.status.state, run.results) for run in runs]
