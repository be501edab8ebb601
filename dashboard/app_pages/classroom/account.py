"""The visitor's account: their name, what they may do, and the way out."""

import streamlit as st

from dashboard import text
from dashboard.access.visitor import visitor


def render_account() -> None:
    """Show the visitor's name and rights, and a button to leave."""
    person = visitor()
    st.header(text.escape(person.name), anchor=False)
    if person.is_teacher:
        st.markdown("You are a teacher: you may stop, change and delete **everyone's** runs.")
    else:
        st.markdown("You see everyone's runs. You may stop, change and delete **your own**.")
    st.button(
        "Leave",
        icon=":material/logout:",
        on_click=st.logout,
        help="For whoever uses this browser after you. Your runs stay yours.",
    )
