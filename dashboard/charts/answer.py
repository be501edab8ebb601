"""What the network thinks of one image, now and over the epochs, as ECharts options."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from core.config import CLASSES
from dashboard.charts.colors import CLASS_COLORS, NEUTRAL

Probabilities = npt.NDArray[np.floating[Any]]

_DIGITS = [str(digit) for digit in range(CLASSES)]


def draw_answer(probabilities: Probabilities, true: int | None = None) -> dict[str, Any]:
    """A bar a digit of an image's ten probabilities, (10,), in percent; the true one is named."""
    percent = [round(100 * float(probability), 2) for probability in probabilities]
    names = [f"{digit}\ntrue" if digit == str(true) else digit for digit in _DIGITS]
    return {
        "animationDuration": 0,
        "animationDurationUpdate": 200,
        "grid": {"left": 4, "right": 4, "top": 24, "bottom": 36},
        "tooltip": {"formatter": "{b}: {c} %"},
        "xAxis": {
            "type": "category",
            "data": names,
            "axisTick": {"show": False},
            "axisLabel": {"interval": 0, "lineHeight": 15},
        },
        "yAxis": {"type": "value", "min": 0, "max": 100, "show": False},
        "series": [
            {
                "type": "bar",
                "id": "answer",
                "barCategoryGap": "15%",
                "data": [_bar(digit, value) for digit, value in enumerate(percent)],
            }
        ],
    }


def answer_frame(
    history: Probabilities, epochs: npt.NDArray[np.int64] | None = None
) -> pd.DataFrame:
    """Epoch, and a column a digit of an image's probabilities, (n, 10), in percent.

    `epochs`, (n,), rise; by default they are 1, 2, 3 and so on.
    """
    frame = pd.DataFrame(100 * history.astype(np.float64), columns=_DIGITS).round(2)
    frame.insert(0, "epoch", range(1, len(history) + 1) if epochs is None else epochs)
    return frame


def draw_answer_history(
    history: Probabilities, epoch: int, epochs: npt.NDArray[np.int64] | None = None
) -> dict[str, Any]:
    """A line a digit of `answer_frame`; `epoch` is marked."""
    frame = answer_frame(history, epochs)
    series: list[dict[str, Any]] = [
        {
            "type": "line",
            "id": digit,
            "name": digit,
            "encode": {"x": "epoch", "y": digit},
            "color": color,
            "symbol": "circle",
            "symbolSize": 4,
            "lineStyle": {"width": 2},
        }
        for digit, color in zip(_DIGITS, CLASS_COLORS, strict=True)
    ]
    series[0]["markLine"] = {
        "symbol": "none",
        "silent": True,
        "animation": False,
        "label": {"show": False},
        "lineStyle": {"color": NEUTRAL, "type": "solid", "width": 1},
        "data": [{"xAxis": epoch}],
    }
    return {
        "animationDuration": 0,
        "animationDurationUpdate": 200,
        "grid": {"left": 4, "right": 12, "top": 52, "bottom": 22, "containLabel": True},
        "legend": {"top": 0, "icon": "circle", "itemWidth": 8, "itemGap": 6},
        "tooltip": {"trigger": "axis", "valueFormatter": "%.2f %%", "order": "valueDesc"},
        "dataset": {"source": frame},
        "xAxis": {
            "type": "value",
            "name": "epoch",
            "nameLocation": "middle",
            "nameGap": 22,
            "min": 1,
            "max": max(int(frame["epoch"].iloc[-1]), 2),
            "minInterval": 1,
            "splitLine": {"show": False},
        },
        "yAxis": {
            "type": "value",
            "name": "probability, %",
            "nameTextStyle": {"align": "left"},
            "min": 0,
            "max": 100,
        },
        "series": series,
    }


def _bar(digit: int, percent: float) -> dict[str, Any]:
    label = {"show": percent >= 0.5, "position": "top", "formatter": f"{percent:.1f}"}
    return {"value": percent, "itemStyle": {"color": CLASS_COLORS[digit]}, "label": label}
