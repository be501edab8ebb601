"""The reliability diagram, as ECharts options: the epochs move it."""

from typing import Any

import pandas as pd

from core.config import TEST_SET
from dashboard.charts.colors import NEUTRAL, SPLIT_COLORS
from dashboard.charts.echarts import line, options


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
    percent = {"type": "value", "gridIndex": 0, "min": 0, "max": 100, "name": "accuracy, %"}
    images = {"type": "log", "gridIndex": 1, "min": 0.5, "max": TEST_SET, "name": "images"}
    images |= {"startValue": 0.5}  # so that a bar of one image has a height
    bins = {"type": "category", "axisTick": {"show": False}}
    name = {"name": "confidence, %", "nameLocation": "middle", "nameGap": 26}
    confidence = line(
        "confidence",
        "bin",
        "confidence",
        SPLIT_COLORS["validation"],
        name="confidence",
        symbol="diamond",
        symbolSize=9,
        lineStyle={"type": "dashed", "width": 1},
    )
    return options(
        grid=[
            {"left": 46, "right": 8, "top": 34, "height": 260, "outerBoundsMode": "none"},
            {"left": 46, "right": 8, "top": 350, "height": 80, "outerBoundsMode": "none"},
        ],
        legend={"top": 0, "right": 0, "selectedMode": False, "data": ["accuracy", "confidence"]},
        tooltip={"trigger": "axis"},
        axisPointer={"link": [{"xAxisIndex": "all"}]},
        dataset={"source": reliability_frame(table)},
        xAxis=[bins | {"gridIndex": 0}, bins | {"gridIndex": 1} | name],
        yAxis=[percent, images],
        series=[
            _bars("accuracy", SPLIT_COLORS["test"]),
            confidence,
            _bars("images", NEUTRAL) | {"xAxisIndex": 1, "yAxisIndex": 1},
        ],
    )


def _bars(column: str, color: str) -> dict[str, Any]:
    bars = {"type": "bar", "id": column, "name": column, "color": color, "barCategoryGap": "8%"}
    return bars | {"encode": {"x": "bin", "y": column}}
