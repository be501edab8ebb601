"""Figures of a sweep, drawn from the table of its trials (`core.sweep.study.trial_table`).

`spaces` are the hyperparameters to show. `customdata` of what can be clicked is the trial's number.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from core.config import hyperparameter
from core.sweep.space import Choices, Space
from dashboard import text
from dashboard.charts.colors import NEUTRAL, SPLIT_COLORS
from dashboard.charts.plotly_layout import LEGEND, LEGEND_HEIGHT, percent

Spaces = Mapping[str, Space]

STATES = {
    "complete": ("complete", "#0072B2"),
    "fail": ("lost", "#D55E00"),
    "pruned": ("cut short", "#E69F00"),
    "running": ("under way", "#009E73"),
}
"""What the page calls the states of a trial, and their colors."""

_SLICE_WIDTH = 300  # of more than three, for which the page may have to be scrolled
_FEW = 20
"""At most this many epochs or trials have a tick each."""
_HEIGHT = 420
_MARGIN = 0.06
"""Of what the points span, room that an axis has beyond them."""
_ACCURACY = "validation accuracy, %"
_SCALE = [[0, NEUTRAL], [1, SPLIT_COLORS["train"]]]  # both ends are seen in either theme


def draw_history(trials: pd.DataFrame, spaces: Spaces) -> go.Figure:
    """Accuracies of the complete trials, and the best so far."""
    complete = _complete(trials)
    number, accuracy = complete["number"], 100 * complete["value"]
    axes = {"xaxis": _count_axis("trial", number), "yaxis": _accuracy_axis(accuracy)}
    figure = _figure(**axes).add_scatter(
        x=number,
        y=accuracy,
        mode="markers",
        name="trial",
        marker={"size": 10, "color": SPLIT_COLORS["validation"]},
        **_hover(complete, spaces),
    )
    line = {"mode": "lines", "name": "best so far", "line_color": SPLIT_COLORS["train"]}
    return figure.add_scatter(x=number, y=accuracy.cummax(), hoverinfo="skip", **line)


def draw_epochs(trials: pd.DataFrame, spaces: Spaces) -> go.Figure:
    """Accuracies after each epoch, a line for each trial that is not lost."""
    figure, named = _figure(showlegend=True), set()
    shown = trials[(trials["state"] != "fail") & (trials["epochs_done"] > 0)]
    for trial in shown.itertuples():
        name, color = STATES[str(trial.state)]
        figure.add_scatter(
            x=list(range(1, trial.epochs_done + 1)),
            y=[100 * accuracy for accuracy in trial.accuracies],
            mode="lines+markers",
            marker={"size": 6, "maxdisplayed": 10},
            line_color=color,
            opacity=0.8,
            name=name,
            legendgroup=name,
            showlegend=name not in named,
            customdata=[trial.number] * trial.epochs_done,
            hovertemplate=f"trial {trial.number}, epoch %{{x}}: {percent('y')}<extra></extra>",
        )
        named.add(name)
    epochs = pd.Series(range(1, int(shown["epochs_done"].max() if len(shown) else 1) + 1))
    return figure.update_layout(
        xaxis=_count_axis("epoch", epochs),
        yaxis=_accuracy_axis(100 * shown["accuracies"].explode().astype(float)),
    )


def draw_parallel(trials: pd.DataFrame, spaces: Spaces) -> go.Figure:
    """A line for each complete trial, through its accuracy and its values."""
    complete = _complete(trials)
    accuracy = 100 * complete["value"]
    first = {"label": _ACCURACY, "values": accuracy, "range": _zoom(accuracy)}
    axes = [_parallel_axis(name, space, complete[name]) for name, space in spaces.items()]
    line = {"color": accuracy, "colorscale": _SCALE}
    margin = {"l": 64, "r": 64, "t": 64, "b": 24}
    return _figure(margin=margin).add_parcoords(dimensions=[first, *axes], line=line)


def draw_importances(importances: Mapping[str, float]) -> go.Figure:
    """A bar for each hyperparameter, the most important on top."""
    names = sorted(importances, key=importances.__getitem__)
    axis = {"title": "share of the importance, %", "range": (0, 110)}  # with room for a label
    return _figure(height=120 + 48 * len(names), xaxis=axis).add_bar(
        x=[100 * importances[name] for name in names],
        y=[hyperparameter(name).title for name in names],
        orientation="h",
        marker_color=SPLIT_COLORS["train"],
        texttemplate=percent("x"),
        textposition="outside",
        cliponaxis=False,
        hovertemplate=f"%{{y}}: {percent('x')}<extra></extra>",
    )


def draw_slices(trials: pd.DataFrame, spaces: Spaces) -> go.Figure:
    """Accuracies of the complete trials against each hyperparameter."""
    complete = _complete(trials)
    number, accuracy = complete["number"], 100 * complete["value"]
    width = _SLICE_WIDTH * len(spaces) if len(spaces) > 3 else None
    bar = {"title": "trial", "dtick": 1 if number.max() < _FEW else None}
    scale = {"colorscale": _SCALE, "colorbar": bar, "cmin": 0, "cmax": max(number.max(), 1)}
    figure = _figure(showlegend=False, width=width, coloraxis=scale)
    make_subplots(rows=1, cols=len(spaces), shared_yaxes=True, figure=figure)
    for column, (name, space) in enumerate(spaces.items(), start=1):
        figure.add_scatter(
            x=complete[name],
            y=accuracy,
            mode="markers",
            marker={"size": 9, "color": number, "coloraxis": "coloraxis"},
            **_hover(complete, spaces),
            row=1,
            col=column,
        )
        figure.update_xaxes(_axis(name, space, complete[name]), col=column)
    return figure.update_layout(yaxis=_accuracy_axis(accuracy))


def draw_contour(trials: pd.DataFrame, spaces: Spaces) -> go.Figure:
    """Accuracies of the complete trials over two hyperparameters, interpolated between points."""
    complete = _complete(trials)
    x, y = (complete[name] for name in spaces)
    xaxis, yaxis = (_axis(name, space, complete[name]) for name, space in spaces.items())
    figure = _figure(height=520, showlegend=False, xaxis=xaxis, yaxis=yaxis)
    if min(x.nunique(), y.nunique()) > 1:
        figure.add_contour(
            x=x,
            y=y,
            z=100 * complete["value"],
            connectgaps=True,
            contours_coloring="heatmap",
            line_smoothing=1.3,
            colorbar_title="validation<br>accuracy, %",
            hoverinfo="skip",
        )
    return figure.add_scatter(
        x=x,
        y=y,
        mode="markers",
        marker={"size": 9, "color": "black", "line": {"width": 2, "color": "white"}},
        **_hover(complete, spaces),
    )


def draw_timeline(trials: pd.DataFrame, spaces: Spaces) -> go.Figure:
    """A bar for each trial, from its proposal to its end or to now."""
    height = min(_HEIGHT, 120 + 32 * len(trials))
    figure = _figure(showlegend=True, height=height, xaxis_title="time", xaxis_type="date")
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
    axis = _count_axis("trial", trials["number"])
    return figure.update_yaxes(axis | {"range": axis["range"][::-1]})


def _figure(**layout: Any) -> go.Figure:
    margin = {"l": 0, "r": 0, "t": LEGEND_HEIGHT, "b": 0}
    return go.Figure(layout={"height": _HEIGHT, "margin": margin, "legend": LEGEND} | layout)


def _complete(trials: pd.DataFrame) -> pd.DataFrame:
    complete = trials[trials["state"] == "complete"]
    if complete.empty:
        raise ValueError("No trial has come to its end yet.")
    return complete


def _hover(trials: pd.DataFrame, spaces: Spaces) -> dict[str, Any]:
    """What a scatter needs, so that each point tells its trial, values and accuracy."""
    words = [
        "<br>".join(
            [
                f"trial {trial.number}",
                *(
                    f"{hyperparameter(name).title} {_write(getattr(trial, name))}"
                    for name in spaces
                ),
                f"validation accuracy {text.percent(trial.value)}",
            ]
        )
        for trial in trials.itertuples()
    ]
    template = "%{hovertext}<extra></extra>"
    return {"customdata": trials["number"], "hovertext": words, "hovertemplate": template}


def _write(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _zoom(values: pd.Series, least: float = 0.5) -> list[float]:
    """The ends of an axis that shows the values and little more; at least twice `least` long."""
    margin = max(_MARGIN * (values.max() - values.min()), least * (values.nunique() < 2))
    return [values.min() - margin, values.max() + margin]


def _accuracy_axis(accuracy: pd.Series) -> dict[str, Any]:
    return {"title": _ACCURACY, "range": _zoom(accuracy)}


def _count_axis(title: str, numbers: pd.Series) -> dict[str, Any]:
    """An axis of whole numbers, from half below the first to half above the last."""
    ends = [numbers.min() - 0.5, numbers.max() + 0.5]
    return {"title": title, "range": ends, "dtick": 1 if numbers.max() <= _FEW else None}


def _axis(name: str, space: Space, values: pd.Series) -> dict[str, Any]:
    """An axis as long as the values need it; of one value alone, from end to end of the space."""
    axis: dict[str, Any] = {"title": hyperparameter(name).title}
    if isinstance(space, Choices):
        return axis | {"type": "category", "categoryarray": space.values}
    shown = values if values.nunique() > 1 else pd.Series([space.low, space.high])
    if not space.log:
        return axis | {"range": _zoom(shown)}
    ticks = _log_ticks(shown.min(), shown.max())
    words = [_write(tick) for tick in ticks]
    ends = _zoom(np.log10(shown))
    return axis | {"type": "log", "range": ends, "tickvals": ticks, "ticktext": words}


def _log_ticks(low: float, high: float) -> list[float]:
    """Powers of ten between the two; if those are few, 1, 2 and 5 times them; or both ends."""
    exponents = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for digits in ((1,), (1, 2, 5)):
        ticks = [digit * 10.0**exponent for exponent in exponents for digit in digits]
        if (
            len(within := [tick for tick in ticks if low <= tick * 1.001 and tick <= high * 1.001])
            > 1
        ):
            return within
    return [low, high]


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
        "ticktext": [_write(10**exponent) for exponent in exponents],
    }
