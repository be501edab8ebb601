"""Keeping a page up to date with a run that still trains."""

import streamlit as st

from core.runs import Run, RunError

_EVERY = 1.0  # seconds


def follow(run: Run) -> None:
    """Run the whole page again whenever the run ends an epoch or changes its state."""
    if run.status.state.is_active:
        st.fragment(_look, run_every=_EVERY)(run, _mark(run))


def _look(run: Run, seen: tuple[str, int]) -> None:
    try:
        if _mark(run) != seen:
            st.rerun()
    except RunError:
        st.rerun()


def _mark(run: Run) -> tuple[str, int]:
    return run.status.state.value, len(run.history)
