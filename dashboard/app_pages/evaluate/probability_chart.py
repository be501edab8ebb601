"""One digit against the rest: p(digit) as a Plotly histogram, and its curves as ECharts options."""

import math
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from core.analysis.detection import Curve, ThresholdReport
from dashboard.charts.colors import NEUTRAL, SPLIT_COLORS
from dashboard.charts.echarts import left_axis, line, named_axis, options

_POSITIVE, _NEGATIVE = "#E0393E", "#2B87D1"
_POINT = "#E69F00"
_WHOLE = (0.0, 1.0)
_CORNER = 0.1
"""How much of an axis the zoomed corner shows."""


def draw_histogram(histogram: pd.DataFrame, digit: int, threshold: float) -> go.Figure:
    """`core.analysis.detection.probability_histogram`: the digit in red, the others in blue.

    Counts are logarithmic; a line marks the threshold.
    """
    figure = go.Figure()
    for column, name, color in (
        ("negatives", f"is not {digit}", _NEGATIVE),
        ("positives", f"is {digit}", _POSITIVE),
    ):
        figure.add_bar(
            x=(histogram["low"] + histogram["high"]) / 2,
            y=histogram[column],
            width=histogram["high"] - histogram["low"],
            name=name,
            marker={"color": color, "line": {"width": 0}},
            opacity=0.5,
            customdata=histogram[["low", "high"]],
            hovertemplate="%{customdata[0]:.2f} to %{customdata[1]:.2f}: %{y:,} images",
        )
    most = int(histogram[["positives", "negatives"]].to_numpy().max())
    figure.add_vline(threshold, line={"color": _POINT, "width": 2})
    figure.update_xaxes(title=f"p({digit})", range=(0, 1), fixedrange=True)
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
        legend={"orientation": "h", "x": 1, "xanchor": "right", "y": 1.02, "yanchor": "bottom"},
        margin={"l": 0, "r": 12, "t": 30, "b": 0},
        height=320,
    )
    return figure


def draw_roc_curve(curve: Curve, report: ThresholdReport, corner: bool = False) -> dict[str, Any]:
    """True by false positive rate, in percent, with the threshold's point; or its left corner."""
    negatives = report.false_positives + report.true_negatives
    point = report.false_positives / negatives, report.recall
    limits = ((0.0, _CORNER), (1 - _CORNER, 1.0)) if corner else (_WHOLE, _WHOLE)
    return _draw_curve(curve, ("false_positive_rate", "true_positive_rate"), point, limits)


def draw_precision_recall_curve(
    curve: Curve, report: ThresholdReport, corner: bool = False
) -> dict[str, Any]:
    """Precision by recall, in percent, with the threshold's point; or its right corner."""
    limits = (1 - _CORNER, 1.0) if corner else _WHOLE
    point = report.recall, report.precision
    return _draw_curve(curve, ("recall", "precision"), point, (limits, limits))


def _draw_curve(
    curve: Curve,
    columns: tuple[str, str],
    point: tuple[float, float],
    limits: tuple[tuple[float, float], tuple[float, float]],
) -> dict[str, Any]:
    """A line through two columns of the curve's points, with the threshold's point on it."""
    x, y = (f"{column.replace('_', ' ')}, %" for column in columns)
    x_limits, y_limits = (
        {"min": round(100 * low, 1), "max": round(100 * high, 1), "axisLine": {"onZero": False}}
        for low, high in limits
    )
    return options(
        grid={"left": 4, "right": 16, "top": 34, "bottom": 22, "containLabel": True},
        tooltip={"formatter": f"{x}: {{@[0]}}<br>{y}: {{@[1]}}"},
        dataset={"source": (100 * curve.points[[*columns]]).round(3)},
        xAxis=named_axis(x, 22, **x_limits),
        yAxis=left_axis(y, **y_limits),
        series=[
            line("curve", *columns, SPLIT_COLORS["test"], showSymbol=False),
            {
                "type": "scatter",
                "id": "threshold",
                "data": [[round(100 * value, 3) for value in point]],
                "symbolSize": 12,
                "itemStyle": {"color": _POINT, "borderColor": NEUTRAL, "borderWidth": 1},
                "z": 3,
            },
        ],
    )
