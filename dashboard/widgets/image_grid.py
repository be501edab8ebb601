"""A grid of digits, of which the reader may click one."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import streamlit as st

from dashboard.charts.images import draw_image_grid


def pick_image(
    images: npt.NDArray[np.uint8],
    captions: Sequence[str] | None = None,
    *,
    key: str,
    alt: str,
    columns: int = 10,
) -> int | None:
    """Draw the images, uint8 (n, 28, 28); return the place of the one clicked, from 0, or None."""
    event = st.plotly_chart(
        draw_image_grid(images, captions, columns),
        key=key,
        on_select="rerun",
        selection_mode="points",
        config={"displayModeBar": False},
        alt=alt,
    )
    points = event.selection.points
    return int(points[0]["point_index"]) if points else None
