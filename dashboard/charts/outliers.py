"""Losses far above the rest: an axis that shows the rest, with marks for what lies above it.

One loss of 1e12, as a training that diverges has, would press all others onto the axis.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
import pandas as pd

from core.data import Doubles
from dashboard.charts.colors import NEUTRAL

_ALWAYS_SHOWN = 10.0
"""A loss up to this is never cut off: guessing has one of ln 10 = 2.3."""
_TIMES_MEDIAN, _TIMES_MEDIAN_LOG, _TIMES_NEXT = 20, 10_000, 4
"""An outlier is more than this many times the median (on a logarithmic axis, more), and more than
this many times the next lower value."""
_CAPTION_HEIGHT = 18


@dataclass(frozen=True)
class Outliers:
    """The values of a chart that lie above its vertical axis, which ends at `limit`."""

    limit: float
    count: int
    highest: float

    def __str__(self) -> str:
        if self.count == 1:
            return f"▲ a point above the axis, at {self.highest:.2g}"
        return f"▲ {self.count} points above the axis, up to {self.highest:.2g}"


def find_outliers(
    values: Iterable[float], is_logarithmic: bool = False, limit: float | None = None
) -> Outliers | None:
    """The values above the axis; None if there are none.

    The axis ends at `limit` or, without one, at a round number above all values but those far
    above the rest. What falls bit by bit, however far, is not far above: there must be a gap.
    """
    ordered = np.sort(np.fromiter(values, float))
    ordered = ordered[np.isfinite(ordered)]
    limit = _find_limit(ordered, is_logarithmic) if limit is None else limit
    if limit is None or not (count := int((ordered > limit).sum())):
        return None
    return Outliers(limit, count, float(ordered[-1]))


def cut_outliers(options: dict[str, Any]) -> dict[str, Any]:
    """The ECharts options of losses by epoch, with outliers drawn at the end of the vertical axis.

    There a triangle marks them; their tooltips tell the values. A line below the chart says how
    many there are. `options` has its lines' columns in datasets, and where the axis ends, if that
    is fixed.
    """
    datasets = options["dataset"] if isinstance(options["dataset"], list) else [options["dataset"]]
    frames = [dataset["source"] for dataset in datasets]
    lines = {
        place: (line, frames[line.get("datasetIndex", 0)])
        for place, line in enumerate(options["series"])
        if "encode" in line
    }
    values = chain.from_iterable(frame[line["encode"]["y"]] for line, frame in lines.values())
    axis, grid = options["yAxis"], options["grid"]
    outliers = find_outliers(values, axis["type"] == "log", axis["max"])
    if outliers is None:
        return options
    style = {"fontSize": 11, "fontWeight": "normal", "color": NEUTRAL}
    return options | {
        "yAxis": axis | {"max": outliers.limit},
        "series": [
            _cut_line(*lines[place], outliers.limit) if place in lines else line
            for place, line in enumerate(options["series"])
        ],
        "title": {"text": str(outliers), "left": 0, "bottom": 3, "padding": 0, "textStyle": style},
        "grid": grid | {"bottom": grid["bottom"] + _CAPTION_HEIGHT},
    }


def _cut_line(line: dict[str, Any], frame: pd.DataFrame, limit: float) -> dict[str, Any]:
    """The line, whose values are drawn no higher than `limit`: `frame` is given a column of them.

    What is drawn at its true height would be a vertical line, and no dashes.
    """
    x, column = line["encode"]["x"], line["encode"]["y"]
    is_above = frame[column] > limit
    if not is_above.any():
        return line
    drawn = f"{column}, drawn"
    frame[drawn] = frame[column].clip(upper=limit)
    mark = {
        "symbol": "triangle",
        "symbolSize": 10,
        "symbolOffset": [0, 5],
        "itemStyle": {"color": line["color"]},
        "label": {"show": False},
    }
    marks = [{"coord": [place, limit]} | mark for place in frame.loc[is_above, x].tolist()]
    points = line.get("markPoint", {"silent": True, "animation": False, "data": []})
    return line | {
        "encode": {"x": x, "y": drawn, "tooltip": column},
        "markPoint": points | {"data": [*points["data"], *marks]},
    }


def _find_limit(ordered: Doubles, is_logarithmic: bool) -> float | None:
    if len(ordered) < 2:
        return None
    median = ordered[(len(ordered) - 1) // 2]
    far = (_TIMES_MEDIAN_LOG if is_logarithmic else _TIMES_MEDIAN) * median
    is_outlier = ordered[1:] > np.maximum(max(_ALWAYS_SHOWN, far), _TIMES_NEXT * ordered[:-1])
    places = np.flatnonzero(is_outlier)
    if not len(places):
        return None
    highest = max(float(ordered[places[0]]), 0.01)
    power = 10.0 ** math.floor(math.log10(highest))
    steps = 20 if is_logarithmic else math.floor(2 * highest / power + 1e-9) + 1
    return float(f"{steps * power / 2:.3g}")  # 5.06 -> 5.5, 12 -> 15; logarithmic 10 and 100
