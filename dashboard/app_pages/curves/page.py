"""Curves: loss and accuracy of runs, and why the two kinds of training loss differ."""

import streamlit as st

from dashboard.app_pages.curves.two_losses import render_two_losses
from dashboard.parts.run_curves import render_run_curves

_VIEWS = {"Runs": render_run_curves, "Two training losses": render_two_losses}

for tab, render_view in zip(
    st.tabs(list(_VIEWS), key="curves", bind="query-params"), _VIEWS.values(), strict=True
):
    if tab.open:
        with tab:
            render_view()
