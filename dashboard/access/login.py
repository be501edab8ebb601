"""The page that a visitor sees before the login, where an OpenID Connect provider is set."""

import streamlit as st

from dashboard.access.protection import providers


def render_login() -> None:
    """Ask the visitor to log in with one of the providers."""
    st.title("Digit Lab", anchor=False)
    st.caption("A laboratory for dense neural networks on handwritten digits.")
    st.markdown("Log in to train networks of your own, and to see everyone's.")
    with st.container(horizontal=True):
        for name in providers():
            st.button(
                f"Log in with {name}" if name else "Log in",
                key=f"login_{name or 'default'}",
                type="primary",
                icon=":material/login:",
                on_click=st.login,
                args=(name,) if name else (),
            )
