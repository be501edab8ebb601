"""Room for a figure that must not shrink: on a narrow screen it is scrolled."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator


def scrollable(width: int) -> DeltaGenerator:
    """A container of this width in pixels; where the screen is narrower, it scrolls."""
    return st.grid(1, min_column_width=width, wrap=False).cell().container(width=width)
