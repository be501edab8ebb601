"""A sweep as it stands: its progress, its best trial so far, and the buttons that change it."""

from collections.abc import Callable
from functools import partial
from typing import TypeVar

import pandas as pd
import streamlit as st

from core.config import hyperparameter
from core.runs.status import Request, State
from core.sweep.config import TRIALS, Sampler
from core.sweep.store import Sweep, SweepError, SweepStatus
from dashboard import text
from dashboard.access.visitor import may_change
from dashboard.app_pages.sweep.sweep_best import render_best
from dashboard.app_pages.sweep.sweep_figures import render_figures
from dashboard.parts.messages import render_damage, show_message
from dashboard.parts.run_state import render_request_button, render_title_with_state
from dashboard.session import dialogs
from dashboard.session.live_refresh import RefreshRate, draw_live
from dashboard.session.queries import estimate_trial_seconds, sweep_seconds, sweep_trials
from dashboard.session.server import server

T = TypeVar("T")

_EXTEND_BY = 10
_REQUESTS = {
    Request.PAUSE: (
        "Begin no more runs. Those under way go on to their end.",
        {State.RUNNING},
    ),
    Request.RUN: ("Begin runs again.", {State.PAUSED, State.STOPPING, State.STOPPED}),
    Request.STOP: (
        "Begin no more runs, and stop those under way. What was tried is kept, and the sweep "
        "can be resumed.",
        {State.RUNNING, State.PAUSED},
    ),
}
"""Help of each button, and the states in which it is drawn."""
_live = RefreshRate(fastest=1.0)
_idle = RefreshRate(fastest=5.0)  # another visitor may extend the sweep, or train its best again


def render_sweep_panel(sweep: Sweep) -> None:
    """Draw the sweep, and again every few seconds, more often while it goes on."""
    try:
        has_work = sweep.has_work
    except SweepError as error:
        render_damage(error, "This sweep is damaged")
        return
    rate = _live if has_work else _idle
    draw_live(lambda every: _render(sweep, has_work), rate)


def _render(sweep: Sweep, had_work: bool) -> None:
    try:
        if had_work != sweep.has_work:
            st.rerun()  # which sets the other rate
        show_message()
        status, trials = sweep.status, sweep_trials(sweep)
    except SweepError as error:
        render_damage(f"{error}.", "This sweep cannot be shown")
        return
    _render_head(sweep)
    _render_progress(sweep, status, trials)
    if may_change(sweep):
        _render_requests(sweep)
    if status.best_trial is not None:
        render_best(sweep, trials)
    if len(trials):
        render_figures(sweep, trials)


def _render_head(sweep: Sweep) -> None:
    render_title_with_state(sweep.name, sweep.state)
    config = sweep.config
    ranges = [f"{hyperparameter(name).title} {space}" for name, space in config.vary.items()]
    seeds = f", {config.seeds} seeds each" if config.seeds > 1 else ""
    search = config.sampler.upper() if config.sampler is Sampler.TPE else config.sampler.title()
    words = f"{search} search over {'; '.join(ranges)}{seeds}."
    if fixed := config.base.summary(without=config.vary):
        words += f" The same in all trials: {fixed}."
    st.caption(text.escape(words))


def _render_progress(sweep: Sweep, status: SweepStatus, trials: pd.DataFrame) -> None:
    parts = [f"{status.done} of {sweep.planned} trials"]
    if status.in_flight:
        parts.append(f"{status.in_flight} under way")
    if status.cut:
        parts.append(f"{status.cut} cut short")
    if sweep.state is State.RUNNING:
        parts.append(f"{text.about(_seconds_left(sweep, status, trials))} left")
    st.progress(min(status.done / sweep.planned, 1.0), " · ".join(parts))
    if problem := status.problem or server().engine.problem:
        st.warning(f"It does not go on: {text.escape(problem)}.", icon=":material/warning:")


def _seconds_left(sweep: Sweep, status: SweepStatus, trials: pd.DataFrame) -> float:
    """By what its trials took on average, or is expected of them before the first has ended."""
    mean = trials["seconds"].mean()
    seconds = estimate_trial_seconds(sweep.config)[0] if pd.isna(mean) else float(mean)
    return sweep_seconds(sweep.planned - status.done, seconds)


def _render_requests(sweep: Sweep) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        for request, (explanation, states) in _REQUESTS.items():
            if sweep.state in states:
                change = partial(_change, sweep.request)
                render_request_button(request, change, explanation, key="sweep_ask")
        if sweep.config.sampler is not Sampler.GRID and sweep.planned < TRIALS.high:
            _render_extend(sweep)


def _render_extend(sweep: Sweep) -> None:
    with st.popover("More trials", icon=":material/add:"):
        trials = st.number_input(
            "Trials in all",
            sweep.planned + 1,
            int(TRIALS.high),
            value=min(sweep.planned + _EXTEND_BY, int(TRIALS.high)),
            key=f"sweep_extend_{sweep.planned}",
            help="The search goes on with what it has learned so far.",
        )
        st.button("Go on", key="sweep_extend", on_click=_change, args=(sweep.extend, trials))


def _change(change: Callable[[T], None], value: T) -> None:
    """Call a method of the sweep, and have the server obey at once."""
    try:
        change(value)
    except SweepError as error:
        dialogs.keep_message(f"{error}.")
    server().sweep_supervisor.wake()
