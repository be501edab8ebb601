"""Which run is looked at: picked by name, kept from page to page and in the URL."""

import streamlit as st

from core.runs import DamagedRunError, Run, RunNotFoundError
from dashboard import state
from dashboard.resources import store

_MOST = 200


def pick_run(placeholder: str) -> Run | None:
    """Let the reader pick one of the newest runs, or none; return the one picked."""
    try:
        chosen = state.chosen_run(store)
    except RunNotFoundError as error:
        st.warning(f"{error}; it may have been deleted.", icon=":material/search_off:")
        chosen = None
    runs = {run.id: run for run in store.list()[:_MOST]}
    if chosen:
        runs.setdefault(chosen.id, chosen)
    if not runs:
        return None
    state.show_run(chosen)
    st.selectbox(
        "Run",
        list(runs),
        format_func=lambda run_id: _label(runs[run_id]),
        key=state.RUN_KEY,
        on_change=state.take_picked_run,
        args=(store,),
        placeholder=placeholder,
        index=None,
        help="The run that is looked at. The address of this page shows it to others.",
    )
    return chosen


def _label(run: Run) -> str:
    try:
        return f"{run.name} · {run.record.created.astimezone():%d %b %H:%M:%S}"
    except (DamagedRunError, RunNotFoundError):
        return f"damaged run {run.id}"
