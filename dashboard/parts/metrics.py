"""Figures with a quiet note below each."""

import streamlit as st

from dashboard import text


def render_metric(label: str, value: str, note: str, help: str | None = None) -> None:
    """Draw a figure, and a note below it that is neither good nor bad."""
    st.metric(label, value, note, delta_color="off", delta_arrow="off", help=help)


def render_accuracy(label: str, accuracy: float, low: float, high: float, help: str) -> None:
    """Draw an accuracy with its 95 % interval, shares from 0 to 1."""
    note = f"95 %: {text.percent_range(low, high)}"
    render_metric(label, text.percent(accuracy), note, help)
