"""One digit on its way through a network: what it sets off, and which pixels mattered."""

import random

import streamlit as st

from core.config import CLASSES, TEST_SET
from core.data import load_mnist
from core.engine import calls
from core.runs import Run
from dashboard.live.components import (
    PICTURE_HELP,
    Served,
    describe_network,
    render_answer,
    render_picture,
)
from dashboard.live.kept_drawing import (
    keep_in_browser,
    read_kept_drawing,
    read_kept_image,
)
from dashboard.parts.data_image import pick_image_number, render_image_head
from dashboard.parts.evidence import render_evidence
from dashboard.session.cache import call_worker

_INDEX_KEY = "layers_digit"
_SCENE = "layers"


def render_digit_in_network(run: Run, epoch: int) -> None:
    """Draw the digit that the user chooses, and what it sets off in each layer."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        is_drawn = st.toggle(
            "The digit last drawn",
            key="layers_drawn",
            bind="query-params",
            help="What you drew last on the page Draw, instead of a test image.",
        )
        if not is_drawn:
            with st.container(width=180):
                index = pick_image_number(_INDEX_KEY, placeholder="0") or 0
            st.button("Another", icon=":material/casino:", key="random_digit", on_click=_choose_any)
        digit = _pick_class()
    if is_drawn:
        keep_in_browser()
        if read_kept_drawing() is None:  # in a moment the browser says what it keeps
            return
        image, true = read_kept_image(), None
        if image is None:
            st.info("Nothing was drawn yet.", icon=":material/draw:")
            st.page_link("app_pages/draw/page.py", label="Draw a digit", icon=":material/draw:")
            return
    else:
        image, true = load_mnist().x_test[index], int(load_mnist().y_test[index])
    reading = call_worker(calls.read_image, run, epoch, image, digit)
    predicted = int(reading.probabilities.argmax())
    if true is None:
        st.markdown(f"Your last drawing, read as **{predicted}**")
    else:
        render_image_head(index, true, predicted)
    network = describe_network(run, epoch)
    st.markdown("**Its way through the network**", help=network["problem"] or PICTURE_HELP)
    render_picture(_SCENE, run.config, network=network)
    with st.grid(2, min_column_width=300):
        with st.container():
            render_evidence(reading.evidence, predicted if digit is None else digit)
        with st.container():
            st.markdown(f"What the network takes it for after epoch {epoch}")
            served = Served(image, reading.probabilities, reading.activations)
            render_answer(_SCENE, run, epoch, served, true=true)


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
