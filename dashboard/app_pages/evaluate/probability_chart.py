"""One digit against the rest: p(digit) as a Plotly histogram, and its curves as ECharts options."""

import math
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from core.analysis.detection import Curve, ThresholdReport
from dashboard.charts.colors import NEUTRAL, SPLIT_COLORS
from dashboard.charts.echarts import grid, left_axis, line, named_axis, options
from dashboard.charts.plotly_layout import LEGEND, LEGEND_HEIGHT, percent
from dashboard.text import PERCENT_FORMAT

_POSITIVE, _NEGATIVE = "#E0393E", "#2B87D1"
_POINT = "#E69F00"
_CORNERS = (1, 2, 5, 10, 20, 50)
"""How much of an axis, in percent, a zoomed corner may show."""
_BEND = 0.25
"""At most this far along the axes of a corner lies the curve's bend."""


def draw_histogram(histogram: pd.DataFrame, digit: int, threshold: float) -> go.Figure:
    """`core.analysis.detection.probability_histogram`: the digit in red, the others in blue.

    Counts are logarithmic; a line marks the threshold.
    """
    edges = 100 * histogram[["low", "high"]]
    figure = go.Figure()
    for column, name, color in (
        ("negatives", f"is not {digit}", _NEGATIVE),
        ("positives", f"is {digit}", _POSITIVE),
    ):
        figure.add_bar(
            x=(edges["low"] + edges["high"]) / 2,
            y=histogram[column],
            width=edges["high"] - edges["low"],
            name=name,
            marker={"color": color, "line": {"width": 0}},
            opacity=0.5,
            customdata=edges,
            hovertemplate=f"%{{customdata[0]:.2f}} to {percent('customdata[1]')}: %{{y:,}} images",
        )
    most = int(histogram[["positives", "negatives"]].to_numpy().max())
    figure.add_vline(100 * threshold, line={"color": _POINT, "width": 2})
    figure.update_xaxes(title=f"p({digit}), %", range=(0, 100), fixedrange=True)
    figure.update_yaxes(
        title="images",
        type="log",
        range=(math.log10(0.7), math.log10(max(most, 2)) + 0.1),
        dtick=1,
        tickformat=",",
        fixedrange=True,
    )
    figure.update_layout(
        barmode="overlay",
        legend=LEGEND,
        margin={"l": 0, "r": 12, "t": LEGEND_HEIGHT, "b": 0},
        height=320,
    )
    return figure


def draw_roc_curve(curve: Curve, report: ThresholdReport, corner: bool = True) -> dict[str, Any]:
    """True by false positive rate, in percent, with the threshold's point; the whole of it, or the
    left corner where the curve bends.
    """
    negatives = report.false_positives + report.true_negatives
    point = report.false_positives / negatives, report.recall
    return _draw_curve(curve, ("false_positive_rate", "true_positive_rate"), point, 0, corner)


def draw_precision_recall_curve(
    curve: Curve, report: ThresholdReport, corner: bool = True
) -> dict[str, Any]:
    """Precision by recall, in percent, with the threshold's point; the whole of it, or the right
    corner where the curve bends.
    """
    point = report.recall, report.precision
    return _draw_curve(curve, ("recall", "precision"), point, 100, corner)


def _draw_curve(
    curve: Curve, columns: tuple[str, str], point: tuple[float, float], ideal: float, corner: bool
) -> dict[str, Any]:
    """A line through two columns of the curve's points, with the threshold's point on it.

    `ideal` is the first column's value, 0 or 100, where the second's should be 100: the corner.
    """
    x, y = (column.replace("_", " ") for column in columns)
    shares = (100 * curve.points[[*columns]]).set_axis([x, y], axis="columns")
    places = [100 * value for value in point]
    size = _corner_size(shares, places, ideal) if corner else 100
    x_limits = {"min": ideal and 100 - size, "max": ideal or size, "axisLine": {"onZero": False}}
    return options(
        grid=grid(top=12),
        tooltip={"valueFormatter": PERCENT_FORMAT},
        dataset={"source": shares},
        xAxis=named_axis(f"{x}, %", 22, **x_limits),
        yAxis=left_axis(f"{y}, %", min=100 - size, max=100),
        series=[
            line("curve", x, y, SPLIT_COLORS["test"], showSymbol=False, name="curve"),
            {
                "type": "scatter",
                "id": "threshold",
                "name": "at the threshold",
                "dimensions": [x, y],
                "encode": {"tooltip": [x, y]},
                "data": [places],
                "symbolSize": 12,
                "itemStyle": {"color": _POINT, "borderColor": NEUTRAL, "borderWidth": 1},
                "z": 3,
            },
        ],
    )


def _corner_size(shares: pd.DataFrame, point: list[float], ideal: float) -> float:
    """How much of the axes to show, in percent: little, but the curve's bend well within, and the
    point, or all.
    """
    far = [(shares - [ideal, 100]).abs().max(axis=1).min() / _BEND]
    far += [abs(point[0] - ideal), 100 - point[1]]
    return next((size for size in _CORNERS if size >= max(far)), 100)
