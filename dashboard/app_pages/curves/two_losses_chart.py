"""The two training losses of a run, as ECharts options: the gap between them shaded and named."""

from typing import Any

import numpy as np
import pandas as pd

from dashboard.charts.colors import NEUTRAL
from dashboard.charts.curves import SERIES, CurveStyle, draw_curve
from dashboard.charts.echarts import legend

LOSSES = ("fitting", "train", "validation")
"""Those of `dashboard.charts.curves.SERIES` that the chart shows."""

_PAIR = ("fitting", "train")
_GAP, _AREA, _BELOW = "Gap", "Gap, drawn", "Below the gap"


def draw_two_losses(history: pd.DataFrame, style: CurveStyle, first_rate: float) -> dict[str, Any]:
    """ECharts options of `draw_curve`, of the series LOSSES, with the gap between the training
    losses: an area between the curves, and beside its end how large it is there.
    """
    options = draw_curve(history, "loss", style, len(history), first_rate=first_rate)
    frame = options["dataset"]["source"]
    columns = {line["id"]: line["encode"]["y"] for line in options["series"]}
    drawn = [frame[columns[name]] for name in _PAIR]  # those above the axis at its end
    below = np.minimum(*drawn)
    gap = (frame[SERIES["fitting"]] - frame[SERIES["train"]]).abs()
    frame = frame.assign(**{_BELOW: below, _AREA: np.maximum(*drawn) - below, _GAP: gap})
    names = [SERIES[name] for name in LOSSES]
    return options | {
        "grid": options["grid"] | {"right": 76},  # for the label
        "legend": legend(data=names),
        "dataset": {"source": frame},
        "series": [*options["series"], *_shade(style.axis), _label(frame, style.axis)],
    }


def _shade(axis: str) -> list[dict[str, Any]]:
    """Two areas, one upon the other, of which only the upper one is seen."""
    unseen = {"type": "line", "stack": "gap", "symbol": "none", "silent": True, "z": 1}
    unseen |= {"lineStyle": {"opacity": 0}, "color": NEUTRAL}
    below = {"id": "below", "name": _BELOW, "encode": {"x": axis, "y": _BELOW}}
    gap = {"id": "gap", "name": _GAP, "encode": {"x": axis, "y": _AREA, "tooltip": _GAP}}
    return [
        unseen | below | {"tooltip": {"show": False}},
        unseen | gap | {"areaStyle": {"color": NEUTRAL, "opacity": 0.3}},
    ]


def _label(frame: pd.DataFrame, axis: str) -> dict[str, Any]:
    """The gap's size in words, right of the last epoch, half way between the two losses."""
    last = frame.iloc[-1]
    label = {
        "show": True,
        "position": "right",
        "distance": 10,
        "formatter": f"gap\n{last[_GAP]:.4f}",
        "lineHeight": 15,
    }
    middle = last[_BELOW] + last[_AREA] / 2
    return {
        "type": "scatter",
        "id": "gap_label",
        "silent": True,
        "symbolSize": 1,
        "itemStyle": {"color": "transparent"},
        "label": label,
        "data": [[float(last[axis]), float(middle)]],
        "tooltip": {"show": False},
    }
