"""The worst errors: wrong answers of which the network was surest."""

import streamlit as st

from core.analysis.metrics import rank_errors
from dashboard.app_pages.evaluate.answer import (
    pick_cell,
    render_answer,
    render_answers,
    select_answers,
)
from dashboard.app_pages.evaluate.evaluation import Evaluation

_MIN, _MAX = 6, 100
_FIT, _HEIGHT = 24, 640
"""More than `_FIT` images are scrolled, in a window of `_HEIGHT` pixels."""


def render_errors(evaluation: Evaluation) -> None:
    """Draw the errors that the user wants, and the chosen one large."""
    errors = rank_errors(evaluation.probabilities, evaluation.labels)
    with st.container(horizontal=True):
        count = st.slider(
            "How many",
            _MIN,
            _MAX,
            _FIT,
            key="error_count",
            bind="query-params",
            help="The worst so many are shown: those with the largest p(predicted) − p(true).",
        )
        cell = pick_cell("error")
    ranked = select_answers(evaluation.answers.loc[errors["index"]], cell)
    if ranked.empty:
        st.info("No such error after this epoch.", icon=":material/check:")
        return
    shown = ranked[:count]
    st.caption(
        f"{len(shown)} of {len(ranked):,} errors: the true label → what was predicted, each with "
        "its probability. Click one to see it large."
    )
    left, right = st.columns([5, 4], gap="medium")
    with left, st.container(height=_HEIGHT if len(shown) > _FIT else "content", border=False):
        render_answers(shown, key="error_images", alt="The worst errors", size=112)
    with right:
        render_answer(evaluation, default=shown.index[0])
