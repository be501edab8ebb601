"""The reliability diagram, as ECharts options: the epochs move it."""

from typing import Any

import pandas as pd

from core.config import TEST_SET
from dashboard.charts.colors import NEUTRAL, SPLIT_COLORS
from dashboard.charts.echarts import options


def reliability_frame(table: pd.DataFrame) -> pd.DataFrame:
    """`core.analysis.metrics.calibration`'s table in percent: bin, count, confidence, accuracy."""
    bounds = (100 * table[["low", "high"]]).round().astype(int)
    return pd.DataFrame(
        {
            "bin": [f"{low}–{high}" for low, high in bounds.itertuples(index=False)],
            "images": table["count"].where(table["count"] > 0),
            "confidence": (100 * table["confidence"]).round(2),
            "accuracy": (100 * table["accuracy"]).round(2),
        }
    )


def draw_reliability(table: pd.DataFrame) -> dict[str, Any]:
    """Accuracy as bars and mean confidence as points, a bin each; below, how many images."""
    return options(
        grid=[
            {"left": 46, "right": 8, "top": 34, "height": 260, "outerBoundsMode": "none"},
            {"left": 46, "right": 8, "top": 350, "height": 80, "outerBoundsMode": "none"},
        ],
        legend={"top": 0, "right": 0, "selectedMode": False, "data": ["accuracy", "confidence"]},
        tooltip={"trigger": "axis"},
        axisPointer={"link": [{"xAxisIndex": "all"}]},
        dataset={"source": reliability_frame(table)},
        series=_series(),
        **_axes(),
    )


def _axes() -> dict[str, Any]:
    return {
        "xAxis": [
            {"type": "category", "gridIndex": 0, "axisTick": {"show": False}},
            {
                "type": "category",
                "gridIndex": 1,
                "axisTick": {"show": False},
                "name": "confidence, %",
                "nameLocation": "middle",
                "nameGap": 26,
            },
        ],
        "yAxis": [
            {"type": "value", "gridIndex": 0, "min": 0, "max": 100, "name": "accuracy, %"},
            {
                "type": "log",
                "gridIndex": 1,
                "min": 0.5,
                "startValue": 0.5,  # so that a bar of one image has a height
                "max": TEST_SET,
                "name": "images",
            },
        ],
    }


def _series() -> list[dict[str, Any]]:
    return [
        {
            "type": "bar",
            "id": "accuracy",
            "name": "accuracy",
            "encode": {"x": "bin", "y": "accuracy"},
            "color": SPLIT_COLORS["test"],
            "barCategoryGap": "8%",
        },
        {
            "type": "line",
            "id": "confidence",
            "name": "confidence",
            "encode": {"x": "bin", "y": "confidence"},
            "color": SPLIT_COLORS["validation"],
            "symbol": "diamond",
            "symbolSize": 9,
            "lineStyle": {"type": "dashed", "width": 1},
        },
        {
            "type": "bar",
            "id": "images",
            "name": "images",
            "encode": {"x": "bin", "y": "images"},
            "xAxisIndex": 1,
            "yAxisIndex": 1,
            "color": NEUTRAL,
            "barCategoryGap": "8%",
        },
    ]
