"""Inside a network while it trains: its first weights, and its answers to ten digits."""

from typing import Any

import streamlit as st

from core.data import load_mnist
from core.runs import Run
from core.runs.errors import DamagedRunError
from dashboard import text
from dashboard.charts.strips import draw_answers, draw_weights, encode_png
from dashboard.session.queries import test_probabilities
from dashboard.session.sharing import history_version, shared_as_of

# The first test image of each digit, 0 to 9.
_TEN_DIGITS = [3, 2, 1, 18, 4, 8, 11, 0, 61, 7]


def render_live_network_strip(run: Run, epoch: int) -> None:
    """Draw the first-layer pictures and the ten digits' probabilities as they are after `epoch`."""
    try:
        shared_as_of(history_version(run), _draw, run, epoch)
    except DamagedRunError as error:
        st.caption(text.plain(error))


def _draw(run: Run, epoch: int) -> None:
    units, picture, answers = _read(run, epoch)
    with st.grid(2, min_column_width=300):
        with st.container():
            st.markdown(
                _units(run, units),
                help="The weights from the 784 pixels to each unit: red adds, blue takes away. "
                "From noise they grow into detectors of strokes.",
            )
            st.image(picture, width="stretch", alt="First-layer weights as pictures")
        with st.container():
            st.markdown(
                "Ten test digits",
                help="What the network thinks of ten images that it never trains on: a column an "
                "image, a row a class, darker the surer.",
            )
            st.echarts_chart(
                answers,
                key="ten_digits",
                height=250,
                alt="Probabilities of ten test digits",
            )


def _units(run: Run, shown: int) -> str:
    units = run.config.hidden[0] if run.config.hidden else shown
    return (
        f"First layer, {shown} of {units} units" if shown < units else f"First layer, {units} units"
    )


def _read(run: Run, epoch: int) -> tuple[int, bytes, dict[str, Any]]:
    weights = run.first_layer(epoch)
    probabilities = test_probabilities(run, epoch)[_TEN_DIGITS]
    answers = draw_answers(load_mnist().x_test[_TEN_DIGITS], probabilities)
    return len(weights), encode_png(draw_weights(weights)), answers
