"""How others come in, large enough to project: QR code, address and, for teachers, password."""

import streamlit as st

from core.config.settings import settings
from dashboard import text
from dashboard.access import invitation
from dashboard.access.protection import Guard, guard
from dashboard.access.visitor import visitor


def render_qr() -> None:
    """Draw the QR code of the address."""
    url = _url()
    st.image(invitation.qr_svg(url), width=420, alt=f"QR code of {url}")


def render_address() -> None:
    """Show the address and, to a teacher, the password."""
    st.title(_url(), anchor=False)  # a link, and whole when it is copied
    if guard() is Guard.PASSWORD and visitor().is_teacher:
        st.header(f"Password: {text.escape(settings().class_password)}", anchor=False)


def _url() -> str:
    return invitation.class_url(st.context.url or "")
