"""Page configuration, navigation, and the head of every page, nothing else."""

import streamlit as st

from dashboard.access.login import render_login
from dashboard.access.visitor import visitor
from dashboard.course.bar import render_lesson_bar
from dashboard.menu import ICON, LOGO, PAGES, make_pages
from dashboard.parts.run_header import render_header, render_run_header
from dashboard.parts.style import render_style
from dashboard.session import form

st.set_page_config("Digit Lab", ICON, layout="wide")
st.logo(LOGO, size="large")
render_style()
menu = make_pages()


def home() -> None:
    """The root address leads to the Train page, which so has an address of its own."""
    st.switch_page(menu[""][1], query_params=st.query_params.to_dict())


try:
    is_known = bool(visitor())
except PermissionError:
    is_known = False
menu[""].insert(0, st.Page(home, title="Digit Lab", default=True, visibility="hidden"))
here = st.navigation(menu, position="top" if is_known else "hidden")
if is_known:
    if page := PAGES.get(here.url_path):  # not for the root, which only leads to one
        form.note_link()
        if here.url_path != "learn":  # which shows the lesson itself
            render_lesson_bar(here.url_path)
        render_header(here.url_path, page.title, page.sentence)
        if page.shows_run:
            render_run_header(page.title, page.is_live)
    here.run()
else:
    render_login()
