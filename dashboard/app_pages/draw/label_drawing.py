"""What the drawing was, told by who drew it: counted, and kept if they like."""

import numpy as np
import numpy.typing as npt
import streamlit as st

from core.config import CLASSES
from core.drawing.collection import DrawingError
from dashboard import text
from dashboard.access.visitor import visitor
from dashboard.session import state
from dashboard.session.server import server

_KEEP = "keep_drawing"


def ask_for_label(image: npt.NDArray[np.float32], answer: int) -> None:
    """Draw a button a digit: the drawer says what it was, and draws the next."""
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        st.markdown("It was a", width="content")
        for digit in range(CLASSES):
            st.button(
                str(digit),
                key=f"truth_{digit}",
                on_click=_tell,
                args=(digit, image, answer),
            )
    with st.container(horizontal=True, vertical_alignment="center"):
        st.toggle(
            "Keep it in My handwriting",
            value=True,
            key=_KEEP,
            bind="query-params",
            help="As the 28×28 that the network saw, with the digit that you say it was.",
        )
        right, total = state.drawing_score()
        if total:
            st.markdown(f"Read right: **{right} of {total}**", width="content")


def _tell(digit: int, image: npt.NDArray[np.float32], answer: int) -> None:
    if st.session_state[_KEEP]:
        try:
            server().drawings.add(image, digit, visitor().name)
        except DrawingError as error:
            message = f"It was not kept: {text.plain(error)}. It is still there, to try again."
            st.toast(message, icon=":material/error:", duration="long")
            return
    state.count_drawing(digit == answer)
    state.clear_canvas()
