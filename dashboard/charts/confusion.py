"""The confusion matrix, as ECharts options: its cells can be clicked, and the epochs move it."""

from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from core.config import CLASSES
from dashboard.charts.colors import NEUTRAL

Normalization = Literal["true", "pred", "all"]

_SHADES = ["#CFE8F7", "#56B4E9", "#0072B2", "#00436B"]
_DARK_FROM = 0.6
"""From this share of the darkest shade on, white is easier to read than black."""
_CHOSEN = "#E69F00"
_EMPTY = f"{NEUTRAL}18"
_DIGITS = [str(digit) for digit in range(CLASSES)]
_WHOLES: dict[Normalization | None, str] = {
    None: " images",
    "true": " % of the row",
    "pred": " % of the column",
    "all": " % of all images",
}


def draw_confusion_matrix(
    matrix: npt.NDArray[Any],
    normalize: Normalization | None = None,
    errors_only: bool = False,
    chosen: tuple[int | None, int | None] = (None, None),
) -> dict[str, Any]:
    """ECharts options of `core.analysis.metrics.confusion_matrix`, normalised as `normalize` says.

    `errors_only` greys the diagonal and shades the rest by its own maximum. `chosen` is a true
    label and an answer, either of which may be any: a frame marks them.
    """
    shaded = np.where(np.eye(CLASSES), 0, matrix) if errors_only else matrix
    darkest = float(shaded.max()) or 1.0
    return {
        "animationDuration": 0,
        "animationDurationUpdate": 200,
        "grid": {"left": 42, "right": 2, "top": 42, "bottom": 2, "outerBoundsMode": "none"},
        "tooltip": {"formatter": "{b}"},
        "xAxis": digit_axis("predicted", 26) | {"position": "top"},
        "yAxis": digit_axis("true", 26) | {"inverse": True},
        "visualMap": {
            "show": False,
            "seriesIndex": 0,
            "min": 0,
            "max": darkest,
            "inRange": {"color": _SHADES},
        },
        "series": [
            {
                "type": "heatmap",
                "id": "confusion",
                "selectedMode": "single",
                "select": {"itemStyle": {"borderWidth": 0}},  # the frame says what is chosen
                "data": [
                    _cell(true, predicted, matrix, shaded[true, predicted] / darkest, normalize)
                    for true in range(CLASSES)
                    for predicted in range(CLASSES)
                ],
            },
            {
                "type": "heatmap",
                "id": "frame",
                "silent": True,
                "itemStyle": {"color": "transparent", "borderColor": _CHOSEN, "borderWidth": 2},
                "data": _chosen_cells(*chosen),
            },
        ],
    }


def find_cell(place: int) -> tuple[int, int]:
    """The true label and the answer of the cell that is the `place`-th of the chart, from 0."""
    return divmod(place, CLASSES)


def digit_axis(name: str, gap: int) -> dict[str, Any]:
    """An axis of the ten digits, named in its middle, so many pixels away."""
    return {
        "type": "category",
        "data": _DIGITS,
        "name": name,
        "nameLocation": "middle",
        "nameGap": gap,
        "axisLine": {"show": False},
        "axisTick": {"show": False},
        "splitLine": {"show": False},
        "splitArea": {"show": False},
    }


def _cell(
    true: int,
    predicted: int,
    matrix: npt.NDArray[Any],
    shade: float,
    normalize: Normalization | None,
) -> dict[str, Any]:
    value = matrix[true, predicted]
    text = _number(value, normalize)
    color = "#FFFFFF" if shade >= _DARK_FROM else "#10171F" if shade else NEUTRAL
    return {
        "value": [predicted, true, float(value)],
        "name": f"true {true}, predicted {predicted}: {text}{_WHOLES[normalize]}",
        "label": {"show": True, "formatter": text, "color": color, "fontSize": 12},
        "visualMap": bool(shade),
    } | ({} if shade else {"itemStyle": {"color": _EMPTY}})


def _chosen_cells(true: int | None, predicted: int | None) -> list[list[int]]:
    if true is None and predicted is None:
        return []
    rows = range(CLASSES) if true is None else [true]
    columns = range(CLASSES) if predicted is None else [predicted]
    return [[column, row, 0] for row in rows for column in columns]


def _number(value: float, normalize: Normalization | None) -> str:
    if normalize is None:
        return f"{int(value):,}"
    percent = 100 * float(value)
    if not percent:
        return "0"
    return f"{percent:.1f}" if percent >= 10 else f"{percent:.2f}"
