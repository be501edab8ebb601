"""Test errors of runs beside published ones on one logarithmic axis, as a Plotly figure."""

import html
from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from core.analysis.published import PUBLISHED
from dashboard.charts.colors import NEUTRAL

_ROW = 30
_TICKS = [0.5, 0.7, 1, 1.5, 2, 3, 5, 7, 10, 20, 50, 100]


@dataclass(frozen=True)
class Mark:
    """A run on the ruler: its test error with its 95 % interval, shares from 0 to 1."""

    name: str
    color: str
    error: float
    low: float
    high: float


_NAME = 34
"""Letters of a run's name that are shown; the rest would crush the axis."""


def draw_ruler(marks: Sequence[Mark]) -> go.Figure:
    """A row for each published network and each run, from the highest test error to the lowest."""
    rows = sorted(
        [(one.error, one.name) for one in PUBLISHED]
        + [(mark.error, _short(mark.name)) for mark in marks],
        key=lambda row: -row[0],
    )
    figure = go.Figure()
    figure.add_scatter(
        x=[100 * one.error for one in PUBLISHED],
        y=[one.name for one in PUBLISHED],
        mode="markers+text",
        text=[f"{100 * one.error:.2f} %" for one in PUBLISHED],
        textposition="middle right",
        marker={"color": NEUTRAL, "size": 9, "symbol": "diamond"},
        customdata=[one.source for one in PUBLISHED],
        hovertemplate="%{y}: %{x:.2f} %<br>%{customdata}<extra></extra>",
        name="published",
    )
    for mark in marks:
        figure.add_scatter(
            x=[100 * mark.error],
            y=[_short(mark.name)],
            mode="markers+text",
            text=[f"{100 * mark.error:.2f} %"],
            textposition="top center",
            marker={"color": mark.color, "size": 12},
            error_x={
                "type": "data",
                "symmetric": False,
                "array": [100 * (mark.high - mark.error)],
                "arrayminus": [100 * (mark.error - mark.low)],
            },
            hovertemplate="%{y}: %{x:.2f} %<extra></extra>",
        )
    figure.update_xaxes(
        type="log",
        title="test error, %",
        tickvals=_TICKS,
        ticktext=[f"{tick:g}" for tick in _TICKS],
        fixedrange=True,
    )
    figure.update_yaxes(
        categoryorder="array",
        categoryarray=[name for _, name in rows],
        autorange="reversed",
        fixedrange=True,
        automargin=True,
    )
    figure.update_layout(
        showlegend=False,
        height=90 + _ROW * len(rows),
        margin={"l": 0, "r": 40, "t": 10, "b": 40},
        dragmode=False,
    )
    return figure


def _short(name: str) -> str:
    """The name's beginning, with nothing that Plotly would take for markup."""
    cut = name if len(name) <= _NAME else f"{name[: _NAME - 1]}…"
    return html.escape(cut, quote=False)
