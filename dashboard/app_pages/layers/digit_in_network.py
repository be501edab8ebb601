"""One test digit on its way through a network: what it sets off, and which pixels mattered."""

import random

import streamlit as st

from core.config import CLASSES, TEST_SET
from core.data import load_mnist
from core.engine import calls
from core.runs import Run
from dashboard.charts.answer import draw_answer
from dashboard.charts.images import enlarge
from dashboard.parts.activations import render_activations, render_evidence
from dashboard.parts.data_image import pick_image_number, render_image_head
from dashboard.session.cache import call_worker

_INDEX_KEY = "layers_digit"


def render_digit_in_network(run: Run, epoch: int) -> None:
    """Draw the test digit that the user chooses, and what it sets off in each layer."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        with st.container(width=180):
            index = pick_image_number(_INDEX_KEY, placeholder="0") or 0
        st.button("Another", icon=":material/casino:", key="random_digit", on_click=_choose_any)
        digit = _pick_class()
    image, true = load_mnist().x_test[index], int(load_mnist().y_test[index])
    reading = call_worker(calls.read_image, run, epoch, image, digit)
    predicted = int(reading.probabilities.argmax())
    render_image_head(index, true, predicted)
    with st.grid(3, min_column_width=240):
        with st.container():
            st.markdown("The digit")
            st.image(enlarge(image, 8), alt=f"Test image {index}, a {true}")
        with st.container():
            render_evidence(reading.evidence, predicted if digit is None else digit)
        with st.container():
            st.markdown(f"What the network takes it for after epoch {epoch}")
            st.echarts_chart(
                draw_answer(reading.probabilities, true),
                key="inner_answer",
                height=240,
                alt="Answer",
            )
    render_activations(reading.activations)


def _choose_any() -> None:
    st.session_state[_INDEX_KEY] = random.randrange(TEST_SET)


def _pick_class() -> int | None:
    return st.pills(
        "Pixels that speak for",
        range(CLASSES),
        key="speaker",
        bind="query-params",
        help="Gradient times input: how the score of this digit, before softmax, depends on each "
        "pixel. Without a choice it is the digit that the network answers.",
    )
