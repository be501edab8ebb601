"""What the title of a run or a sweep says of its state."""

from typing import Literal

import streamlit as st

from core.runs.status import State
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


def render_title_with_state(name: str, state: State) -> None:
    """Draw the name, with a badge that shows the state beside it."""
    color, icon = _BADGES[state]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader(text.plain(name), anchor=False, width="content")
        st.badge(state.value, color=color, icon=icon)
