"""The images that one of two networks gets right and the other wrong, both ways."""

import numpy as np
import streamlit as st

from core.data import Indices, Mask, load_mnist
from dashboard import text
from dashboard.app_pages.compare.compared import ComparedRun, Pair
from dashboard.parts.data_image import mark_disputed, render_disputed_badge
from dashboard.parts.image_grid import pick_image

_MAX_IMAGES = 48


def render_disagreements(pair: Pair) -> None:
    """Draw the images that only A gets right, and beside them those that only B does."""
    left, right = st.columns(2, gap="large")
    with left:
        _render(pair.a, pair.b, pair.right_a & ~pair.right_b, pair.predicted_b)
    with right:
        _render(pair.b, pair.a, pair.right_b & ~pair.right_a, pair.predicted_a)


def _render(
    better: ComparedRun,
    worse: ComparedRun,
    where: Mask,
    wrong_answers: Indices,
) -> None:
    indices = np.flatnonzero(where)
    images = text.number_of(len(indices), "image")
    st.markdown(f"**{better.letter} right, {worse.letter} wrong: {images}**")
    if not len(indices):
        st.caption("None.")
        return
    shown = indices[:_MAX_IMAGES]
    more = "" if len(shown) == len(indices) else f"The first {_MAX_IMAGES}. "
    st.caption(
        f"{more}Below each: the true label, and → what {worse.letter} takes it for. Click one to "
        "see it large."
    )
    labels = load_mnist().y_test
    place = pick_image(
        load_mnist().x_test[shown],
        [mark_disputed(f"{labels[index]} → {wrong_answers[index]}", index) for index in shown],
        key=f"only_{better.letter}",
        alt=f"Test images that {better.letter} gets right and {worse.letter} wrong",
        columns=8,
    )
    if place is not None:
        index = int(shown[place])
        render_disputed_badge(index)
        for one in (better, worse):
            st.page_link(
                "app_pages/evaluate/page.py",
                label=f"Test image {index} and what {one.letter} thinks of it",
                icon=":material/fact_check:",
                query_params={
                    "run": one.run.id,
                    "evaluate": "Errors",
                    "test_image": str(index),
                },
            )
