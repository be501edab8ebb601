"""Which runs are looked at: picked by name, kept from page to page, and in the URL by their ids."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import NoReturn

import pandas as pd
import streamlit as st

from core.runs import Run
from core.runs.errors import DamagedRunError, RunError, RunNotFoundError
from core.runs.status import Record, State
from dashboard import text
from dashboard.session import state
from dashboard.session.follow import follow
from dashboard.session.resources import read_history, store

_MOST = 200
_ID_END = 6
"""Characters at the end of an id that no other run of the same second has."""


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
    labels = label_runs(runs.values())
    state.show_run(chosen)
    st.selectbox(
        "Run",
        list(runs),
        format_func=labels.__getitem__,
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
        if not store.list():
            say_nothing_trained()
        _say_and_stop("Choose a run above, or train one.")
    try:
        follow(run)
        history = read_history(run)
        damage = run.status.error if run.status.state is State.DAMAGED else None
    except RunError as error:
        damage = str(error)
    if damage:
        st.error(
            text.plain(damage), title="This run cannot be shown", icon=":material/broken_image:"
        )
        st.stop()
    if history.empty:
        say_no_epoch(run, "This run")
        label = "Watch it train" if run.status.state.is_active else "Look at the run"
        st.page_link("app_pages/train/page.py", label=label, icon=":material/visibility:")
        st.stop()
    return run, history


def say_no_epoch(run: Run, name: str) -> None:
    """Say that the run, called `name`, has no epoch to show: not yet, or for good."""
    status = run.status
    if status.state.is_active:
        st.info(f"{name} has not ended its first epoch yet.", icon=":material/hourglass_empty:")
        return
    why = f" {text.plain(status.error)}" if status.error else ""
    st.info(f"{name} ended before its first epoch did.{why}", icon=":material/block:")


def say_nothing_trained() -> NoReturn:
    """Say what to do where there is no run at all, and end the page."""
    _say_and_stop("Nothing has been trained yet.")


def _say_and_stop(sentence: str) -> NoReturn:
    st.info(sentence, icon=":material/model_training:")
    st.page_link("app_pages/train/page.py", label="Train a network", icon=":material/play_arrow:")
    st.stop()


def pick_runs(
    label: str,
    runs: Sequence[Run],
    *,
    name: str,
    most: int,
    default: Sequence[Run] = (),
    placeholder: str | None = None,
    help: str,
) -> list[Run]:
    """Let the reader pick up to `most` of `runs`, or `default`; the URL keeps the ids as `name`."""
    by_id, labels = {run.id: run for run in runs}, label_runs(runs)
    usual = [run.id for run in default]
    linked = state.linked_ids(name)
    chosen = usual if linked is None else [run_id for run_id in linked if run_id in by_id][:most]
    key = f"picked_{name}"
    st.session_state[key] = chosen
    st.multiselect(
        label,
        list(by_id),
        format_func=labels.__getitem__,
        max_selections=most,
        key=key,
        on_change=lambda: _link(name, st.session_state[key], usual),
        placeholder=placeholder,
        help=help,
    )
    return [by_id[run_id] for run_id in chosen]


def pick_one_of(label: str, runs: Sequence[Run], *, name: str, default: Run, help: str) -> Run:
    """Let the reader pick one of `runs`, or `default`; the URL keeps its id as `name`."""
    by_id, labels = {run.id: run for run in runs}, label_runs(runs)
    linked = state.linked_ids(name) or ()
    chosen = next((run_id for run_id in linked if run_id in by_id), default.id)
    key = f"picked_{name}"
    st.session_state[key] = chosen
    st.selectbox(
        label,
        list(by_id),
        format_func=labels.__getitem__,
        key=key,
        on_change=lambda: _link(name, [st.session_state[key]], [default.id]),
        help=help,
    )
    return by_id[chosen]


def _link(name: str, chosen: list[str], usual: list[str]) -> None:
    state.link_ids(name, None if chosen == usual else chosen)


def readable_runs(*names: str) -> list[Run]:
    """The newest runs, and those chosen under these `names` in the URL, however old they are.

    Those are left out whose configuration cannot be read.
    """
    linked = {run_id for name in names for run_id in state.linked_ids(name) or ()}
    runs = []
    for place, run in enumerate(store.list()):
        if place >= _MOST and run.id not in linked:
            continue
        with suppress(RunError):
            _ = run.record
            runs.append(run)
    return runs


def label_runs(runs: Iterable[Run]) -> dict[str, str]:
    """By its id, what tells each run from the others: its name and when it was created."""
    return tell_apart({run.id: _label(run) for run in runs})


def tell_apart(labels: Mapping[str, str]) -> dict[str, str]:
    """The labels of runs by their ids, with the end of the id where several runs share one.

    A control finds the chosen option by its label: of equal ones it would take the last.
    """
    times = Counter(labels.values())
    return {
        run_id: label if times[label] == 1 else f"{label} · {run_id[-_ID_END:]}"
        for run_id, label in labels.items()
    }


def dated_label(name: str, record: Record) -> str:
    """A run's name and when it was created."""
    return f"{name} · {record.created.astimezone():%d %b %H:%M:%S}"


def name_runs(runs: Sequence[Run]) -> dict[Run, str]:
    """What to call each run among the others: its name, with the time if several share it."""
    times, labels = Counter(run.name for run in runs), label_runs(runs)
    return {run: run.name if times[run.name] == 1 else labels[run.id] for run in runs}


def _label(run: Run) -> str:
    try:
        return dated_label(run.name, run.record)
    except (DamagedRunError, RunNotFoundError):
        return f"damaged run {run.id}"
