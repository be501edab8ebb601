"""The test errors of the compared runs beside published ones."""

import pandas as pd
import streamlit as st

from core.analysis.published import PUBLISHED
from dashboard.app_pages.compare.compared import ComparedRun
from dashboard.app_pages.compare.published_errors_chart import draw_published_errors


def render_published_errors(compared: list[ComparedRun]) -> None:
    """Draw the test errors on one axis, and say where the published ones come from."""
    st.caption(
        "Test errors of dense networks: published ones as diamonds, open where they learned from "
        "distorted images too, yours in their colours with 95 % intervals. Further to the left is "
        "better."
    )
    runs = pd.DataFrame(
        [{"name": one.title, "color": one.color, **vars(one.summary.results)} for one in compared]
    )
    st.plotly_chart(
        draw_published_errors(runs),
        key="ruler",
        config={"displayModeBar": False},
        alt="Test errors of the compared runs beside published ones",
    )
    sources = list(dict.fromkeys(one.source for one in PUBLISHED))
    with st.expander("Sources", icon=":material/menu_book:"):
        for source in sources:
            names = ", ".join(one.name for one in PUBLISHED if one.source == source)
            st.markdown(f"- **{names}**: {source}")
