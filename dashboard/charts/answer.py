"""What the network thinks of one image, now and over the epochs, as ECharts options."""

from typing import Any

import numpy as np
import pandas as pd

from core.config import CLASSES
from core.data import AnyFloats, Indices
from dashboard.charts.colors import CLASS_COLORS
from dashboard.charts.echarts import grid, left_axis, legend, line, mark_line, named_axis, options
from dashboard.text import PERCENT_FORMAT

_DIGITS = [str(digit) for digit in range(CLASSES)]
_LABELLED_FROM = 0.5
"""In percent: smaller probabilities have no label, for they all look alike."""


def draw_answer(probabilities: AnyFloats, true: int | None = None) -> dict[str, Any]:
    """A bar a digit of an image's ten probabilities, (10,), in percent; the true one is named."""
    names = [f"true {digit}" if digit == str(true) else digit for digit in _DIGITS]
    return options(
        grid=grid(top=2, right=58),  # for the label of a bar of 100 %
        tooltip={"valueFormatter": PERCENT_FORMAT},
        xAxis={"type": "value", "min": 0, "max": 100, "show": False},
        yAxis={
            "type": "category",
            "data": names,
            "inverse": True,
            "axisLine": {"show": False},
            "axisTick": {"show": False},
            "axisLabel": {"interval": 0},
        },
        series=[
            {
                "type": "bar",
                "id": "answer",
                "barCategoryGap": "25%",
                "data": [_bar(digit, 100 * float(p)) for digit, p in enumerate(probabilities)],
            }
        ],
    )


def answer_frame(history: AnyFloats, epochs: Indices | None = None) -> pd.DataFrame:
    """Epoch, and a column a digit of an image's probabilities, (n, 10), in percent.

    `epochs`, (n,), rise; by default they are 1, 2, 3 and so on.
    """
    frame = pd.DataFrame(100 * history.astype(np.float64), columns=_DIGITS).round(2)
    frame.insert(0, "epoch", range(1, len(history) + 1) if epochs is None else epochs)
    return frame


def draw_answer_history(
    history: AnyFloats, epoch: int, epochs: Indices | None = None
) -> dict[str, Any]:
    """A line a digit of `answer_frame`; `epoch` is marked."""
    frame = answer_frame(history, epochs)
    series = [
        line(digit, "epoch", digit, color, name=digit, symbol="circle", symbolSize=4)
        for digit, color in zip(_DIGITS, CLASS_COLORS, strict=True)
    ]
    series[0]["markLine"] = mark_line([{"xAxis": epoch}])
    last = max(int(frame["epoch"].iloc[-1]), 2)
    return options(
        grid=grid(),
        legend=legend(icon="circle", itemWidth=8, itemGap=6, itemStyle={"opacity": 1}),
        tooltip={"trigger": "axis", "valueFormatter": PERCENT_FORMAT, "order": "valueDesc"},
        dataset={"source": frame},
        xAxis=named_axis("epoch", 22, min=1, max=last, minInterval=1),
        yAxis=left_axis("probability, %", min=0, max=100),
        series=series,
    )


def _bar(digit: int, percent: float) -> dict[str, Any]:
    label: dict[str, Any] = {"show": percent >= _LABELLED_FROM, "position": "right"}
    label["formatter"] = PERCENT_FORMAT % percent
    return {"value": round(percent, 2), "itemStyle": {"color": CLASS_COLORS[digit]}, "label": label}
