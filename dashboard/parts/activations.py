"""What a network makes of one image: which pixels mattered, and each hidden layer's activations."""

from collections.abc import Mapping

import streamlit as st

from core.data import Floats
from dashboard import text
from dashboard.charts.activations import draw_activations
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


def render_activations(layers: Mapping[str, Floats]) -> None:
    """Draw the activations, (units,), of each hidden layer, by their names in order."""
    for number, (name, values) in enumerate(layers.items(), start=1):
        st.markdown(
            f"Hidden layer {number}: {(values > 0).sum():,} of {len(values):,} units above zero, "
            f"the largest {text.decimal(values.max())}"
        )
        st.plotly_chart(
            draw_activations(values),
            key=f"activations_{name}",
            config={"displayModeBar": False},
            alt=f"Activations of hidden layer {number}",
        )
