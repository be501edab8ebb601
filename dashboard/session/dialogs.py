"""Dialogs and messages that outlive the run of a page that opened them."""

from collections.abc import Iterable

import streamlit as st

_DIALOG = "_dialog"
_MESSAGE = "_message"


def open_dialog(name: str, run_ids: Iterable[str]) -> None:
    """Have the dialog `name` about these runs shown, whenever the page runs again, until closed."""
    st.session_state[_DIALOG] = name, frozenset(run_ids)


def close_dialog() -> None:
    """Have no dialog shown."""
    st.session_state[_DIALOG] = None


def dialog_run_ids() -> frozenset[str]:
    """The ids of the runs that the open dialog is about; none if none is open."""
    _, about = st.session_state.get(_DIALOG) or (None, frozenset())
    return frozenset(about)


def is_dialog_open(name: str, run_ids: Iterable[str]) -> bool:
    """Whether the dialog `name` is to be shown; one about other runs is closed for good."""
    opened, about = st.session_state.get(_DIALOG) or (None, frozenset())
    if opened == name and about != frozenset(run_ids):
        close_dialog()
        return False
    return bool(opened == name)


def keep_message(words: object) -> None:
    """Keep a sentence for the page to show: a callback within a fragment may draw nothing."""
    st.session_state[_MESSAGE] = str(words)


def pop_message() -> str | None:
    """The sentence that is still to be shown, once."""
    words: str | None = st.session_state.pop(_MESSAGE, None)
    return words
