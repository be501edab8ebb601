"""Optuna's figures dressed for the page: themes, wording, and the trial behind each point.

`customdata` of whatever can be clicked is the trial's number.
"""

from collections.abc import Callable, Sequence
from typing import Any

import plotly.graph_objects as go
from plotly.colors import sample_colorscale

from core.config import RunConfig
from core.sweep.figures import FigureKind
from dashboard.charts.colors import NEUTRAL, SPLIT_COLORS

_HEIGHT = 420
_CONTOUR_HEIGHT = 520
_BAR_SHARE = 0.8
_FEW_EPOCHS = 20  # so few that each has its tick
_SCALE = [[0, NEUTRAL], [1, SPLIT_COLORS["train"]]]  # both ends are seen in either theme
_STATE_COLORS = {
    "COMPLETE": ("complete", "#0072B2"),
    "PRUNED": ("cut short", "#E69F00"),
    "FAIL": ("lost", "#D55E00"),
    "RUNNING": ("under way", "#009E73"),
    "WAITING": ("to come", "#CC79A7"),
}


def dress_figure(figure: go.Figure, kind: FigureKind, complete: Sequence[int]) -> go.Figure:
    """Change `figure` as the page wants it, and return it.

    `complete` are the numbers of the trials that came to their end, in order.
    """
    figure.update_layout(
        title=None,
        height=_HEIGHT,
        margin={"l": 0, "r": 0, "t": 32, "b": 0},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
    )
    _DRESSES[kind](figure, complete)
    figure.for_each_xaxis(_dress_axis)
    figure.for_each_yaxis(_dress_axis)
    return figure


def _dress_axis(axis: Any) -> None:
    """The page's word for a hyperparameter; powers of ten where Optuna would write 100µ."""
    axis.title.text = _title(axis.title.text)
    if axis.type == "log":
        axis.update(exponentformat="power", dtick=1)


def _title(name: str | None) -> str | None:
    field = RunConfig.model_fields.get(name or "")
    return field.title if field else name


def _dress_history(figure: go.Figure, complete: Sequence[int]) -> None:
    points, best = figure.data[:2]
    points.update(
        customdata=list(points.x),
        name="trial",
        marker={"size": 10, "color": SPLIT_COLORS["validation"]},
        hovertemplate="trial %{x}: %{y:.2%}<extra></extra>",
    )
    best.update(name="best so far", line={"color": SPLIT_COLORS["train"]}, hoverinfo="skip")
    figure.update_xaxes(title="Trial")
    figure.update_yaxes(tickformat=".1%")
    _put_legend_on_top(figure)


def _dress_epochs(figure: go.Figure, complete: Sequence[int]) -> None:
    for trace in figure.data:
        number = int(trace.name.removeprefix("Trial"))
        trace.update(
            customdata=[number] * len(trace.x),
            hovertemplate=f"trial {number}, epoch %{{x}}: %{{y:.2%}}<extra></extra>",
            marker={"size": 6},
        )
    epochs = max((max(trace.x, default=0) for trace in figure.data), default=0)
    whole = {"dtick": 1} if epochs <= _FEW_EPOCHS else {}
    figure.update_xaxes(title="Epoch", rangemode="tozero", **whole)
    figure.update_yaxes(title="Validation accuracy", tickformat=".1%")


def _dress_parallel(figure: go.Figure, complete: Sequence[int]) -> None:
    figure.update_annotations(font_color=NEUTRAL)
    figure.update_layout(margin={"t": 40, "b": 24})
    axis = figure.layout.xaxis
    axis.ticktext = [_title(name) for name in axis.ticktext]
    *lines, bar = figure.data
    for line in lines:
        line.customdata = [(_title(name), value) for name, value in line.customdata]
        line.line.color = sample_colorscale(_SCALE, line.y[0])[0]  # its place on the first axis
        line.opacity = 0.8
    bar.marker.colorscale = _SCALE


def _dress_importances(figure: go.Figure, complete: Sequence[int]) -> None:
    (bars,) = figure.data
    bars.update(marker={"color": SPLIT_COLORS["train"]}, y=[_title(name) for name in bars.y])
    figure.update_layout(height=120 + 48 * len(bars.y))
    figure.update_xaxes(title="Share of the importance")
    figure.update_yaxes(title=None)


def _dress_slices(figure: go.Figure, complete: Sequence[int]) -> None:
    for trace in figure.data:
        trace.update(
            customdata=list(trace.marker.color),
            hovertemplate="trial %{customdata}: %{x}, %{y:.2%}<extra></extra>",
            marker={"size": 9, "colorscale": _SCALE, "colorbar": {"title": "trial", "xpad": 8}},
        )
    figure.update_yaxes(tickformat=".1%")


def _dress_contour(figure: go.Figure, complete: Sequence[int]) -> None:
    figure.update_layout(height=_CONTOUR_HEIGHT)
    for trace in figure.data:
        if trace.type == "contour":
            trace.update(colorbar={"title": "validation<br>accuracy", "tickformat": ".1%"})
        elif trace.x and len(trace.x) == len(complete):
            trace.update(
                customdata=list(complete),
                hovertemplate="trial %{customdata}: %{x}, %{y}<extra></extra>",
            )


def _dress_timeline(figure: go.Figure, complete: Sequence[int]) -> None:
    for trace in figure.data:
        name, color = _STATE_COLORS[trace.name]
        trace.update(
            customdata=list(trace.y),
            name=name,
            width=_BAR_SHARE,
            marker={"color": color},
            hovertemplate="trial %{y}<extra></extra>",
        )
    figure.update_xaxes(title="Time")
    figure.update_yaxes(title="Trial", autorange="reversed")
    _put_legend_on_top(figure)


def _put_legend_on_top(figure: go.Figure) -> None:
    figure.update_layout(legend={"orientation": "h", "x": 0, "y": 1, "yanchor": "bottom"})


_DRESSES: dict[FigureKind, Callable[[go.Figure, Sequence[int]], None]] = {
    FigureKind.HISTORY: _dress_history,
    FigureKind.EPOCHS: _dress_epochs,
    FigureKind.PARALLEL: _dress_parallel,
    FigureKind.IMPORTANCES: _dress_importances,
    FigureKind.SLICES: _dress_slices,
    FigureKind.CONTOUR: _dress_contour,
    FigureKind.TIMELINE: _dress_timeline,
}
