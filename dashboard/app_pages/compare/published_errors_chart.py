"""Test errors of runs beside published ones on one logarithmic axis, as a Plotly figure."""

import html

import pandas as pd
import plotly.graph_objects as go

from core.analysis.published import PUBLISHED
from dashboard import text
from dashboard.charts.colors import NEUTRAL
from dashboard.charts.plotly_layout import percent

_ROW = 30
_TICKS = [0.3, 0.5, 0.7, 1, 1.5, 2, 3, 5, 7, 10, 20, 50, 100]


_NAME = 34
"""Letters of a run's name that are shown; the rest would crush the axis."""


def draw_published_errors(runs: pd.DataFrame) -> go.Figure:
    """A row for each published network and each run, from the highest test error to the lowest.

    `runs` has name, color, and test_accuracy, test_low and test_high as of `Results`.
    """
    names = runs["name"].map(_short)
    rows = [(one.error, one.name) for one in PUBLISHED]
    rows += zip(1 - runs["test_accuracy"], names, strict=True)
    rows.sort(key=lambda row: -row[0])
    figure = go.Figure()
    _add_published(figure)
    for name, run in zip(names, runs.itertuples(), strict=True):
        error = 1 - run.test_accuracy
        figure.add_scatter(
            x=[100 * error],
            y=[name],
            mode="markers+text",
            text=[text.percent(error)],
            textposition="top center",
            marker={"color": run.color, "size": 12},
            error_x={
                "type": "data",
                "symmetric": False,
                "array": [100 * (run.test_accuracy - run.test_low)],
                "arrayminus": [100 * (run.test_high - run.test_accuracy)],
            },
            hovertemplate=f"%{{y}}: {percent('x')}<extra></extra>",
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


def _add_published(figure: go.Figure) -> None:
    """Draw the published networks, those with augmentation as open diamonds."""
    for is_augmented, symbol in ((False, "diamond"), (True, "diamond-open")):
        published = [one for one in PUBLISHED if one.is_augmented == is_augmented]
        figure.add_scatter(
            x=[100 * one.error for one in published],
            y=[one.name for one in published],
            mode="markers+text",
            text=[text.percent(one.error) for one in published],
            textposition="middle right",
            marker={"color": NEUTRAL, "size": 9, "symbol": symbol},
            customdata=[one.source for one in published],
            hovertemplate=f"%{{y}}: {percent('x')}<br>%{{customdata}}<extra></extra>",
            name="published",
        )


def _short(name: str) -> str:
    """The name's beginning, with nothing that Plotly would take for markup."""
    cut = name if len(name) <= _NAME else f"{name[: _NAME - 1]}…"
    return html.escape(cut, quote=False)
