"""Loss and accuracy of the chosen run, and of others laid over it."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import pandas as pd
import streamlit as st

from core.analysis.histories import (
    BEST_EPOCH,
    add_elapsed,
    best_epoch,
    compute_best_epochs,
    smooth,
    subtract_l2_penalty,
)
from core.runs import Run
from core.runs.errors import RunError
from core.runs.status import Parent
from dashboard import text
from dashboard.charts.colors import RUN_COLORS, run_colors
from dashboard.charts.curves import SERIES, CurveStyle, draw_curve
from dashboard.charts.overlay import OverlaidRun, draw_overlay
from dashboard.parts.controls import choose
from dashboard.parts.findings import overfits_from
from dashboard.parts.run_header import require_run
from dashboard.parts.run_picker import name_runs, pick_runs, readable_runs
from dashboard.session.follow import follow
from dashboard.session.queries import read_findings, read_history

_AXES = {"epoch": "epoch", "elapsed": "time"}
_WITH_PENALTY, _CROSS_ENTROPY = "with L2 penalty", "cross-entropy"


def render_run_curves() -> None:
    """Draw the chosen run's curves, and those of others that the user lays over it."""
    run, history = require_run()
    histories = {run: history} | _pick_others(run)
    render_histories(histories, name_runs(list(histories)))


def render_histories(histories: Mapping[Run, pd.DataFrame], names: Mapping[Run, str]) -> None:
    """Draw the controls, the two charts of these runs, and each one's best epoch."""
    style, penalty, smoothing = _pick_style()
    before = _pick_places(histories)
    colors = run_colors(run.id for run in histories)
    first = next(iter(histories))
    runs = [
        OverlaidRun(
            names[run],
            colors[run.id],
            _move(_prepare(history, penalty, smoothing), before.get(run)),
            best_epoch(history, run.config.min_delta)
            + (before[run].epochs_before if run in before else 0),
        )
        for run, history in histories.items()
    ]
    overfits = None
    if len(runs) == 1:
        with suppress(RunError):  # deleted meanwhile
            overfits = overfits_from(read_findings(first))
    with st.grid(2, min_column_width=400):
        for metric in ("loss", "accuracy"):
            st.echarts_chart(
                _draw(runs, metric, style, first.config.learning_rate, overfits),
                key=f"curves_{metric}",
                height=400,
                alt=f"{metric.title()} of {', '.join(names.values())}",
            )
    best = compute_best_epochs(
        {names[run]: history for run, history in histories.items()},
        {names[run]: run.config.min_delta for run in histories},
    )
    if len(best):
        _render_best(best)


def pick_series(key: str, default: Sequence[str], **kept: Any) -> tuple[str, ...]:
    """Let the user choose some of SERIES; return them in their order.

    `kept` says how long a choice is kept: `bind` in the address, `persist_state` in the session.
    """
    chosen = st.pills(
        "Series",
        list(SERIES),
        format_func=SERIES.__getitem__,
        selection_mode="multi",
        default=default,
        key=key,
        help="What Keras reports while it fits (dropout on, averaged while the weights move), and "
        "each split as measured after the epoch.",
        **kept,
    )
    return tuple(name for name in SERIES if name in chosen)


def pick_log_loss(key: str, **kept: Any) -> bool:
    """Let the user put losses on a logarithmic axis; `kept` as in `pick_series`."""
    return st.toggle(
        "Log loss",
        key=key,
        help="A logarithmic axis for the loss: shows what still happens when it is small.",
        **kept,
    )


def _pick_others(run: Run) -> dict[Run, pd.DataFrame]:
    """Runs to lay over `run`, each with its history of at least one epoch."""
    chosen = pick_runs(
        "Compare with",
        [other for other in readable_runs("curves_others") if other.id != run.id],
        name="curves_others",
        limit=len(RUN_COLORS) - 1,
        placeholder="other runs to lay over it",
        help=f"Up to {len(RUN_COLORS) - 1} more runs in the same charts. Colours then tell the "
        "runs apart, dashes the series.",
    )
    follow(*chosen)
    histories = {}
    for other in chosen:
        try:
            histories[other] = read_history(other)
        except RunError as error:
            st.warning(f"{text.escape(error)}.", icon=":material/broken_image:")
    return {other: history for other, history in histories.items() if len(history)}


