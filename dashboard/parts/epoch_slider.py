"""The slider that chooses after which epoch a page shows the network."""

import streamlit as st

from core.runs import Run
from dashboard.session import linked
from dashboard.session.queries import read_history

_HELP = (
    "What the network thought of the test images after this epoch. Move it to watch the network "
    "change its mind."
)
_KEPT_HELP = "What this network would have said after epoch 1, 2, 3 …: it is asked as it was then."


def pick_epoch(run: Run, epochs: int, help: str = _HELP, default: int | None = None) -> int:
    """Let the user choose an epoch from 1 to `epochs`; return it.

    Until it is moved it is `default`, or follows the run: its latest epoch while it trains, then
    the one whose weights it kept.
    """
    default = default or run.status.final_epoch or epochs
    if epochs == 1:
        st.caption("After epoch 1, the only one so far.")
        return 1
    epoch = linked.chosen_epoch(epochs) or default
    st.slider(
        "After epoch",
        1,
        epochs,
        key=linked.EPOCH.show(epoch),
        on_change=linked.pick_epoch,
        args=(default,),
        help=help,
    )
    return epoch


def pick_kept_epoch(run: Run) -> int:
    """As `pick_epoch`, for pages that load weights: the nearest epoch whose weights are kept."""
    chosen = pick_epoch(run, len(read_history(run)), _KEPT_HELP)
    kept = min(run.network_epochs, key=lambda epoch: abs(epoch - chosen))
    if kept != chosen:
        st.caption(f"The network after epoch {chosen} was not kept; this is after epoch {kept}.")
    return kept
