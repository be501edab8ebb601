"""Tabs of which only the open one is drawn."""

from collections.abc import Callable, Mapping
from typing import ParamSpec

import streamlit as st

P = ParamSpec("P")


def render_tabs(
    views: Mapping[str, Callable[P, object]], key: str, *args: P.args, **kwargs: P.kwargs
) -> None:
    """Draw a tab a view, by its name, and in the open one the view; the address says which."""
    tabs = st.tabs(list(views), key=key, bind="query-params")
    for tab, render in zip(tabs, views.values(), strict=True):
        if tab.open:
            with tab:
                render(*args, **kwargs)
