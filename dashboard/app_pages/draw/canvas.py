"""Where a digit comes from: the square to draw on, or a picture file."""

from typing import Any, NamedTuple

import streamlit as st
from streamlit_drawable_canvas import st_canvas

from core.data import Images
from core.drawing import find_ink
from core.drawing.photograph import (
    FORMATS,
    MAX_FILE_BYTES,
    FoundInk,
    PictureError,
    read_picture,
    turn_upright,
)
from dashboard import text
from dashboard.live.kept_drawing import (
    keep_drawing,
    keep_in_browser,
    read_kept_drawing,
)
from dashboard.live.square import SIDE, decode_canvas, decode_url
from dashboard.parts.controls import choose

SCENE = "draw"
"""Of all parts of the page that the browser draws."""
_INK, _PAPER = "#FFFFFF", "#000000"
_DRAW, _FILE = "Draw", "Picture file"
_SOURCE = "digit_source"
_INITIAL = "_initial_drawing"
"""What the square on the page began with: a picture's URL, or ""."""
_NUMBER = "_canvas"
"""How many canvases this session has cleared: another number makes another canvas."""


class Picked(NamedTuple):
    """What the user drew or gave."""

    canvas: Images
    """As `core.drawing` takes it."""
    source: str
    """The square or the file that it is of: another after Clear, or for another file."""
    note: str = ""
    """What was left out of a picture, as a sentence; "" if nothing."""


def pick_canvas() -> Picked | None:
    """Let the user draw, or give a picture; None if there is nothing yet."""
    source = choose(
        "Where the digit comes from",
        [_DRAW, _FILE],
        _SOURCE,
        label_visibility="collapsed",
    )
    drawn = st.container()
    with st.container(horizontal=True):
        st.button(
            "Clear",
            icon=":material/ink_eraser:",
            key="clear_canvas",
            on_click=clear_canvas,
        )
        width = _pick_width() if source == _DRAW else 0
    with drawn:
        picked = _draw(width) if source == _DRAW else _read_file()
    if source == _DRAW:
        keep_in_browser()
    return picked


def has_square() -> bool:
    """Whether there is a square to draw on, and not a picture file."""
    return bool(st.session_state.get(_SOURCE, _DRAW) == _DRAW)


def clear_canvas() -> None:
    """Have the page begin with an empty square, or without a picture: whichever it shows."""
    st.session_state[_NUMBER] = st.session_state.get(_NUMBER, 0) + 1
    if st.session_state.get(_SOURCE) == _DRAW:
        keep_drawing(None)


def _pick_width() -> int:
    with st.popover("Pen", icon=":material/line_weight:"):
        return st.slider(
            "Pen width",
            4,
            48,
            20,
            key="pen_width",
            bind="query-params",
            width=SIDE,
            help="In pixels of the square's 280. MNIST's strokes would be about 20 wide.",
        )


def _draw(width: int) -> Picked | None:
    """What is drawn, (280, 280, 4), light on dark. Undo and redo are the component's own."""
    square = st.container()
    kept = read_kept_drawing()
    if kept is None:  # drawn now, a stroke would be lost with what the browser kept
        square.container(width=SIDE, height=SIDE, border=True)
        return None
    key = f"canvas_{st.session_state.get(_NUMBER, 0)}"
    if key not in st.session_state:
        st.session_state[_INITIAL] = kept
    initial: str = st.session_state.get(_INITIAL, "")
    with square:
        drawn: Any = st_canvas(
            stroke_width=width,
            stroke_color=_INK,
            background_color=_PAPER,
            width=SIDE,
            height=SIDE,
            initial_drawing=_as_fabric(initial) if initial else None,
            return_image_data=True,
            key=key,
        )
    canvas = decode_canvas(drawn)
    if canvas is None:  # it sends nothing before the first stroke
        canvas = decode_url(initial) if initial else None
    is_empty = canvas is None or not find_ink(canvas).any()
    keep_drawing(None if is_empty else canvas)
    return None if canvas is None else Picked(canvas, key)


def _as_fabric(drawing: str) -> dict[str, Any]:
    """A picture's URL as what the canvas begins with."""
    corner = {"left": 0, "top": 0, "originX": "left", "originY": "top"}
    return {"objects": [{"type": "Image", "src": drawing, **corner}]}


def _read_file() -> Picked | None:
    file = st.file_uploader(
        "Digits on even paper",
        [name.lower() for name in (*FORMATS, "JPG")],
        max_upload_size=MAX_FILE_BYTES // 1_000_000,
        key=f"picture_{st.session_state.get(_NUMBER, 0)}",
        help="A photograph or a scan, dark on light or light on dark. The light may be uneven, the "
        "paper ruled, and the digits in frames.",
    )
    if file is None:
        return None
    try:
        found = read_picture(file.getvalue())
    except PictureError as error:
        st.error(f"{text.escape(file.name)}: {text.escape(error)}.", icon=":material/broken_image:")
        return None
    st.image(turn_upright(file.getvalue()), width=SIDE, alt="The picture as it came")
    if not found.canvas.any():
        st.warning("No digit was found on this picture.", icon=":material/search_off:")
    return Picked(found.canvas, file.file_id, _describe_left_out(found))


def _describe_left_out(found: FoundInk) -> str:
    match found.has_frame, found.has_ruling:
        case True, True:
            return "A frame and ruled lines were left out."
        case True, False:
            return "A frame was left out."
        case False, True:
            return "Ruled lines were left out."
    return ""
