"""What a page says where something is damaged, or could not be done."""

import streamlit as st

from dashboard import text
from dashboard.session import dialogs


def render_damage(error: object, title: str) -> None:
    """Say what cannot be shown, and why."""
    st.error(text.escape(error), title=title, icon=":material/broken_image:")


def show_message() -> None:
    """Show the sentence that a callback has kept for the page, if there is one."""
    if message := dialogs.pop_message():
        st.toast(text.escape(message), icon=":material/error:", duration="long")
