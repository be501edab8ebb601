"""The head of every page: its title, and the run that is looked at."""

from contextlib import suppress
from typing import NoReturn

import pandas as pd
import streamlit as st

from core.course.glossary import words_on
from core.runs import Run
from core.runs.errors import RunError, RunNotFoundError
from core.runs.status import State
from core.runs.summary import summarize
from dashboard import text
from dashboard.access.visitor import visitor
from dashboard.parts.epoch_slider import make_epoch_place
from dashboard.parts.findings import render_first_finding
from dashboard.parts.messages import render_damage
from dashboard.parts.run_picker import label_runs
from dashboard.parts.run_state import render_state
from dashboard.session import linked
from dashboard.session.cache import cached
from dashboard.session.follow import follow
from dashboard.session.queries import queue_position, read_findings, read_history
from dashboard.session.server import server
from dashboard.session.trials import offered_runs

_STATE = "_shown_state"
_ACCURACY_HELP = (
    "Of the 10,000 test images, by the network as the run kept it, after epoch {}. In brackets the "
    "95 % interval (Wilson's): how far chance in drawing these images may move it."
)


def render_header(name: str, title: str, sentence: str) -> None:
    """Draw the title of the page at the address `name`, its words explained, what it is for."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.title(title, anchor=False, width="content")
        if words := words_on(name):
            render_words(words)
    st.caption(sentence)


@st.fragment
def render_words(words: dict[str, str]) -> None:
    """Draw a button that explains the words; they are sent once it is pressed."""
    button = st.popover("Words", icon=":material/menu_book:", key="words", on_change="rerun")
    if button.open:
        with button.container(height=400, border=False):
            for word, sentence in words.items():
                st.markdown(f"**{word}**: {sentence}")


def render_run_header(title: str, is_live: bool) -> None:
    """Draw which run is looked at, how it stands, and a place for its epochs.

    Follow the run, unless the page `is_live`: then it reruns when `shown_state` is no longer so.
    """
    store = server().store
    run = linked.find_member(linked.RUN, store, _default_run)
    with st.container(horizontal=True, vertical_alignment="bottom", key="run_header"):
        linked.pick_member(
            linked.RUN,
            store,
            run,
            offered_runs(),
            label_runs,
            "Run",
            "The run that is looked at. The address of this page shows it to others. Of a sweep "
            "the best run is offered; its others are found on the page Runs.",
        )
        if run:
            with suppress(RunNotFoundError):
                if not is_live:
                    follow(run)
                _render_standing(run)
    make_epoch_place(title)


def _default_run() -> Run | None:
    """The visitor's newest run that has ended an epoch, else anyone's, else the newest."""
    runs = offered_runs()
    with_epoch = []
    for run in runs:
        with suppress(RunError):
            if run.epochs_done:
                if run.record.owner == visitor().name:
                    return run
                with_epoch.append(run)
    return next(iter(with_epoch or runs), None)


def _render_standing(run: Run) -> None:
    """Say in which state the run is, and how accurate."""
    st.session_state[_STATE] = run.status.state  # before anything else is read
    summary = cached(summarize, run)
    results = summary.results
    with st.container(horizontal=True, vertical_alignment="center", width="content"):
        render_state(summary.status.state)
        with suppress(RunError):
            render_first_finding(read_findings(run))
        if results.test_accuracy is not None:
            low, high = results.test_low or 0.0, results.test_high or 1.0
            st.markdown(
                f"**{text.percent(results.test_accuracy)}** on the test set "
                f":small[({text.percent_range(low, high)})]",
                width="content",
                help=_ACCURACY_HELP.format(results.network_epoch),
            )


def shown_state() -> State | None:
    """The state in which the head shows the run; None if it was deleted meanwhile."""
    state: State | None = st.session_state.get(_STATE)
    return state


def find_chosen_run() -> Run | None:
    """The run that is looked at; None if there is none."""
    try:
        return linked.RUN.find(server().store.get)
    except RunNotFoundError:  # deleted since the header was drawn
        return None


def require_run() -> tuple[Run, pd.DataFrame]:
    """The run that is looked at, with its history of at least one epoch.

    Where there is none to show, say what to do instead and end the page.
    """
    run = find_chosen_run()
    if run is None:
        stop_without_runs()
    try:
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
        waits = ""
        if place := queue_position(run):
            ahead, seconds = place
            runs = f"{ahead} {'run is' if ahead == 1 else 'runs are'} before it, it"
            waits = f" {runs if ahead else 'It'} starts in {text.about(seconds)}."
        st.info(
            f"{name} has not ended its first epoch yet.{waits}", icon=":material/hourglass_empty:"
        )
        return
    why = f" {text.escape(status.error)}" if status.error else ""
    st.info(f"{name} ended before its first epoch did.{why}", icon=":material/block:")


def stop_without_runs() -> NoReturn:
    """Say what to do where there is no run at all, and end the page."""
    st.info("Nothing has been trained yet.", icon=":material/model_training:")
    st.page_link("app_pages/train/page.py", label="Train a network", icon=":material/play_arrow:")
    st.stop()
