"""The notebook's third task: why the training loss while fitting is not the one measured after."""

from dataclasses import replace
from typing import NamedTuple

import pandas as pd
import streamlit as st

from core.runs import Run
from core.runs.errors import RunError
from core.runs.regularized_pair import find_regularized_pair
from dashboard import text
from dashboard.app_pages.curves.dropout_measurement import offer_measurement, render_measurement
from dashboard.app_pages.curves.explanation import explain_gap
from dashboard.app_pages.curves.two_losses_chart import LOSSES, draw_two_losses
from dashboard.charts.curves import CurveStyle, loss_limits
from dashboard.parts.run_curves import pick_log_loss
from dashboard.parts.run_header import render_no_epoch
from dashboard.parts.run_picker import label_runs, readable_runs
from dashboard.session.follow import follow
from dashboard.session.linked import Linked
from dashboard.session.queries import read_history, summaries


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
        "A run with dropout or L2; unless you choose another, the newest with dropout that an "
        "unregularised one of as many epochs stands beside.",
        True,
        {"dropout": "0.5", "l2": "0.0001"},
    ),
    _Side(
        "curves_plain",
        "Unregularised run",
        "A run with neither dropout, of units or of pixels, nor L2; unless you choose another, one "
        "that is most like the other, with as many epochs.",
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
    chosen = [_read_choice(side, runs) for side in _SIDES]
    offered = {run.id for run in runs}
    defaults = find_regularized_pair((run for run in summaries() if run.id in offered), *chosen)
    columns = st.columns(2, gap="large")
    picked = []
    for column, side, default in zip(columns, _SIDES, defaults, strict=True):
        with column:
            picked.append(_pick(side, runs, default))
    shown = [choice for choice in picked if choice]
    style = CurveStyle(LOSSES, log_loss)
    if shown:
        limits = loss_limits([_leave_out_start(history) for _, history in shown], style)
        style = replace(style, limits=limits)
    for column, side, choice in zip(columns, _SIDES, picked, strict=True):
        with column:
            if choice:
                _render(side, *choice, style)
    if shown:
        offer_measurement([run for run, _ in shown])
    for column, choice in zip(st.columns(2, gap="large"), picked, strict=True):
        with column:
            if choice:
                render_measurement(*choice)


def _read_choice(side: _Side, runs: list[Run]) -> str | None:
    """The id of the run that was chosen for a side; None if none was, or one that cannot be."""
    linked = Linked(side.key).read()
    return linked if linked in {run.id for run in _suitable(side, runs)} else None


def _suitable(side: _Side, runs: list[Run]) -> list[Run]:
    return [run for run in runs if run.config.is_regularized == side.regularized]


def _pick(side: _Side, runs: list[Run], default: str | None) -> tuple[Run, pd.DataFrame] | None:
    """The run that the user picks for a side, or `default`, and its history."""
    runs = _suitable(side, runs)
    if not runs:
        st.info(f"No {side.label.lower()} yet.", icon=":material/model_training:")
        st.page_link(
            "app_pages/train/page.py",
            label="Train one",
            icon=":material/play_arrow:",
            query_params=side.link,
        )
        return None
    run = _pick_run(side, runs, default or runs[0].id)
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


def _pick_run(side: _Side, runs: list[Run], default: str) -> Run:
    by_id, labels = {run.id: run for run in runs}, label_runs(runs)
    choice = Linked(side.key)
    linked = choice.read()
    chosen = linked if linked in by_id else default
    st.selectbox(
        side.label,
        list(by_id),
        format_func=labels.__getitem__,
        key=choice.show(chosen),
        on_change=lambda: choice.choose(choice.picked),
        help=side.explanation,
    )
    return by_id[chosen]


def _leave_out_start(history: pd.DataFrame) -> pd.DataFrame:
    """The history without its first epoch, whose losses would flatten all the others."""
    return history.iloc[1:] if len(history) > 2 else history


def _render(side: _Side, run: Run, history: pd.DataFrame, style: CurveStyle) -> None:
    st.echarts_chart(
        draw_two_losses(history, style, run.config.learning_rate),
        key=f"{side.key}_loss",
        height=360,
        alt=f"Training loss while fitting and as measured, of {run.name}",
    )
    st.markdown(explain_gap(run.config, history.iloc[-1]))
