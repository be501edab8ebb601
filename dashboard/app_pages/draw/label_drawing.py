"""Buttons by which the user labels the drawing; it is counted and, if wished, kept."""

from collections.abc import Callable

import streamlit as st

from core.config import CLASSES
from core.data import Floats
from core.drawing.collection import DrawingError
from dashboard import text
from dashboard.access.visitor import visitor
from dashboard.session.server import server

_KEEP = "keep_drawing"
_SCORE = "_drawing_score"
"""How many of the session's drawings were read right, of how many."""


def render_label_buttons(image: Floats, answer: int, finish: Callable[[], None]) -> None:
    """Draw a button for each digit; it counts and keeps the drawing, then calls `finish`."""
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        st.markdown("It was a", width="content")
        for digit in range(CLASSES):
            st.button(
                str(digit),
                key=f"truth_{digit}",
                on_click=_save_label,
                args=(digit, image, answer, finish),
            )
    with st.container(horizontal=True, vertical_alignment="center"):
        st.toggle(
            "Keep it in My handwriting",
            value=True,
            key=_KEEP,
            bind="query-params",
            help="As the 28×28 that the network saw, with the digit that you say it was.",
        )
        right, total = st.session_state.get(_SCORE, (0, 0))
        if total:
            st.markdown(f"Read right: **{right} of {total}**", width="content")


def _save_label(digit: int, image: Floats, answer: int, finish: Callable[[], None]) -> None:
    if st.session_state[_KEEP]:
        try:
            server().drawings.add(image, digit, visitor().name)
        except DrawingError as error:
            message = f"It was not kept: {text.escape(error)}. It is still there, to try again."
            st.toast(message, icon=":material/error:", duration="long")
            return
    right, total = st.session_state.get(_SCORE, (0, 0))
    st.session_state[_SCORE] = right + (digit == answer), total + 1
    finish()
