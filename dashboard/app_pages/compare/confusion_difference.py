"""Which digits B confuses more often, or less, than A."""

import streamlit as st

from core.analysis.metrics import confusion_matrix
from dashboard.app_pages.compare.compared import Pair
from dashboard.app_pages.compare.confusion_difference_chart import draw_confusion_difference


def render_confusion_difference(pair: Pair) -> None:
    """Draw B's confusion matrix less A's."""
    a, b = pair.a, pair.b
    st.caption(
        f"Images in each cell with {b.letter} less those with {a.letter}. The colour is that of "
        "the better one there: with more right answers on the diagonal, fewer wrong ones elsewhere."
    )
    st.echarts_chart(
        draw_confusion_difference(
            confusion_matrix(pair.labels, pair.predicted_a),
            confusion_matrix(pair.labels, pair.predicted_b),
            (a.letter, b.letter),
            (a.color, b.color),
        ),
        key="confusion_difference",
        height=550,
        width=640,
        alt=f"Confusion matrix of {b.title} less that of {a.title}",
    )
