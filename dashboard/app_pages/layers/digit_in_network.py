"""One test digit on its way through a network: what it sets off, and which pixels mattered."""

import random

import numpy as np
import numpy.typing as npt
import streamlit as st

from core.config import CLASSES, TEST_SET
from core.data import load_mnist
from core.engine import calls
from core.runs import Run
from dashboard.charts.answer import draw_answer
from dashboard.charts.images import enlarge
from dashboard.charts.weights import color_weights
from dashboard.parts.activations import render_layer
from dashboard.parts.disputed import render_disputed_badge
from dashboard.parts.epoch_slider import pick_kept_epoch
from dashboard.session.sharing import ask_worker

_INDEX_KEY = "layers_digit"
_SIDE = 8
"""Each pixel of a picture is a square of so many on the screen."""


def render_digit(run: Run) -> None:
    """Draw the test digit that the reader chooses, and what it sets off in each layer.

    After the epoch that the reader chooses, where the run keeps the network of it.
    """
    epoch = pick_kept_epoch(run)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        index = _pick_index()
        speaker = _pick_class()
    image, true = load_mnist().x_test[index], int(load_mnist().y_test[index])
    reading = ask_worker(calls.read_image, run, epoch, image, speaker)
    predicted = int(reading.probabilities.argmax())
    speaker = predicted if speaker is None else speaker
    _render_head(index, true, predicted)
    with st.grid(3, min_column_width=240):
        with st.container():
            st.markdown("The digit")
            st.image(enlarge(image, _SIDE), alt=f"Test image {index}, a {true}")
        with st.container():
            _render_evidence(reading.evidence, speaker)
        with st.container():
            st.markdown(f"What the network takes it for after epoch {epoch}, %")
            st.echarts_chart(
                draw_answer(reading.probabilities, true),
                key="inner_answer",
                height=240,
                alt="Answer",
            )
    for number, (name, values) in enumerate(reading.activations.items(), start=1):
        render_layer(number, name, values)


def _pick_index() -> int:
    index = st.number_input(
        "Test image",
        0,
        TEST_SET - 1,
        value=0,
        key=_INDEX_KEY,
        bind="query-params",
        width=180,
        help="Its number among the 10,000 test images, from 0.",
    )
    st.button("Another", icon=":material/casino:", key="random_digit", on_click=_choose_any)
    return index


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


def _render_head(index: int, true: int, predicted: int) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(
            f"No. {index:,}: true label **{true}**, predicted **{predicted}**", width="content"
        )
        right = true == predicted
        st.badge("right" if right else "wrong", color="green" if right else "red")
        render_disputed_badge(index)


def _render_evidence(evidence: npt.NDArray[np.float32], digit: int) -> None:
    st.markdown(f"What speaks for a **{digit}**: red for it, blue against")
    st.image(
        enlarge(color_weights(evidence[None])[0], _SIDE),
        alt=f"Pixels that speak for or against a {digit}",
    )
