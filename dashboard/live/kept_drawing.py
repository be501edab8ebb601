"""The drawing outlives a change of page, by the session, and a reload, by the tab of the browser.

Nobody else sees it: it lies in the tab's session storage, under a name of the visitor's.
"""

import hashlib
from pathlib import Path

import streamlit as st

from core.data import Floats, Images
from core.drawing import to_mnist
from core.drawing.separate import separate_digits
from dashboard.access.visitor import visitor
from dashboard.live.square import decode_url, encode_url

_DRAWING = "_drawing"
"""The drawing of this session, a picture's URL, "" if there is none; missing until it is known."""
_COMPONENT = "kept_drawing"
_component = st.components.v2.component(
    "digit_lab_kept_drawing", js=Path(__file__).with_suffix(".js").read_text("utf-8")
)


def read_kept_drawing() -> str | None:
    """The drawing as it was kept last, a picture's URL, and "" if there is none.

    None until the browser has said what it keeps, a moment after the page has come.
    """
    drawing: str | None = st.session_state.get(_DRAWING)
    return drawing


def read_kept_image() -> Floats | None:
    """The first digit of the drawing that is kept as MNIST would have it, float32 (28, 28)."""
    square = decode_url(read_kept_drawing() or "")
    return None if square is None else to_mnist(separate_digits(square)[0])


def keep_drawing(square: Images | None) -> None:
    """Keep a drawing, uint8 (SIDE, SIDE, 4), or that there is none."""
    st.session_state[_DRAWING] = "" if square is None else encode_url(square)


def drawing_key() -> str:
    """Under which name the browser's tab keeps the visitor's drawing."""
    owner = hashlib.sha256(visitor().name.encode()).hexdigest()[:16]
    return f"digit-lab-drawing-{owner}"


def keep_in_browser() -> None:
    """Have the browser keep what is kept, or say what it keeps."""
    drawing = read_kept_drawing()
    _component(
        key=_COMPONENT,
        data={
            "name": drawing_key(),
            "is_known": drawing is not None,
            "drawing": drawing,
        },
        on_kept_change=_read_from_browser,
    )


def _read_from_browser() -> None:
    if read_kept_drawing() is None:
        keep_drawing(decode_url(st.session_state[_COMPONENT].get("kept")))
