"""What a finished run achieved, and what one might try next."""

import pandas as pd
import streamlit as st

from core.analysis.histories import best_epoch
from core.analysis.metrics import wilson_interval
from core.config import TEST_SET, RunConfig
from core.runs import Run
from core.runs.errors import RunNotFoundError
from core.runs.status import State, Status
from dashboard import text
from dashboard.parts.metrics import render_accuracy


def render_result(config: RunConfig, status: Status, history: pd.DataFrame) -> None:
    """Draw the test accuracy with its 95 % interval, test loss, best epoch and time."""
    row = history.iloc[(status.final_epoch or len(history)) - 1]
    best = best_epoch(history, config.min_delta)
    with st.grid(4, min_column_width=150):
        render_accuracy(
            "Test accuracy",
            row["test_accuracy"],
            *wilson_interval(round(row["test_accuracy"] * TEST_SET), TEST_SET),
            "Over the 10,000 test images. The interval (Wilson's) says how far chance in drawing "
            "these images may move it.",
        )
        st.metric("Test loss", f"{row['test_loss']:.4f}")
        st.metric(
            "Best epoch",
            f"{best} of {len(history)}",
            help="By validation loss, as early stopping judges.",
        )
        st.metric("Time", text.duration(status.seconds))
    if status.final_epoch and status.final_epoch != len(history):
        st.caption(f"The network has the weights of epoch {status.final_epoch}, its best.")


def render_suggestions(run: Run) -> None:
    """Link to configurations to try after a finished run; draw nothing if it was deleted."""
    try:
        has_ended = run.status.state in {State.FINISHED, State.STOPPED}
        suggestions = _suggestions(run.config) if has_ended else []
    except RunNotFoundError:
        return
    if not suggestions:
        return
    st.markdown("**Try next**")
    with st.container(horizontal=True):
        for label, icon, config in suggestions:
            st.page_link(
                "app_pages/train/page.py", label=label, icon=icon, query_params=config.differences()
            )


def _suggestions(config: RunConfig) -> list[tuple[str, str, RunConfig]]:
    """Configurations one step away from `config` that teach something, with a label and icon."""
    other_seed = config.model_copy(update={"seed": config.seed + 1})
    suggestions = [("Another seed: how much is chance?", ":material/casino:", other_seed)]
    if config.hidden and not config.is_regularized:
        regularized = config.model_copy(update={"dropout": 0.5, "l2": 1e-4})
        suggestions.append(("Regularise it", ":material/shield:", regularized))
    if not config.early_stopping:
        early = config.model_copy(update={"early_stopping": True, "epochs": 100})
        suggestions.append(("Stop early", ":material/timer_off:", early))
    return suggestions
