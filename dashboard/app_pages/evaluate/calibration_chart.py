"""The reliability diagram, as ECharts options: the epochs move it."""

from typing import Any

import pandas as pd

from core.config import TEST_SET
from dashboard.charts.colors import NEUTRAL, SPLIT_COLORS
from dashboard.charts.echarts import LEGEND_HEIGHT, grid, left_axis, legend, line, options
from dashboard.text import PERCENT_FORMAT, range_text


def reliability_frame(table: pd.DataFrame) -> pd.DataFrame:
    """`core.analysis.metrics.calibration`'s table in percent: bin, count, confidence, accuracy."""
    bounds = (100 * table[["low", "high"]]).round().astype(int)
    return pd.DataFrame(
        {
            "bin": [range_text(low, high) for low, high in bounds.itertuples(index=False)],
            "images": table["count"].where(table["count"] > 0),
            "confidence": (100 * table["confidence"]).round(2),
            "accuracy": (100 * table["accuracy"]).round(2),
        }
    )


def draw_reliability(table: pd.DataFrame) -> dict[str, Any]:
    """Accuracy as bars and mean confidence as points, a bin each; below, how many images."""
    share = left_axis("accuracy, %", gridIndex=0, min=0, max=100)
    images = left_axis("images", gridIndex=1, type="log", min=0.5, max=TEST_SET)
    images |= {"startValue": 0.5}  # so that a bar of one image has a height
    bins = {"type": "category", "axisTick": {"show": False}}
    name = {"name": "confidence, %", "nameLocation": "middle", "nameGap": 26}
    tooltip = {"valueFormatter": PERCENT_FORMAT}
    confidence = line(
        "confidence",
        "bin",
        "confidence",
        SPLIT_COLORS["validation"],
        name="confidence",
        symbol="diamond",
        symbolSize=9,
        lineStyle={"width": 1},
        itemStyle={"opacity": 1},
        tooltip=tooltip,
    )
    return options(
        grid=[
            grid(left=60, top=LEGEND_HEIGHT, height=264, outerBoundsMode="none"),
            grid(left=60, top=350, height=80, outerBoundsMode="none"),
        ],
        legend=legend(data=["accuracy", "confidence"], itemStyle={"opacity": 1}),
        tooltip={"trigger": "axis"},
        axisPointer={"link": [{"xAxisIndex": "all"}]},
        dataset={"source": reliability_frame(table)},
        xAxis=[bins | {"gridIndex": 0}, bins | {"gridIndex": 1} | name],
        yAxis=[share, images],
        series=[
            _bars("accuracy", SPLIT_COLORS["test"]) | {"tooltip": tooltip},
            confidence,
            _bars("images", NEUTRAL) | {"xAxisIndex": 1, "yAxisIndex": 1},
        ],
    )


def _bars(column: str, color: str) -> dict[str, Any]:
    bars = {"type": "bar", "id": column, "name": column, "color": color, "barCategoryGap": "8%"}
    return bars | {"encode": {"x": "bin", "y": column}}
