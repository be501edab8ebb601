"""What a page says where something is damaged, could not be done, or a worker cannot answer."""

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from core.engine import WORKER_LOST_ERRORS, EngineError
from core.runs.errors import RunError
from dashboard import text
from dashboard.session import dialogs

_TITLE = "The network cannot be shown"


def render_damage(error: object, title: str) -> None:
    """Say what cannot be shown, and why."""
    st.error(text.escape(error), title=title, icon=":material/broken_image:")


def show_message() -> None:
    """Show the sentence that a callback has kept for the page, if there is one."""
    if message := dialogs.pop_message():
        st.toast(text.escape(message), icon=":material/error:", duration="long")


@contextmanager
def explain_worker_errors(title: str = _TITLE) -> Iterator[None]:
    """Show why a worker that is called in this block fails, instead of what follows there."""
    try:
        yield
    except (EngineError, RunError) as error:
        render_damage(error, title)
    except WORKER_LOST_ERRORS:
        st.error(
            "The worker that was asked died over it, maybe for lack of memory, or its cluster was "
            "shut down. Reload the page to ask again.",
            title=title,
            icon=":material/heart_broken:",
        )
    except TimeoutError:
        st.warning(
            "No worker had time for it. Reload the page to ask again.",
            title=title,
            icon=":material/hourglass_empty:",
        )
