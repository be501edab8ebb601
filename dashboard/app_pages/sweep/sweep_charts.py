"""Figures of a sweep, drawn from the table of its trials (`core.sweep.study.trial_table`).

`spaces` are the hyperparameters to show. `customdata` of what can be clicked is the trial's number.
"""

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from core.config import hyperparameter
from core.sweep.space import Choices, Space
from dashboard.charts.colors import NEUTRAL, SPLIT_COLORS

Spaces = Mapping[str, Space]

STATES = {
    "complete": ("complete", "#0072B2"),
    "fail": ("lost", "#D55E00"),
    "pruned": ("cut short", "#E69F00"),
    "running": ("under way", "#009E73"),
}
"""What the page calls the states of a trial, and their colors."""

_SLICE_WIDTH = 300  # of more than three, for which the page may have to be scrolled
_FEW_EPOCHS = 20  # so few that each has its tick
_ACCURACY = {"title": "Validation accuracy", "tickformat": ".1%"}
_SCALE = [[0, NEUTRAL], [1, SPLIT_COLORS["train"]]]  # both ends are seen in either theme
_LEGEND_ON_TOP = {"orientation": "h", "x": 0, "y": 1, "yanchor": "bottom"}


def draw_history(trials: pd.DataFrame, spaces: Spaces) -> go.Figure:
    """Accuracies of the complete trials, and the best so far."""
    complete = _complete(trials)
    number, value = complete["number"], complete["value"]
    figure = _figure(legend=_LEGEND_ON_TOP, xaxis_title="Trial", yaxis=_ACCURACY)
    figure.add_scatter(
        x=number,
        y=value,
        mode="markers",
        name="trial",
        marker={"size": 10, "color": SPLIT_COLORS["validation"]},
        customdata=number,
        hovertemplate="trial %{x}: %{y:.2%}<extra></extra>",
    )
    line = {"mode": "lines", "name": "best so far", "line_color": SPLIT_COLORS["train"]}
    return figure.add_scatter(x=number, y=value.cummax(), hoverinfo="skip", **line)


def draw_epochs(trials: pd.DataFrame, spaces: Spaces) -> go.Figure:
    """Accuracies after each epoch, a line for each trial that is not lost."""
    figure = _figure(showlegend=False, yaxis=_ACCURACY)
    for trial in trials[trials["state"] != "fail"].itertuples():
        figure.add_scatter(
            x=list(range(1, trial.epochs_done + 1)),
            y=trial.accuracies,
            mode="lines+markers",
            marker={"size": 6, "maxdisplayed": 10},
            customdata=[trial.number] * trial.epochs_done,
            hovertemplate=f"trial {trial.number}, epoch %{{x}}: %{{y:.2%}}<extra></extra>",
        )
    step = 1 if trials["epochs_done"].max() <= _FEW_EPOCHS else None
    return figure.update_xaxes(title="Epoch", rangemode="tozero", dtick=step)


def draw_parallel(trials: pd.DataFrame, spaces: Spaces) -> go.Figure:
    """A line for each complete trial, through its accuracy and its values."""
    complete = _complete(trials)
    value = complete["value"]
    accuracy = {"label": _ACCURACY["title"], "values": value, "tickformat": ".1%"}
    axes = [_parallel_axis(name, space, complete[name]) for name, space in spaces.items()]
    line = {"color": value, "colorscale": _SCALE}
    margin = {"l": 64, "r": 64, "t": 64, "b": 24}
    return _figure(margin=margin).add_parcoords(dimensions=[accuracy, *axes], line=line)


def draw_importances(importances: Mapping[str, float]) -> go.Figure:
    """A bar for each hyperparameter, the most important on top."""
    names = sorted(importances, key=importances.__getitem__)
    return _figure(height=120 + 48 * len(names), xaxis_title="Share of the importance").add_bar(
        x=[importances[name] for name in names],
        y=[hyperparameter(name).title for name in names],
        orientation="h",
        marker_color=SPLIT_COLORS["train"],
        texttemplate="%{x:.2f}",
        textposition="outside",
        cliponaxis=False,
        hovertemplate="%{y}: %{x:.3f}<extra></extra>",
    )


