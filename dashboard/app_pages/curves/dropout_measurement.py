"""A measurement on demand: the training loss of the same weights with dropout on and off."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from core.engine import calls
from core.runs import Run
from dashboard.app_pages.curves.explanation import explain_measurement
from dashboard.parts.messages import explain_worker_errors
from dashboard.session.cache import call_worker

_REQUESTED = "_requested_dropout_losses"
"""Of which runs, and of the networks after which epochs, the session has requested it."""


def offer_measurement(runs: Sequence[Run]) -> None:
    """Draw the button that requests the measurement of these runs as they stand."""
    st.button(
        "Measure with dropout on and off",
        key="measure_dropout",
        icon=":material/science:",
        on_click=_request,
        args=(runs,),
        help="Has a worker measure the loss of each network, as it was kept, over its training "
        "images: in inference mode, and five times in training mode, each time with other units "
        "switched off.",
    )


def render_measurement(run: Run, history: pd.DataFrame) -> None:
    """Draw what was measured of the run, beside what its history says; nothing if nothing was."""
    if (run.id, run.network_epoch) not in st.session_state.get(_REQUESTED, ()):
        return
    with explain_worker_errors():
        epoch, images, off, on = call_worker(calls.dropout_losses, run)
        row = history.set_index("epoch", drop=False).loc[epoch]
        losses = {
            f"as reported while fitting, in epoch {epoch}": f"{row['running_loss']:.4f}",
            "these weights, dropout on": f"{on.mean():.4f} ± {on.std(ddof=1):.4f}",
            "these weights, dropout off": f"{off:.4f}",
            f"as measured after epoch {epoch}": f"{row['train_loss']:.4f}",
        }
        st.table(
            {"Training loss": list(losses), "Value": list(losses.values())},
            hide_index=True,
            alt=f"Training loss of {run.name} with dropout on and off",
        )
        st.caption(
            f"Over {images:,} of its {run.config.training_size:,} training images; mean and "
            f"standard deviation of {len(on)} draws of the units that are switched off."
        )
        st.markdown(explain_measurement(run.config, row, on.mean() - off))


def _request(runs: Sequence[Run]) -> None:
    now = {(run.id, run.network_epoch) for run in runs}
    st.session_state[_REQUESTED] = st.session_state.get(_REQUESTED, set()) | now
