"""A map of features, as a Plotly figure to click in, and how its points are coloured.

The points are those of `FeatureMap`: index, true, predicted, confidence, x, y.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from core.data import Indices, Mask
from core.maps.request import MapMethod
from dashboard.charts.colors import CLASS_COLORS, NEUTRAL
from dashboard.charts.plotly_layout import LEGEND, LEGEND_HEIGHT, percent

MAP_HEIGHT = 560
WRONG = "#D55E00"
OUTLINE = "#E0218A"  # seen on white, on black and on every class's colour
_MANY = 3_000
"""From this many points on they are drawn smaller, and by WebGL: as SVG they slow the browser."""

_BUTTONS_HEIGHT = 52
"""Pixels above the legend: for Plotly's buttons, and on a narrow screen the legend's second row."""

_CONFIDENCE = {  # below which probability; from orange, unsure, to blue, sure
    "below 50 %": (0.5, WRONG),
    "50 to 80 %": (0.8, "#E69F00"),
    "80 to 95 %": (0.95, NEUTRAL),
    "95 to 99 %": (0.99, "#56B4E9"),
    "99 % and more": (np.inf, "#0072B2"),
}


class Coloring(StrEnum):
    """What the colour of a point says."""

    TRUE = "true"
    PREDICTED = "predicted"
    CORRECT = "correct"
    CONFIDENCE = "confidence"


class Group(NamedTuple):
    """Points of one colour: an entry of the legend."""

    name: str
    color: str


_WRONG = Group("wrong", WRONG)
_WRONG_ANSWER = Group("wrong answer", "rgba(0, 0, 0, 0)")
"""The legend's entry for the mark of wrong answers where the colours say something else."""


def group_points(points: pd.DataFrame, coloring: Coloring) -> tuple[tuple[Group, ...], Indices]:
    """The groups that `coloring` makes, and each point's place among them."""
    if coloring is Coloring.CORRECT:
        return (Group("right", NEUTRAL), _WRONG), _is_wrong(points).astype(np.int64)
    if coloring is Coloring.CONFIDENCE:
        groups = tuple(Group(name, color) for name, (_, color) in _CONFIDENCE.items())
        limits = [limit for limit, _ in _CONFIDENCE.values()]
        return groups, np.searchsorted(limits, points["confidence"], side="right")
    groups = tuple(Group(str(digit), color) for digit, color in enumerate(CLASS_COLORS))
    return groups, points[coloring.value].to_numpy(np.int64)


def point_sizes(points: pd.DataFrame) -> tuple[int, int]:
    """The sizes of the points that are answered rightly, and of the others."""
    return (6, 11) if len(points) < _MANY else (4, 7)


def draw_map(
    points: pd.DataFrame, coloring: Coloring, method: MapMethod, chosen: Sequence[int] = ()
) -> go.Figure:
    """The whole map. Wrongly answered images are outlined diamonds, on top of all others, as the
    legend says.

    The `chosen` rows, if any, are shown as selected. `customdata` begins with the point's row in
    `points`, from 0, so that a selection finds it.
    """
    groups, places = group_points(points, coloring)
    wrong = _is_wrong(points)
    figure = go.Figure()
    for is_wrong in (False, True):
        for place, group in enumerate(groups):
            rows = np.flatnonzero((places == place) & (wrong == is_wrong))
            trace = _trace(points, rows, group, is_wrong, place)
            if len(chosen):
                trace.selectedpoints = np.flatnonzero(np.isin(rows, chosen)).tolist()
            figure.add_trace(trace)
    if coloring is not Coloring.CORRECT:
        none = np.array([], np.int64)
        figure.add_trace(_trace(points, none, _WRONG_ANSWER, True, len(groups)))
    figure.update_layout(
        height=MAP_HEIGHT,
        margin={"l": 24, "r": 8, "t": _BUTTONS_HEIGHT + LEGEND_HEIGHT, "b": 24},
        dragmode="pan",  # with the lasso in hand from the start, a click would select nothing
        legend=LEGEND | {"itemsizing": "constant"},
        hoverlabel={"align": "left"},
    )
    axis = {"showticklabels": False, "showgrid": False, "zeroline": False}
    name = "Principal component" if method is MapMethod.PCA else "t-SNE dimension"
    figure.update_xaxes(title=f"{name} 1", **axis)
    figure.update_yaxes(title=f"{name} 2", **axis)
    return figure


def _trace(
    points: pd.DataFrame, rows: Indices, group: Group, is_wrong: bool, rank: int
) -> go.Scatter | go.Scattergl:
    frame = points.iloc[rows]
    right_size, wrong_size = point_sizes(points)
    marker: dict[str, Any] = {"color": group.color, "size": right_size, "opacity": 0.8}
    if is_wrong:
        marker |= {"symbol": "diamond", "size": wrong_size, "opacity": 1}
        marker |= {"line": {"width": 2, "color": OUTLINE}}
    kind = go.Scatter if len(points) < _MANY else go.Scattergl
    return kind(
        x=frame["x"] if len(rows) else [None],  # so that the legend has every group
        y=frame["y"] if len(rows) else [None],
        mode="markers",
        name=group.name,
        legendgroup=group.name,
        legendrank=rank,
        showlegend=is_wrong if group in (_WRONG, _WRONG_ANSWER) else not is_wrong,
        marker=marker,
        customdata=np.column_stack(
            [rows, frame[["index", "true", "predicted"]], 100 * frame["confidence"]]
        ).tolist(),  # an array would come back from the browser in another form
        hovertemplate="image %{customdata[1]}<br>true %{customdata[2]}, predicted "
        f"%{{customdata[3]}}<br>confidence {percent('customdata[4]')}<extra></extra>",
    )


def _is_wrong(points: pd.DataFrame) -> Mask:
    wrong: Mask = (points["true"] != points["predicted"]).to_numpy()
    return wrong
