"""What a hidden layer makes of one image."""

import numpy as np
import numpy.typing as npt
import streamlit as st

from dashboard.charts.activations import draw_activations


def render_layer(number: int, name: str, values: npt.NDArray[np.float32]) -> None:
    """Draw the activations, (units,), of a hidden layer, from 1."""
    st.markdown(
        f"Hidden layer {number}: {(values > 0).sum():,} of {len(values):,} units above zero, the "
        f"largest {values.max():.2f}"
    )
    st.plotly_chart(
        draw_activations(values),
        key=f"activations_{name}",
        config={"displayModeBar": False},
        alt=f"Activations of hidden layer {number}",
    )
