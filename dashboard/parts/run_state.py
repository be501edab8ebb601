"""The state of a run or a sweep: a badge beside its title, and buttons that request another."""

from collections.abc import Callable
from typing import Literal

import streamlit as st

from core.runs.status import Request, State
from dashboard import text

_BADGES: dict[State, tuple[Literal["gray", "blue", "orange", "green", "red"], str]] = {
    State.QUEUED: ("gray", ":material/hourglass_empty:"),
    State.RUNNING: ("blue", ":material/play_arrow:"),
    State.PAUSED: ("orange", ":material/pause:"),
    State.STOPPING: ("orange", ":material/stop:"),
    State.FINISHED: ("green", ":material/check:"),
    State.STOPPED: ("gray", ":material/stop:"),
    State.FAILED: ("red", ":material/error:"),
    State.DAMAGED: ("red", ":material/broken_image:"),
}
_REQUESTS = {
    Request.PAUSE: ("Pause", ":material/pause:"),
    Request.RUN: ("Resume", ":material/play_arrow:"),
    Request.STOP: ("Stop", ":material/stop:"),
}


def render_state(state: State) -> None:
    """Draw a badge that shows the state."""
    color, icon = _BADGES[state]
    st.badge(state.value, color=color, icon=icon)


def render_title_with_state(name: str, state: State) -> None:
    """Draw the name, with a badge that shows the state beside it."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.header(text.escape(name), anchor=False, width="content")
        render_state(state)


def render_request_button(
    request: Request,
    on_click: Callable[[Request], None],
    help: str,
    key: str = "ask",
    disabled: bool = False,
) -> None:
    """Draw the button; `key` begins its key, which ends with the request."""
    label, icon = _REQUESTS[request]
    st.button(
        label,
        icon=icon,
        key=f"{key}_{request}",
        help=help,
        on_click=on_click,
        args=(request,),
        disabled=disabled,
    )
