"""The first layer's weights as pictures: the kept network's by norm, or those after each epoch."""

import streamlit as st

from core.config import CLASSES
from core.engine import calls
from core.runs import Run
from core.runs.errors import DamagedRunError
from dashboard.charts.images import enlarge
from dashboard.charts.weights import color_weights, draw_weights
from dashboard.parts.controls import choose
from dashboard.parts.epoch_slider import pick_epoch
from dashboard.session.cache import call_worker

_KEPT, _EPOCHS = "as kept, by norm", "after each epoch"
_A_PAGE = 40
_COLUMNS = 8
_MIN_WIDTH = 110
"""Least width of a picture in pixels."""


def render_first_layer(run: Run) -> None:
    """Draw the weights from the 784 pixels to each unit of the first layer."""
    view = choose(
        "Show",
        [_KEPT, _EPOCHS],
        "first_layer_view",
        "All units of the network as the run kept it, the strongest first; or the first units as "
        "they grew while it trained.",
    )
    st.caption(
        "The weights from the pixels to each unit: red adds, blue takes away, white is zero. Each "
        "picture is scaled by its own largest weight."
    )
    if view == _KEPT:
        _render_kept(run)
    else:
        _render_epochs(run)


def _render_kept(run: Run) -> None:
    grid = st.grid("auto", min_column_width=_MIN_WIDTH)
    count = (*run.config.hidden, CLASSES)[0]
    pages = -(-count // _A_PAGE)
    page = st.pagination(pages, key="units_page", bind="query-params") if pages > 1 else 1
    # No more than is shown: the answers are kept, one for each epoch of a run that is watched.
    function = calls.first_layer_weights
    images, units, norms = call_worker(function, run, (page - 1) * _A_PAGE, _A_PAGE)
    for picture, unit, norm in zip(color_weights(images), units, norms, strict=True):
        grid.image(
            enlarge(picture),
            f"unit {unit}, norm {norm:.2f}",
            width="stretch",
            alt=f"Weights of unit {unit}",
        )


def _render_epochs(run: Run) -> None:
    try:
        epochs = len(run.first_layer())
    except DamagedRunError:
        epochs = 0
    if not epochs:
        st.info(
            "This run kept no pictures of its first layer while it trained. Runs that are trained "
            "now do.",
            icon=":material/photo_library:",
        )
        return
    epoch = pick_epoch(run, epochs, help="The first layer's weights after this epoch.")
    pictures = run.first_layer(epoch)
    st.markdown(f"The first {len(pictures)} units after epoch **{epoch}**")
    st.image(
        draw_weights(pictures, columns=_COLUMNS),
        width="stretch",
        alt=f"First-layer weights as pictures after epoch {epoch}",
    )
