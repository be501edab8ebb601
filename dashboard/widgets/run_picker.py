"""Which run is looked at: picked by name, kept from page to page and in the URL."""

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress

import pandas as pd
import streamlit as st

from core.runs import DamagedRunError, Run, RunError, RunNotFoundError
from core.status import State
from dashboard import state, text
from dashboard.resources import store
from dashboard.widgets.follow import follow

_MOST = 200


def pick_run(placeholder: str) -> Run | None:
    """Let the reader pick one of the newest runs, or none; return the one picked."""
    try:
        chosen = state.chosen_run(store)
    except RunNotFoundError as error:
        st.warning(f"{text.plain(error)}; it may have been deleted.", icon=":material/search_off:")
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
        format_func=lambda run_id: run_label(runs[run_id]),
        key=state.RUN_KEY,
        on_change=state.take_picked_run,
        args=(store,),
        placeholder=placeholder,
        index=None,
        help="The run that is looked at. The address of this page shows it to others.",
    )
    return chosen


def require_run() -> tuple[Run, pd.DataFrame]:
    """The run that the reader picks, with its history of at least one epoch.

    Where there is none to show, say what to do instead and end the page.
    """
    run = pick_run(placeholder="choose a run")
    if run is None:
        empty = not store.list()
        st.info(
            "Nothing has been trained yet." if empty else "Choose a run above, or train one.",
            icon=":material/model_training:",
        )
        st.page_link("app_pages/train.py", label="Train a network", icon=":material/play_arrow:")
        st.stop()
    follow(run)
    try:
        history = run.history
        damage = run.status.error if run.status.state is State.DAMAGED else None
    except RunError as error:
        damage = str(error)
    if damage:
        st.error(
            text.plain(damage), title="This run cannot be shown", icon=":material/broken_image:"
        )
        st.stop()
    if history.empty:
        st.info("This run has not ended its first epoch yet.", icon=":material/hourglass_empty:")
        st.page_link("app_pages/train.py", label="Watch it train", icon=":material/visibility:")
        st.stop()
    return run, history


def readable_runs() -> list[Run]:
    """The newest runs, those left out whose configuration cannot be read."""
    runs = []
    for run in store.list()[:_MOST]:
        with suppress(RunError):
            _ = run.record
            runs.append(run)
    return runs


def run_label(run: Run) -> str:
    """The run's name and when it was created, by which a reader tells it from others."""
    try:
        return f"{run.name} · {run.record.created.astimezone():%d %b %H:%M:%S}"
    except (DamagedRunError, RunNotFoundError):
        return f"damaged run {run.id}"


def name_runs(runs: Sequence[Run]) -> dict[Run, str]:
    """What to call each run among the others: its name, with the time if several share it."""
    times = Counter(run.name for run in runs)
    return {run: run.name if times[run.name] == 1 else run_label(run) for run in runs}