def _pick_style() -> tuple[CurveStyle, bool, float]:
    """How curves are drawn, whether losses include the L2 penalty, and how much curves are
    smoothed, 0 to below 1.
    """
    with st.container(horizontal=True, vertical_alignment="bottom"):
        series = pick_series("curves_series", ["train", "validation"], bind="query-params")
        axis = choose(
            "By",
            _AXES,
            "curves_axis",
            "Along epochs, or along the seconds spent training, which is fairer to small networks.",
        )
        loss = choose(
            "Loss",
            [_WITH_PENALTY, _CROSS_ENTROPY],
            "curves_loss_kind",
            "What training minimises, or cross-entropy alone, which compares runs with different "
            "L2. While fitting, the penalty at the epoch's end is taken off.",
        )
        smoothing = st.slider(
            "Smoothing",
            0.0,
            0.95,
            step=0.05,
            key="curves_smoothing",
            bind="query-params",
            width=180,
            help="Averages each epoch with those before it, the further back the less: shows the "
            "trend in noisy curves.",
        )
        log_loss = pick_log_loss("curves_log", bind="query-params")
    return CurveStyle(series, log_loss, axis), loss == _WITH_PENALTY, smoothing


def _pick_places(runs: Iterable[Run]) -> dict[Run, Parent]:
    """The runs whose curves are to begin where those of their parents end, if the user wishes it.

    Drawn only if a run and its parent are among them.
    """
    runs = list(runs)
    ids = {run.id for run in runs}
    parents = {run: parent for run in runs if (parent := run.record.parent)}
    if not any(parent.run in ids for parent in parents.values()):
        return {}
    is_wanted = st.toggle(
        "Behind their parents",
        key="curves_behind",
        bind="query-params",
        help="A run that was trained on begins where its parent's network was left, and not at "
        "epoch 0. The table below counts from each run's own start.",
    )
    return parents if is_wanted else {}


def _move(history: pd.DataFrame, parent: Parent | None) -> pd.DataFrame:
    """The history with epochs and times counted from where the parents of its run began."""
    if parent is None:
        return history
    return history.assign(
        epoch=history["epoch"] + parent.epochs_before,
        elapsed=history["elapsed"] + parent.seconds_before,
    )


def _prepare(history: pd.DataFrame, penalty: bool, smoothing: float) -> pd.DataFrame:
    history = add_elapsed(history if penalty else subtract_l2_penalty(history))
    return smooth(history, smoothing)


def _draw(
    runs: list[OverlaidRun],
    metric: str,
    style: CurveStyle,
    first_rate: float,
    overfits: int | None,
) -> dict[str, Any]:
    """`first_rate` is what the first run began with, and `overfits` from when on it does: of one
    alone, both are marked.
    """
    if len(runs) > 1:
        return draw_overlay(runs, metric, style)
    only = runs[0]
    epochs = len(only.history)
    return draw_curve(only.history, metric, style, epochs, only.best_epoch, first_rate, overfits)


def _render_best(table: pd.DataFrame) -> None:
    st.markdown(
        "**Best epochs**",
        help=f"{BEST_EPOCH} Marked in the charts by a dotted line, or by a ring if there are "
        "several runs.",
    )
    with st.container(key="best_epochs"):
        st.table(
            {
                "Run": table["run"].map(text.escape),
                "Epochs": table["epochs"].map(str),
                "Best epoch": table["best_epoch"].map("{:.0f}".format),
                "Validation loss": table["validation_loss"].map("{:.4f}".format),
                "Validation accuracy": table["validation_accuracy"].map(text.percent),
                "Training time until then": table["elapsed"].map(text.duration),
            },
            hide_index=True,
            alt="Best epoch of each run",
        )