def draw_slices(trials: pd.DataFrame, spaces: Spaces) -> go.Figure:
    """Accuracies of the complete trials against each hyperparameter."""
    complete = _complete(trials)
    number = complete["number"]
    width = _SLICE_WIDTH * len(spaces) if len(spaces) > 3 else None
    scale = {"colorscale": _SCALE, "colorbar_title": "trial"}
    figure = _figure(showlegend=False, width=width, coloraxis=scale)
    make_subplots(rows=1, cols=len(spaces), shared_yaxes=True, figure=figure)
    for column, (name, space) in enumerate(spaces.items(), start=1):
        figure.add_scatter(
            x=complete[name],
            y=complete["value"],
            mode="markers",
            marker={"size": 9, "color": number, "coloraxis": "coloraxis"},
            customdata=number,
            hovertemplate="trial %{customdata}: %{x}, %{y:.2%}<extra></extra>",
            row=1,
            col=column,
        )
        figure.update_xaxes(_axis(name, space), col=column)
    return figure.update_layout(yaxis=_ACCURACY)


def draw_contour(trials: pd.DataFrame, spaces: Spaces) -> go.Figure:
    """Accuracies of the complete trials over two hyperparameters, interpolated between points."""
    complete = _complete(trials)
    (x_name, x_space), (y_name, y_space) = spaces.items()
    x, y = complete[x_name], complete[y_name]
    axes = {"xaxis": _axis(x_name, x_space), "yaxis": _axis(y_name, y_space)}
    figure = _figure(height=520, showlegend=False, **axes)
    if min(x.nunique(), y.nunique()) > 1:
        figure.add_contour(
            x=x,
            y=y,
            z=complete["value"],
            connectgaps=True,
            contours_coloring="heatmap",
            line_smoothing=1.3,
            colorscale="Blues",
            colorbar={"title": "validation<br>accuracy", "tickformat": ".1%"},
            hoverinfo="skip",
        )
    return figure.add_scatter(
        x=x,
        y=y,
        mode="markers",
        marker={"color": "black", "line": {"width": 2, "color": "gray"}},
        customdata=complete["number"],
        hovertemplate="trial %{customdata}: %{x}, %{y}<extra></extra>",
    )


def draw_timeline(trials: pd.DataFrame, spaces: Spaces) -> go.Figure:
    """A bar for each trial, from its proposal to its end or to now."""
    figure = _figure(legend=_LEGEND_ON_TOP, showlegend=True, xaxis_title="Time", xaxis_type="date")
    seconds = (trials["ended"].fillna(pd.Timestamp.now()) - trials["began"]).dt.total_seconds()
    for state, group in trials.groupby("state"):
        name, color = STATES[str(state)]
        figure.add_bar(
            x=1_000 * seconds[group.index],
            y=group["number"],
            base=group["began"],
            orientation="h",
            width=0.8,
            name=name,
            marker_color=color,
            customdata=group["number"],
            hovertemplate="trial %{y}<extra></extra>",
        )
    return figure.update_yaxes(title="Trial", autorange="reversed")


def _figure(**layout: Any) -> go.Figure:
    return go.Figure(layout={"height": 420, "margin": {"l": 0, "r": 0, "t": 32, "b": 0}} | layout)


def _complete(trials: pd.DataFrame) -> pd.DataFrame:
    complete = trials[trials["state"] == "complete"]
    if complete.empty:
        raise ValueError("No trial has come to its end yet.")
    return complete


def _axis(name: str, space: Space) -> dict[str, Any]:
    """Powers of ten on a logarithmic axis, where Plotly would write 100µ."""
    axis: dict[str, Any] = {"title": hyperparameter(name).title}
    if isinstance(space, Choices):
        return axis | {"type": "category", "categoryarray": space.values}
    return axis | ({"type": "log", "exponentformat": "power", "dtick": 1} if space.log else {})


def _parallel_axis(name: str, space: Space, values: pd.Series) -> dict[str, Any]:
    """From end to end of the space; such an axis knows neither logarithms nor categories."""
    axis: dict[str, Any] = {"label": hyperparameter(name).title}
    if isinstance(space, Choices):
        indices = [space.values.index(value) for value in values]
        ticks = list(range(len(space.values)))
        return axis | {"values": indices, "tickvals": ticks, "ticktext": space.values}
    if not space.log:
        return axis | {"values": values, "range": [space.low, space.high]}
    ends = [math.log10(space.low), math.log10(space.high)]
    exponents = [ends[0], *map(float, range(math.floor(ends[0]) + 1, math.ceil(ends[1]))), ends[1]]
    return axis | {
        "values": [math.log10(value) for value in values],
        "range": ends,
        "tickvals": exponents,
        "ticktext": [f"{10**exponent:.3g}" for exponent in exponents],
    }
