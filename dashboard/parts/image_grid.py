"""A grid of digits, of which the user may click one."""

from collections.abc import Callable, Sequence

import streamlit as st
from streamlit.typing import PlotlyState

from core.data import Images
from dashboard.charts.images import GRID_CONFIG, draw_image_grid


def pick_image(
    images: Images,
    captions: Sequence[str] | None = None,
    *,
    key: str,
    alt: str,
    columns: int = 10,
    size: int = 72,
    on_pick: Callable[[int], object] | None = None,
) -> int | None:
    """Draw the images, uint8 (n, 28, 28); return the place of the one clicked, from 0, or None.

    `on_pick` is called with that place when it is clicked, before the page runs again: also when it
    is clicked a second time, which clears the selection. `captions` and `size` are those of
    `draw_image_grid`.
    """
    last = f"{key}_clicked"

    def report() -> None:
        place = _place(st.session_state[key])
        if place is not None:
            st.session_state[last] = place
        if on_pick and last in st.session_state:
            on_pick(st.session_state[last])

    event = st.plotly_chart(
        draw_image_grid(images, captions, columns, size=size),
        key=key,
        on_select=report,
        selection_mode="points",
        config=GRID_CONFIG,
        alt=alt,
    )
    return _place(event)


def _place(event: PlotlyState) -> int | None:
    points = event.selection.points
    return int(points[0]["point_index"]) if points else None
