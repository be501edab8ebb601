"""The notebook's third task: why the training loss while fitting is not the one measured after."""

from contextlib import suppress
from typing import NamedTuple

import pandas as pd
import streamlit as st

from core.config import RunConfig
from core.runs import Run
from core.runs.errors import RunError
from dashboard import text
from dashboard.charts.curves import CurveStyle, draw_curve, loss_limits
from dashboard.parts.run_curves import pick_log_loss
from dashboard.parts.run_header import render_no_epoch
from dashboard.parts.run_picker import label_runs, readable_runs
from dashboard.session.follow import follow
from dashboard.session.linked import Linked
from dashboard.session.queries import read_history

_SERIES = ("fitting", "train", "validation")


class _Side(NamedTuple):
    key: str
    label: str
    explanation: str
    regularized: bool
    link: dict[str, str]
    """What the Train page's form must say for such a run."""


_SIDES = (
    _Side(
        "curves_regularized",
        "Regularised run",
        "A run with dropout or L2; the newest, unless you choose another.",
        True,
        {"dropout": "0.5", "l2": "0.0001"},
    ),
    _Side(
        "curves_plain",
        "Unregularised run",
        "A run with neither dropout, of units or of pixels, nor L2; the newest, unless you choose "
        "another.",
        False,
        {"dropout": "0.0", "input_dropout": "0.0", "l2": "0.0"},
    ),
)


def render_two_losses() -> None:
    """Draw a regularised run beside an unregularised one, and say why the two losses differ."""
    st.markdown(
        "The training loss is taken twice. **While it fits**, Keras reports the mean over the "
        "epoch's batches; **after the epoch**, the loss is measured in inference mode over the "
        "same images. Only the second compares with the validation loss."
    )
    log_loss = pick_log_loss("curves_log", bind="query-params")
    runs = readable_runs(*(side.key for side in _SIDES))
    columns = st.columns(2, gap="large")
    picked = []
    for column, side in zip(columns, _SIDES, strict=True):
        with column:
            picked.append(_pick(side, runs))
    shown = [choice for choice in picked if choice]
    style = CurveStyle(_SERIES, log_loss)
    limits = loss_limits([history for _, history in shown], style) if shown else None
    style = CurveStyle(_SERIES, log_loss, limits=limits)
    for column, side, choice in zip(columns, _SIDES, picked, strict=True):
        with column:
            if choice:
                _render(side, *choice, style)


def explain(config: RunConfig, row: pd.Series) -> str:
    """Why the two training losses of a `row` of the history of such a run differ, in a sentence."""
    reasons = ["the first is a mean over an epoch in which the weights still move"]
    if config.hidden and config.batch_normalization:
        reasons.insert(
            0,
            "batch normalisation goes by each batch's own statistics while the network fits and by "
            "its moving averages when it is measured",
        )
    shares = {"hidden units": config.hidden and config.dropout, "pixels": config.input_dropout}
    if dropped := [f"{share:g} of the {what}" for what, share in shares.items() if share]:
        reasons.insert(
            0,
            f"dropout switches off a share of {' and '.join(dropped)} while the network fits and "
            "none when it is measured",
        )
    sentence = (
        f"In epoch {row['epoch']:.0f} the training loss is **{row['running_loss']:.4f}** as "
        f"reported while fitting and **{row['train_loss']:.4f}** as measured afterwards, because "
        f"{', and because '.join(reasons)}."
    )
    if config.hidden and config.l2:
        sentence += f" Both contain the L2 penalty, {row['l2_penalty']:.4f} after the epoch."
    return sentence


def _pick(side: _Side, runs: list[Run]) -> tuple[Run, pd.DataFrame] | None:
    """The run that the user picks for a side, by default the newest, and its history."""
    runs = [run for run in runs if run.config.is_regularized == side.regularized]
    if not runs:
        st.info(f"No {side.label.lower()} yet.", icon=":material/model_training:")
        st.page_link(
            "app_pages/train/page.py",
            label="Train one",
            icon=":material/play_arrow:",
            query_params=side.link,
        )
        return None
    run = _pick_run(side, runs)
    try:
        follow(run)
        history = read_history(run)
    except RunError as error:
        st.error(f"{text.escape(error)}.", icon=":material/broken_image:")
        return None
    if history.empty:
        render_no_epoch(run, "This run")
        return None
    return run, history


def _pick_run(side: _Side, runs: list[Run]) -> Run:
    by_id, labels = {run.id: run for run in runs}, label_runs(runs)
    default = next(filter(_has_history, runs), runs[0]).id
    choice = Linked(side.key)
    linked = choice.read()
    chosen = linked if linked in by_id else default
    st.selectbox(
        side.label,
        list(by_id),
        format_func=labels.__getitem__,
        key=choice.show(chosen),
        on_change=lambda: choice.choose(None if choice.picked == default else choice.picked),
        help=side.explanation,
    )
    return by_id[chosen]


def _has_history(run: Run) -> bool:
    with suppress(RunError):
        return not read_history(run).empty
    return False


def _render(side: _Side, run: Run, history: pd.DataFrame, style: CurveStyle) -> None:
    st.echarts_chart(
        draw_curve(history, "loss", style, len(history), first_rate=run.config.learning_rate),
        key=f"{side.key}_loss",
        height=360,
        alt=f"Training loss while fitting and as measured, of {run.name}",
    )
    st.markdown(explain(run.config, history.iloc[-1]))
