"""A run as it stands: progress, figures and curves, and what can be requested of it."""

import threading
from contextlib import suppress
from functools import partial

import pandas as pd
import streamlit as st

from core.analysis.histories import BEST_EPOCH, best_epoch
from core.config import bounds
from core.data import Floats
from core.runs import Run
from core.runs.errors import DamagedRunError, RunError, RunNotFoundError
from core.runs.status import Request, State, Status
from core.runs.summary import summarize
from dashboard import text
from dashboard.access.visitor import may_change
from dashboard.app_pages.train.result import render_result
from dashboard.app_pages.train.ten_digits import TEN_DIGITS, read_ten_digits
from dashboard.charts.curves import SERIES, CurveStyle, draw_curve, with_live_point
from dashboard.charts.weights import NOT_FINITE, draw_weights, has_marks
from dashboard.live.components import describe_network, render_strip
from dashboard.parts.epoch_slider import nearest_kept_epoch
from dashboard.parts.findings import overfits_from, render_findings
from dashboard.parts.messages import render_damage, show_message
from dashboard.parts.metrics import render_metric
from dashboard.parts.run_curves import pick_log_loss, pick_series
from dashboard.parts.run_header import shown_state
from dashboard.parts.run_state import render_request_button
from dashboard.session import dialogs
from dashboard.session.cache import cached, cached_by_version, history_version, recent_version
from dashboard.session.follow import follow
from dashboard.session.live_refresh import RefreshRate, draw_live
from dashboard.session.queries import (
    queue_position,
    read_findings,
    read_history,
    read_test_probabilities,
)
from dashboard.session.server import server

# Panels are drawn one after another: at once they would be no quicker, as Python runs one thread at
# a time, and with a class watching they would wait for Streamlit's locks a hundred times each.
_drawing_lock = threading.Lock()
_refresh_rate = RefreshRate()
_PAUSE_HELP = (
    "Hold the training where it is, within a second. Resumed, it learns what it would have. After "
    "half a minute another run may have its place; then it waits for its turn."
)
_RESUME_HELP = "Go on from here, as if there had been no pause."
_STOP_HELP = (
    "End the training within a second, for good. The network is kept as it is then, and can be "
    "looked into on every page."
)
_DAMAGED = "This run is damaged"
SCENE = "train"
"""Of the network that the run has after its last epoch."""


def render_live_panel(run: Run) -> None:
    """Draw the run, and again several times a second for as long as it trains."""
    with suppress(RunNotFoundError):
        state = shown_state()
        if state and state.is_active:
            draw_live(partial(_render, run, state), _refresh_rate)
            return
        follow(run)
    st.fragment(_render)(run)


def _render(run: Run, state: State | None = None, every: float | None = None) -> None:
    """`state` is that of the page's head."""
    show_message()
    with _drawing_lock:
        try:
            _render_panel(run, state, every)
        except RunNotFoundError:  # at any moment
            st.warning("This run was deleted.", icon=":material/delete:")
        except DamagedRunError as error:
            render_damage(error, _DAMAGED)


def _render_panel(run: Run, state: State | None, every: float | None) -> None:
    status, history = cached(_read, run)
    if every and status.state is not state:
        st.rerun()  # the page's head says so; after a run it ends the timer
    if status.state is State.DAMAGED:
        render_damage(status.error, _DAMAGED)
        return
    _render_progress(run, status, history)
    # What is drawn for one is drawn for all who draw within half that time: a class sees it as one.
    max_age = every / 2 if every else 0.0
    may_control = status.state.is_active and may_change(run)
    if may_control:
        _render_requests(run, status)
    elif status.state.is_active:
        st.caption(f"A run of {text.escape(run.record.owner)}: you may watch, not change it.")
    if not status.state.is_active and len(history):
        render_result(cached(summarize, run).results, status, history)
    elif len(history) or status.running_loss is not None:
        cached_by_version(recent_version(run, max_age), _render_figures, run)
    if not status.state.is_active:
        render_findings(run, read_findings(run))
    if len(history) or status.running_loss is not None:
        _render_curves(run, max_age)
    if may_control and status.base_learning_rate:
        _render_rate(run)
    if status.state.is_active:  # at the end, where they move nothing as they come and go
        with st.container():
            render_findings(run, read_findings(run))
    if len(history):
        _render_network(run, len(history))


