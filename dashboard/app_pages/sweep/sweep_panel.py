"""A sweep as it stands: progress, the best so far, and what one may ask of it meanwhile."""

from collections.abc import Callable
from functools import partial

import pandas as pd
import streamlit as st

from core.config import RunConfig
from core.runs.errors import RunError
from core.runs.status import Request, State
from core.sweep.config import TRIALS, Sampler
from core.sweep.store import Sweep, SweepError, SweepStatus
from dashboard import text
from dashboard.access.visitor import may_change
from dashboard.app_pages.sweep.sweep_best import find_repeats, render_best
from dashboard.app_pages.sweep.sweep_figures import render_figures
from dashboard.parts.live_panel import BADGES
from dashboard.session import dialogs, state
from dashboard.session.live_refresh import Pace, draw_live
from dashboard.session.queries import sweep_trials
from dashboard.session.server import server

_EVERY = 1.0  # seconds at least between two looks at a sweep that goes on
_IDLE_EVERY = 5.0  # at one that does not: another may extend or resume it, or train its best again
_EXTEND_BY = 10
_pace = Pace(fastest=_EVERY)


def render_sweep_panel(sweep: Sweep) -> None:
    """Draw the sweep, and again every second or so for as long as it goes on."""
    try:
        has_work = sweep.has_work
    except SweepError as error:
        st.error(text.plain(error), title="This sweep is damaged", icon=":material/broken_image:")
        return
    if has_work:
        draw_live(partial(_render, sweep), _pace, state.visit())
    else:
        st.fragment(_render)(sweep)
        st.fragment(_watch, run_every=_IDLE_EVERY)(sweep, _mark(sweep))


def _watch(sweep: Sweep, seen: object) -> None:
    if _mark(sweep) != seen:
        st.rerun()


def _mark(sweep: Sweep) -> object:
    """Changes with whatever the panel shows of a sweep that has no work."""
    try:
        repeats = find_repeats(sweep, sweep_trials(sweep))
    except (SweepError, RunError) as error:
        return sweep.status, sweep.control, str(error)
    return sweep.status, sweep.control, [(one.id, one.status.state) for one in repeats]


def _render(sweep: Sweep, every: float | None = None) -> None:
    try:
        if (every is not None) != sweep.has_work:
            st.rerun()  # starts or ends the timer
        if remark := dialogs.pop_remark():
            st.toast(text.plain(remark), icon=":material/error:", duration="long")
        status, trials = sweep.status, sweep_trials(sweep)
    except SweepError as error:
        st.error(
            f"{text.plain(error)}.",
            title="This sweep cannot be shown",
            icon=":material/broken_image:",
        )
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
    color, icon = BADGES[sweep.state]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader(text.plain(sweep.name), anchor=False, width="content")
        st.badge(sweep.state.value, color=color, icon=icon)
    config = sweep.config
    ranges = [
        f"{RunConfig.model_fields[name].title} {space}" for name, space in config.vary.items()
    ]
    seeds = f", {config.seeds} seeds each" if config.seeds > 1 else ""
    search = config.sampler.upper() if config.sampler is Sampler.TPE else config.sampler.title()
    words = f"{search} search over {'; '.join(ranges)}{seeds}. Base: {config.base.summary()}."
    st.caption(text.plain(words))


def _render_progress(sweep: Sweep, status: SweepStatus, trials: pd.DataFrame) -> None:
    parts = [f"{status.done} of {sweep.planned} trials"]
    if status.in_flight:
        parts.append(f"{status.in_flight} under way")
    if status.cut:
        parts.append(f"{status.cut} cut short")
    if sweep.state is State.RUNNING and (left := _seconds_left(sweep, status, trials)):
        parts.append(f"about {text.duration(left)} left")
    st.progress(min(status.done / sweep.planned, 1.0), " · ".join(parts))
    if problem := status.problem or server().engine.problem:
        st.warning(f"It does not go on: {text.plain(problem)}.", icon=":material/warning:")


def _seconds_left(sweep: Sweep, status: SweepStatus, trials: pd.DataFrame) -> float | None:
    seconds = trials["seconds"].mean()
    left = sweep.planned - status.done
    if pd.isna(seconds) or not server().engine.slots:  # a cluster may have no worker at present
        return None
    return float(left * seconds / server().engine.slots)


def _render_requests(sweep: Sweep) -> None:
    stands = sweep.state
    with st.container(horizontal=True, vertical_alignment="center"):
        if stands is State.RUNNING:
            _ask("Pause", ":material/pause:", sweep, Request.PAUSE, _PAUSE_HELP)
        elif stands in {State.PAUSED, State.STOPPING, State.STOPPED}:
            _ask("Resume", ":material/play_arrow:", sweep, Request.RUN, "Begin runs again.")
        if stands in {State.RUNNING, State.PAUSED}:
            _ask("Stop", ":material/stop:", sweep, Request.STOP, _STOP_HELP)
        if sweep.config.sampler is not Sampler.GRID and sweep.planned < TRIALS.high:
            _render_extend(sweep)


def _ask(label: str, icon: str, sweep: Sweep, request: Request, explanation: str) -> None:
    st.button(
        label,
        icon=icon,
        key=f"sweep_ask_{request}",
        help=explanation,
        on_click=_and_wake(sweep.ask),
        args=(request,),
    )


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
        st.button("Go on", key="sweep_extend", on_click=_and_wake(sweep.extend), args=(trials,))


def _and_wake(act: Callable[..., None]) -> Callable[..., None]:
    def then_wake(*args: object) -> None:
        try:
            act(*args)
        except SweepError as error:
            dialogs.remark(f"{error}.")
        server().sweeper.wake()

    return then_wake


_PAUSE_HELP = "Begin no more runs. Those under way go on to their end."
_STOP_HELP = (
    "Begin no more runs, and stop those under way. What was tried is kept, and the sweep "
    "can be resumed."
)
