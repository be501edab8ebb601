"""A ruler: the runs' test errors beside published ones."""

import streamlit as st

from core.analysis.published import PUBLISHED
from dashboard.app_pages.compare.compared import Compared
from dashboard.app_pages.compare.ruler_chart import Mark, draw_ruler


def render_ruler(compared: list[Compared]) -> None:
    """Draw the test errors on one axis, and say where the published ones come from."""
    st.caption(
        "Test errors of dense networks, trained without augmentation: published ones as diamonds, "
        "yours in their colours with 95 % intervals. Further to the left is better."
    )
    st.plotly_chart(
        draw_ruler([_mark(one) for one in compared]),
        key="ruler",
        config={"displayModeBar": False},
        alt="Test errors of the compared runs beside published ones",
    )
    sources = list(dict.fromkeys(one.source for one in PUBLISHED))
    with st.expander("Sources", icon=":material/menu_book:"):
        for source in sources:
            names = ", ".join(one.name for one in PUBLISHED if one.source == source)
            st.markdown(f"- **{names}**: {source}")


def _mark(one: Compared) -> Mark:
    results = one.summary.results
    accuracy, low, high = (
        value or 0.0 for value in (results.test_accuracy, results.test_low, results.test_high)
    )
    return Mark(one.title, one.color, 1 - accuracy, 1 - high, 1 - low)
