"""The head of every page: its title, and the control of the run that is looked at."""

from typing import NoReturn

import pandas as pd
import streamlit as st

from core.runs import Run
from core.runs.errors import RunError, RunNotFoundError
from core.runs.status import State
from dashboard import text
from dashboard.parts.messages import render_damage
from dashboard.parts.run_picker import label_runs
from dashboard.session import linked
from dashboard.session.follow import follow
from dashboard.session.queries import read_history
from dashboard.session.server import server


def render_header(title: str, sentence: str, run_placeholder: str | None) -> None:
    """Draw the page's head and, if it looks at a run, the control to pick one.

    `run_placeholder` is what it says while none is picked; None for a page that looks at no run.
    """
    st.title(title, anchor=False)
    st.caption(sentence)
    if run_placeholder is not None:
        linked.pick_member(
            linked.RUN,
            server().store,
            label_runs,
            "Run",
            run_placeholder,
            "The run that is looked at. The address of this page shows it to others.",
        )


def find_chosen_run() -> Run | None:
    """The run that the user picked; None if they picked none."""
    try:
        return linked.RUN.find(server().store.get)
    except RunNotFoundError:  # deleted since the header was drawn
        return None


def require_run() -> tuple[Run, pd.DataFrame]:
    """The run that the user picked, with its history of at least one epoch.

    Where there is none to show, say what to do instead and end the page.
    """
    run = find_chosen_run()
    if run is None:
        if not server().store.list():
            stop_without_runs()
        _stop_with_train_link("Choose a run above, or train one.")
    try:
        follow(run)
        history = read_history(run)
        damage = run.status.error if run.status.state is State.DAMAGED else None
    except RunError as error:
        damage = str(error)
    if damage:
        render_damage(damage, "This run cannot be shown")
        st.stop()
    if history.empty:
        render_no_epoch(run, "This run")
        label = "Watch it train" if run.status.state.is_active else "Look at the run"
        st.page_link("app_pages/train/page.py", label=label, icon=":material/visibility:")
        st.stop()
    return run, history


def render_no_epoch(run: Run, name: str) -> None:
    """Say that the run, called `name`, has no epoch to show: not yet, or for good."""
    status = run.status
    if status.state.is_active:
        st.info(f"{name} has not ended its first epoch yet.", icon=":material/hourglass_empty:")
        return
    why = f" {text.escape(status.error)}" if status.error else ""
    st.info(f"{name} ended before its first epoch did.{why}", icon=":material/block:")


def stop_without_runs() -> NoReturn:
    """Say what to do where there is no run at all, and end the page."""
    _stop_with_train_link("Nothing has been trained yet.")


def _stop_with_train_link(sentence: str) -> NoReturn:
    st.info(sentence, icon=":material/model_training:")
    st.page_link("app_pages/train/page.py", label="Train a network", icon=":material/play_arrow:")
    st.stop()
