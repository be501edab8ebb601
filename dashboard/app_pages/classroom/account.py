"""Who one is on this server, what one may do, and the way out."""

import streamlit as st

from dashboard import text
from dashboard.access.visitor import visitor


def render_who() -> None:
    """Say the visitor's name and rights, and let them leave."""
    looking = visitor()
    assert looking is not None  # main.py lets nobody else see a page
    st.subheader(text.plain(looking.name), anchor=False)
    if looking.is_teacher:
        st.markdown("You are a teacher: you may stop, change and delete **everyone's** runs.")
    else:
        st.markdown("You see everyone's runs. You may stop, change and delete **your own**.")
    st.button(
        "Leave",
        icon=":material/logout:",
        on_click=st.logout,
        help="For whoever uses this browser after you. Your runs stay yours.",
    )