def _read(run: Run) -> tuple[Status, pd.DataFrame]:
    status = run.status
    if status.state is State.DAMAGED:
        return status, pd.DataFrame()
    return status, read_history(run)  # a status comes six times a second


def _render_progress(run: Run, status: Status, history: pd.DataFrame) -> None:
    config = run.config
    problem = server().engine.queue.problems.get(run.id) if status.state.is_active else None
    if problem:
        sentence = f"{problem}. It goes on by itself once it can be."
        st.warning(text.escape(sentence), icon=":material/save:")
    if status.state is State.FAILED:
        st.error(text.escape(status.error), title="This run failed", icon=":material/error:")
        return
    if status.state is State.QUEUED:
        st.caption(_queue_sentence(run))
        return
    done = len(history) + (status.batch / config.batches if status.epoch > len(history) else 0)
    if status.state.is_active:
        st.progress(min(done / config.epochs, 1.0), _progress_sentence(run, status))
    if status.state is State.PAUSED and queue_position(run):  # resumed, without a worker as yet
        st.caption(_queue_sentence(run))
    if status.is_silent and not problem:
        st.warning(
            "The process that trained this run gives no sign of life. The run goes on from its "
            "last epoch as soon as a worker is free.",
            icon=":material/heart_broken:",
        )


def _queue_sentence(run: Run) -> str:
    if server().engine.problem:
        return f"Waiting: {server().engine.problem}."
    place = queue_position(run)
    if place is None:
        return "Starting …"
    ahead, seconds = place
    waiting = f"{text.number_of(ahead, 'run')} before it" if ahead else "it is the next"
    return f"Waiting for its turn: {waiting}, starts in {text.about(seconds)}."


def _progress_sentence(run: Run, status: Status) -> str:
    config = run.config
    parts = [
        f"Epoch {status.epoch} of {config.epochs}",
        f"batch {status.batch} of {config.batches}",
    ]
    if status.seconds_per_epoch:
        parts.append(f"{text.duration(status.seconds_per_epoch)} per epoch")
    if status.seconds_left is not None:
        parts.append(f"{text.about(status.seconds_left)} left")
    return " · ".join(parts)


def _render_requests(run: Run, status: Status) -> None:
    request, change = run.control.request, partial(_request, run)
    stops = request is Request.STOP or status.state is State.STOPPING
    with st.container(horizontal=True):
        if request is Request.PAUSE:
            render_request_button(Request.RUN, change, _RESUME_HELP)
        else:
            no_pause = stops or status.state is State.QUEUED
            render_request_button(Request.PAUSE, change, _PAUSE_HELP, disabled=no_pause)
        render_request_button(Request.STOP, change, _STOP_HELP, disabled=stops)


def _request(run: Run, request: Request | None = None, learning_rate: float | None = None) -> None:
    """Request it of the training, or have the panel say why it cannot be requested."""
    try:
        run.request(request, learning_rate)
    except RunError as error:  # deleted since the page was drawn, or not to be written
        dialogs.keep_message(f"{error}.")


def _render_figures(run: Run) -> None:
    status, history = _read(run)
    with st.grid(4, min_column_width=130):
        if len(history):
            last = history.iloc[-1]
            # Of losses that are all not finite none is the best.
            best = history.set_index("epoch").loc[best_epoch(history, run.config.min_delta) or 1]
            highest = history.loc[history["validation_accuracy"].idxmax()]
            render_metric(
                "Validation accuracy",
                text.percent(last["validation_accuracy"]),
                f"highest {text.percent(highest['validation_accuracy'])}, "
                f"epoch {highest['epoch']:.0f}",
            )
            render_metric(
                "Validation loss",
                f"{last['validation_loss']:.4f}",
                f"best {best['validation_loss']:.4f}, epoch {best.name}",
                BEST_EPOCH,
            )
        if status.running_loss is not None and status.running_accuracy is not None:
            st.metric("Accuracy while fitting", text.percent(status.running_accuracy))
            st.metric("Loss while fitting", f"{status.running_loss:.4f}")


