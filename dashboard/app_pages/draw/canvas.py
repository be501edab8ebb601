"""Where a digit comes from: the square to draw on, or a picture file."""

from typing import Any

import streamlit as st
from streamlit_drawable_canvas import st_canvas

from core.data import Images
from core.drawing.photograph import (
    FORMATS,
    MAX_FILE_BYTES,
    PictureError,
    read_picture,
    turn_upright,
)
from dashboard import text
from dashboard.app_pages.draw.square import SIDE, decode_canvas
from dashboard.parts.controls import choose

_INK, _PAPER = "#FFFFFF", "#000000"
_DRAW, _FILE = "Draw", "Picture file"
_NUMBER = "_canvas"
"""How many canvases this session has cleared: another number makes another canvas."""


def pick_canvas() -> Images | None:
    """Let the user draw, or give a picture: a canvas as `core.drawing` takes it, or None."""
    source = choose(
        "Where the digit comes from",
        [_DRAW, _FILE],
        "digit_source",
        label_visibility="collapsed",
    )
    canvas = _draw() if source == _DRAW else _read_file()
    st.button(
        "Clear",
        icon=":material/ink_eraser:",
        key="clear_canvas",
        on_click=clear_canvas,
    )
    return canvas


def clear_canvas() -> None:
    """Have the page begin with an empty canvas."""
    st.session_state[_NUMBER] = st.session_state.get(_NUMBER, 0) + 1


def _draw() -> Images | None:
    """What is drawn, (280, 280, 4), light on dark. Undo and redo are the component's own."""
    square = st.container()
    width = st.slider(
        "Pen width",
        4,
        48,
        20,
        key="pen_width",
        width=SIDE,
        help="In pixels of the square's 280. MNIST's strokes would be about 20 wide.",
    )
    with square:
        drawn: Any = st_canvas(
            stroke_width=width,
            stroke_color=_INK,
            background_color=_PAPER,
            width=SIDE,
            height=SIDE,
            return_image_data=True,
            key=f"canvas_{st.session_state.get(_NUMBER, 0)}",
        )
    return decode_canvas(drawn)


def _read_file() -> Images | None:
    file = st.file_uploader(
        "One digit on even paper",
        [name.lower() for name in (*FORMATS, "JPG")],
        max_upload_size=MAX_FILE_BYTES // 1_000_000,
        key=f"picture_{st.session_state.get(_NUMBER, 0)}",
        help="A photograph or a scan, dark on light or light on dark; the light may be uneven.",
    )
    if file is None:
        return None
    try:
        found = read_picture(file.getvalue())
    except PictureError as error:
        st.error(f"{text.plain(file.name)}: {text.plain(error)}.", icon=":material/broken_image:")
        return None
    st.image(turn_upright(file.getvalue()), width=SIDE, alt="The picture as it came")
    if not found.any():
        st.warning("No digit was found on this picture.", icon=":material/search_off:")
    return found
