"""Keeping a page up to date with a run that still trains."""

import streamlit as st

from core.runs import Run, RunError
from core.summary import Summary
from dashboard.resources import summaries

_EVERY = 1.0  # seconds
_EVERY_ALL = 2.0


def follow(run: Run) -> None:
    """Run the whole page again whenever the run ends an epoch or changes its state."""
    if run.status.state.is_active:
        st.fragment(_look, run_every=_EVERY)(run, _mark(run))


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