def _render_curves(run: Run, max_age: float) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        series = pick_series("curve_series", list(SERIES), persist_state="session")
        log_loss = pick_log_loss("log_loss", persist_state="session")
    if not series:
        st.info("Choose a series to see its curves.", icon=":material/show_chart:")
        return
    cached_by_version(recent_version(run, max_age), _draw_curves, run, CurveStyle(series, log_loss))


def _draw_curves(run: Run, style: CurveStyle) -> None:
    config, (status, history) = run.config, _read(run)
    best, epochs = best_epoch(history, config.min_delta), len(history)
    overfits = overfits_from(read_findings(run)) if epochs else None
    if status.state.is_active:
        epochs = config.epochs
        history = with_live_point(history, status, config.batches)
    names = ", ".join(SERIES[name].lower() for name in style.series)
    with st.grid(2, min_column_width=300):
        for metric in ("loss", "accuracy"):
            axis = ", logarithmic" if style.is_logarithmic(metric) else ""
            st.echarts_chart(
                draw_curve(history, metric, style, epochs, best, config.learning_rate, overfits),
                key=f"{metric}_curve",
                height=300,
                alt=f"{metric.title()}{axis} by epoch of the run {run.name}: {names}",
            )


def _render_rate(run: Run) -> None:
    current = run.control.learning_rate or run.config.learning_rate
    # Another rate is another slider, which begins at it. Were it set on the same one, a browser
    # too slow to draw that message before the next would begin at the lowest, and ask for it.
    counted = f"live_rate_{run.id}"
    shown, count = st.session_state.get(counted, (None, 0))
    if shown != current:
        count += 1
        st.session_state[counted] = current, count
    key = f"{counted}_{count}"
    st.select_slider(
        "Learning rate from now on",
        bounds("learning_rate").steps(current),
        value=current,
        key=key,
        format_func=text.short_number,
        on_change=lambda: _request(run, learning_rate=st.session_state[key]),
        help="Acts on the running training from its next batch on. The curves mark the change.",
    )


def _render_network(run: Run, epoch: int) -> None:
    """Draw the first-layer pictures and the ten digits' probabilities as they are after `epoch`."""
    try:
        with st.grid(2, min_column_width=300):
            with st.container():
                cached_by_version(history_version(run), _draw_first_layer, run, epoch)
            with st.container():
                _render_strip(run, epoch)
    except DamagedRunError as error:
        st.caption(text.escape(error))


def _draw_first_layer(run: Run, epoch: int) -> None:
    weights = run.first_layer(epoch)
    units = run.config.hidden[0] if run.config.hidden else len(weights)
    count = f"{len(weights)} of {units}" if len(weights) < units else f"{units}"
    st.markdown(
        f"First layer, {count} units",
        help="The weights from the 784 pixels to each unit: red adds, blue takes away. From noise "
        "they grow into detectors of strokes.",
    )
    st.image(draw_weights(weights), width="stretch", alt="First-layer weights as pictures")
    if has_marks(weights):
        st.caption(NOT_FINITE)


def _render_strip(run: Run, epoch: int) -> None:
    st.markdown(
        "Ten test digits, and your last drawing",
        help="What the network thinks of ten images that it never trains on, and of what you drew "
        "last: a column an image, a row a class, the stronger its colour the surer. Press an image "
        "to see above how the network reads it.",
    )
    render_strip(
        SCENE,
        describe_network(run, nearest_kept_epoch(run, epoch)),
        read_ten_digits(),
        cached_by_version(history_version(run), _read_ten_answers, run, epoch),
        training=run.status.state.is_active,
    )


def _read_ten_answers(run: Run, epoch: int) -> Floats:
    answers: Floats = read_test_probabilities(run, epoch)[TEN_DIGITS]
    return answers
