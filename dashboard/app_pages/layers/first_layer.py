"""The first layer's weights as pictures, the strongest first."""

import math

import streamlit as st

from core.config import CLASSES
from core.engine import calls
from core.runs import Run
from dashboard import text
from dashboard.charts.images import enlarge
from dashboard.charts.weights import NOT_FINITE, color_weights, has_marks
from dashboard.session.cache import call_worker

_A_PAGE = 40
_MIN_WIDTH = 110
"""Least width of a picture in pixels."""


def render_first_layer(run: Run, epoch: int) -> None:
    """Draw the weights from the 784 pixels to each unit of the first layer."""
    st.caption(
        "The weights from the pixels to each unit: red adds, blue takes away, white is zero. Each "
        "picture is scaled by its own largest weight. The units with the largest weights (by norm: "
        "the root of the sum of their squares) come first, as they stand at the end."
    )
    grid = st.grid("auto", min_column_width=_MIN_WIDTH)
    count = (*run.config.hidden, CLASSES)[0]
    pages = -(-count // _A_PAGE)
    page = st.pagination(pages, key="units_page", bind="query-params") if pages > 1 else 1
    # No more than is shown: the answers are kept, one for each epoch of a run that is watched.
    function = calls.first_layer_weights
    images, units, norms = call_worker(function, run, epoch, (page - 1) * _A_PAGE, _A_PAGE)
    for picture, unit, norm in zip(color_weights(images), units, norms, strict=True):
        grid.image(
            enlarge(picture),
            f"unit {unit}, norm {text.decimal(norm) if norm < math.inf else 'too large'}",
            width="stretch",
            alt=f"Weights of unit {unit}",
        )
    if has_marks(images):
        st.caption(NOT_FINITE)
