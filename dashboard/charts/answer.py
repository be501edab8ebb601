"""What the network thinks of one image, now and over the epochs, as ECharts options."""

from typing import Any

import numpy as np
import pandas as pd

from core.config import CLASSES
from core.data import AnyFloats, Indices
from dashboard.charts.colors import CLASS_COLORS
from dashboard.charts.echarts import left_axis, line, mark_line, named_axis, options

_DIGITS = [str(digit) for digit in range(CLASSES)]


def draw_answer(probabilities: AnyFloats, true: int | None = None) -> dict[str, Any]:
    """A bar a digit of an image's ten probabilities, (10,), in percent; the true one is named."""
    percent = [round(100 * float(probability), 2) for probability in probabilities]
    names = [f"{digit}\ntrue" if digit == str(true) else digit for digit in _DIGITS]
    return options(
        grid={"left": 4, "right": 4, "top": 24, "bottom": 36},
        tooltip={"formatter": "{b}: {c} %"},
        xAxis={
            "type": "category",
            "data": names,
            "axisTick": {"show": False},
            "axisLabel": {"interval": 0, "lineHeight": 15},
        },
        yAxis={"type": "value", "min": 0, "max": 100, "show": False},
        series=[
            {
                "type": "bar",
                "id": "answer",
                "barCategoryGap": "15%",
                "data": [_bar(digit, value) for digit, value in enumerate(percent)],
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
        grid={"left": 4, "right": 12, "top": 52, "bottom": 22, "containLabel": True},
        legend={"top": 0, "icon": "circle", "itemWidth": 8, "itemGap": 6},
        tooltip={"trigger": "axis", "valueFormatter": "%.2f %%", "order": "valueDesc"},
        dataset={"source": frame},
        xAxis=named_axis("epoch", 22, min=1, max=last, minInterval=1),
        yAxis=left_axis("probability, %", min=0, max=100),
        series=series,
    )


def _bar(digit: int, percent: float) -> dict[str, Any]:
    label = {"show": percent >= 0.5, "position": "top", "formatter": f"{percent:.1f}"}
    return {"value": percent, "itemStyle": {"color": CLASS_COLORS[digit]}, "label": label}
