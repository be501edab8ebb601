"""Dialogs that stay open while the page runs again, within a page that Streamlit runs."""

from streamlit.testing.v1 import AppTest


def test_a_dialog_is_about_the_runs_that_it_was_opened_for() -> None:
    def page() -> None:
        import streamlit as st

        from dashboard.session import dialogs

        dialogs.open_dialog("delete", ["a", "b"])
        shown = [dialogs.is_dialog_open("delete", ["b", "a"])]
        shown += [dialogs.is_dialog_open("edit", ["a"])]
        shown += [dialogs.is_dialog_open("delete", ["c"])]  # which closes it, for those too:
        shown += [dialogs.is_dialog_open("delete", ["a", "b"])]
        st.text(shown)

    shown = AppTest.from_function(page, default_timeout=120).run()
    assert not shown.exception
    assert shown.text[0].value == "[True, False, False, False]"
