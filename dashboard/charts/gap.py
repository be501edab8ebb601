"""Shades the gap between training and validation loss, from where a run overfits."""

from typing import Any

import pandas as pd

from dashboard.charts.colors import SPLIT_COLORS

_LOW, _GAP = "gap, from", "gap"


def shade_gap(option: dict[str, Any], frame: pd.DataFrame, axis: str, first_epoch: float) -> None:
    """Add the gap to a chart of losses, ECharts options with `frame` as their data set.

    `frame` has the columns `axis`, "Train" and "Validation"; its rows are epochs, in order. What is
    beyond the end of the axis is shaded up to it.
    """
    losses = frame[["Train", "Validation"]].iloc[int(first_epoch) - 1 :]
    losses = losses.clip(upper=option["yAxis"]["max"])
    low = losses.min(axis=1, skipna=False)
    option["dataset"] = {
        "source": frame.assign(**{_LOW: low, _GAP: losses.max(axis=1, skipna=False) - low})
    }
    option["series"] += [_band(axis, _LOW, 0), _band(axis, _GAP, 0.15)]


def _band(axis: str, column: str, opacity: float) -> dict[str, Any]:
    """A line that is not seen, stacked on the one before it, with the area below it."""
    return {
        "type": "line",
        "encode": {"x": axis, "y": column},
        "stack": "gap",
        "stackStrategy": "all",
        "symbol": "none",
        "silent": True,
        "tooltip": {"show": False},
        "lineStyle": {"opacity": 0},
        "areaStyle": {"color": SPLIT_COLORS["validation"], "opacity": opacity},
    }
