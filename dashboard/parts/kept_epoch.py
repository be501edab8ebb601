"""After which epoch a network is asked that a run keeps."""

import streamlit as st

from core.runs import Run
from dashboard.parts.epoch_slider import pick_epoch

_HELP = "What this network would have said after epoch 1, 2, 3 …: it is asked as it was then."


def pick_kept_epoch(run: Run, epochs: int) -> int:
    """As `pick_epoch`, but where the weights of the chosen epoch are not kept, the nearest is."""
    chosen = pick_epoch(run, epochs, _HELP)
    kept = min(run.network_epochs, key=lambda epoch: abs(epoch - chosen))
    if kept != chosen:
        st.caption(f"The network after epoch {chosen} was not kept; this is after epoch {kept}.")
    return kept
