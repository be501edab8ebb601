"""Which pixels of an image mattered to a network."""

import streamlit as st

from core.data import Floats
from dashboard.charts.images import enlarge
from dashboard.charts.weights import NOT_FINITE, color_weights, has_marks


def render_evidence(evidence: Floats, digit: int) -> None:
    """Draw which pixels speak for the digit, positive, or against it: (28, 28)."""
    st.markdown(
        f"What speaks for a **{digit}**: red for it, blue against",
        help="Gradient times input: how the score of this digit, before softmax, depends on each "
        "pixel.",
    )
    st.image(
        enlarge(color_weights(evidence[None])[0], 8),
        alt=f"Pixels that speak for or against a {digit}",
    )
    if has_marks(evidence):
        st.caption(NOT_FINITE)
