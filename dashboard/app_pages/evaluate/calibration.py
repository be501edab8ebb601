"""Whether the network is right as often as it is sure."""

import streamlit as st

from core.analysis.metrics import calibration
from dashboard import text
from dashboard.app_pages.evaluate.calibration_chart import draw_reliability
from dashboard.app_pages.evaluate.evaluation import Evaluation

_BINS = (5, 10, 20, 25, 50)


def render_calibration(evaluation: Evaluation) -> None:
    """Draw the reliability diagram and the expected calibration error."""
    left, right = st.columns(2, vertical_alignment="bottom")
    bins = right.select_slider(
        "Bins",
        _BINS,
        10,
        key="calibration_bins",
        bind="query-params",
        help="Into how many equal parts confidence, an answer's probability, is cut.",
    )
    table, error = calibration(evaluation.probabilities, evaluation.labels, bins)
    left.metric(
        "Expected calibration error",
        text.percent(error),
        help="How far accuracy and confidence lie apart, on average over the images (Guo, Pleiss, "
        "Sun and Weinberger 2017). 0 is best.",
    )
    st.caption(
        "Of the images of which the network was so sure, so many were right. Bars below the "
        "points: more sure than right. Bars of few images say little."
    )
    st.echarts_chart(
        draw_reliability(table),
        key="reliability",
        height=480,
        alt="Accuracy by confidence, and how many images have which confidence",
    )
