"""What a finished run achieved, where to look at it, and what one might train next."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from core.analysis.diagnosis import REGULARIZE, STOP_EARLY, Finding, Kind
from core.analysis.histories import BEST_EPOCH
from core.analysis.metrics import interval_on_test_set
from core.config import RunConfig
from core.runs import Run
from core.runs.errors import RunError
from core.runs.origin import can_train_on
from core.runs.status import State, Status
from core.runs.summary import Results
from dashboard import text
from dashboard.app_pages.train.origin import start_afresh, train_on
from dashboard.parts.metrics import render_accuracy
from dashboard.parts.start import start_and_show
from dashboard.session import form
from dashboard.session.queries import read_findings

_MENDS = ":material/build:"
_MAX_TRIES = 4
_BEFORE_ALL_ELSE = {
    Kind.AT_CHANCE,
    Kind.LEARNED_LITTLE,
    Kind.OVER_REGULARIZED,
    Kind.RATE_TOO_LOW,
    Kind.TOO_SMALL,
}
"""What must be mended before anything else is worth trying."""


def render_result(results: Results, status: Status, history: pd.DataFrame) -> None:
    """Draw what an ended run's network achieved, of which epoch it is, and how good it has been."""
    epoch, epochs = results.network_epoch or len(history), len(history)
    row = history.iloc[epoch - 1]
    with st.grid(4, min_column_width=150):
        render_accuracy(
            "Test accuracy",
            row["test_accuracy"],
            *interval_on_test_set(row["test_accuracy"]),
            "Over the 10,000 test images. The interval (Wilson's) says how far chance in drawing "
            "these images may move it.",
        )
        st.metric("Test loss", f"{row['test_loss']:.4f}")
        st.metric("Best epoch", f"{results.best_epoch} of {epochs}", help=BEST_EPOCH)
        st.metric("Time", text.duration(status.seconds))
    st.caption(_say_which_epoch(epoch, epochs, results))


def _say_which_epoch(epoch: int, epochs: int, results: Results) -> str:
    """The epoch that the result is of, and the best one, where that is another."""
    if epoch != results.best_epoch:
        best = text.percent(results.best_epoch_test_accuracy or 0)
        return (
            f"The result is that of the network after epoch {epoch}, the last. After its best "
            f"epoch, {results.best_epoch}, the test accuracy was {best}."
        )
    if epoch == epochs:
        return f"The result is that of the network after epoch {epoch}, the last and the best."
    return (
        f"The result is that of the network after epoch {epoch} of {epochs}, the best, whose "
        "weights were restored."
    )


def render_next_steps(run: Run) -> None:
    """After a run: links to where it is looked at, and what to train next, at one press each.

    Draw nothing if it has not ended or was deleted.
    """
    try:
        if run.status.state not in {State.FINISHED, State.STOPPED} or not run.epochs_done:
            return
        # Its configuration alone, from random weights, would be another run altogether.
        is_plain = not run.record.parent and not run.record.drawings
        suggestions = _suggestions(run.config, read_findings(run)) if is_plain else []
        is_trainable = can_train_on(run)
    except RunError:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown("**Look at it**", width="content")
        for name, label, icon, query in _looks(run):
            st.page_link(f"app_pages/{name}/page.py", label=label, icon=icon, query_params=query)
    with st.container(horizontal=True, vertical_alignment="center"):
        if suggestions:
            st.markdown(
                "**Train next**",
                width="content",
                help="Each of these trains at once, and fills the form with what it trains.",
            )
        for number, (label, icon, config) in enumerate(suggestions):
            st.button(label, key=f"next_{number}", icon=icon, on_click=_train, args=(config,))
        if is_trainable:
            st.button(
                "Train on …",
                key="train_on",
                icon=":material/alt_route:",
                on_click=train_on,
                args=(run,),
                help="Fills the form with this run's hyperparameters; the next run then starts "
                "from its network, with another rate, more epochs or other regularisation.",
            )


def _looks(run: Run) -> list[tuple[str, str, str, dict[str, str]]]:
    """Page, label, icon and address of what one may look at."""
    return [
        ("evaluate", "Evaluate it", ":material/fact_check:", {"run": run.id}),
        ("draw", "Draw for it", ":material/draw:", {"run": run.id}),
        ("layers", "Look inside", ":material/layers:", {"run": run.id}),
    ]


def _train(config: RunConfig) -> None:
    start_afresh()
    form.fill_form(config)
    start_and_show(config)


def _suggestions(
    config: RunConfig, findings: Sequence[Finding]
) -> list[tuple[str, str, RunConfig]]:
    """Configurations one step away from `config` that teach something, with a label and icon.

    First what the findings say to try. After a run that learned too little, regularising it or
    stopping it early teaches nothing.
    """
    tries = [(try_, _MENDS) for finding in findings for try_ in finding.tries]
    kinds = {finding.kind for finding in findings}
    if kinds.isdisjoint(_BEFORE_ALL_ELSE):
        if config.hidden and not config.is_regularized:
            tries.append((REGULARIZE, ":material/shield:"))
        if not config.early_stopping:
            tries.append((STOP_EARLY, ":material/timer_off:"))
    found: dict[RunConfig, tuple[str, str]] = {}
    for try_, icon in tries:
        found.setdefault(config.model_copy(update=dict(try_.changes)), (try_.label, icon))
    suggestions = [(label, icon, changed) for changed, (label, icon) in found.items()][:_MAX_TRIES]
    other_seed = config.model_copy(update={"seed": config.seed + 1})
    return [*suggestions, ("Another seed: how much is chance?", ":material/casino:", other_seed)]
