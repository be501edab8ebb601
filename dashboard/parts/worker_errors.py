"""What a page says when a worker cannot answer for a run's network."""

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from core.engine import WORKER_LOST_ERRORS, EngineError
from core.runs.errors import RunError
from dashboard.parts.messages import render_damage

_TITLE = "The network cannot be shown"


@contextmanager
def explain_worker_errors() -> Iterator[None]:
    """Show why a worker that is called in this block fails, instead of what follows there."""
    try:
        yield
    except (EngineError, RunError) as error:
        render_damage(error, _TITLE)
    except WORKER_LOST_ERRORS:
        st.error(
            "The worker that was asked died over it, maybe for lack of memory, or its cluster was "
            "shut down. Reload the page to ask again.",
            title=_TITLE,
            icon=":material/heart_broken:",
        )
    except TimeoutError:
        st.warning(
            "No worker had time to look into the network. Reload the page to ask again.",
            icon=":material/hourglass_empty:",
        )
