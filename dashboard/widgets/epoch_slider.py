"""After which epoch a page shows the network; by default, as the run ended."""

import streamlit as st

from core.runs import Run

_HELP = (
    "What the network thought of the test images after this epoch. Move it to watch the network "
    "change its mind."
)


def pick_epoch(run: Run, epochs: int, help: str = _HELP) -> int:
    """Let the reader choose an epoch from 1 to `epochs`; return it.

    Until it is moved the slider follows the run: its latest epoch while it trains, then the one
    whose weights it kept.
    """
    default = run.status.final_epoch or epochs
    if epochs == 1:
        st.caption("After epoch 1, the only one so far.")
        return 1
    return st.slider(
        "After epoch",
        1,
        epochs,
        value=default,
        key="epoch",
        bind="query-params",
        help=help,
    )
