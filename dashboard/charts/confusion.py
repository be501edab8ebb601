"""The confusion matrix, as ECharts options: its cells can be clicked, and the epochs move it."""

from itertools import product
from typing import Any, Literal

import numpy as np

from core.config import CLASSES
from core.data import Array
from dashboard.charts.colors import NEUTRAL
from dashboard.charts.echarts import named_axis, options
from dashboard.text import percent

Normalization = Literal["true", "pred", "all"]

_CHOSEN = "#E69F00"
_EMPTY = f"{NEUTRAL}18"
_DIGITS = [str(digit) for digit in range(CLASSES)]
_WHOLES: dict[Normalization | None, str] = {
    None: "images",
    "true": "of the row",
    "pred": "of the column",
    "all": "of all images",
}


def draw_confusion_matrix(
    matrix: Array,
    normalize: Normalization | None = None,
    errors_only: bool = False,
    chosen: tuple[int | None, int | None] = (None, None),
) -> dict[str, Any]:
    """ECharts options of `core.analysis.metrics.confusion_matrix`, normalised as `normalize` says.

    `errors_only` greys the diagonal and shades the rest by its own maximum. `chosen` is a true
    label and an answer, either of which may be any: a frame marks them.
    """
    shaded = np.where(np.eye(CLASSES), 0, matrix) if errors_only else matrix
    most = float(shaded.max()) or 1.0
    cells = [
        _cell(cell, matrix[cell], is_shaded=bool(shaded[cell]), normalize=normalize)
        for cell in product(range(CLASSES), range(CLASSES))
    ]
    frame = {
        "type": "heatmap",
        "id": "frame",
        "silent": True,
        "itemStyle": {"color": "transparent", "borderColor": _CHOSEN, "borderWidth": 2},
        "data": _chosen_cells(*chosen),
    }
    chart = draw_digit_matrix(cells, most, "confusion")
    if normalize:
        chart["xAxis"]["name"] += f", cells in % {_WHOLES[normalize]}"
    select = {"itemStyle": {"borderWidth": 0}}  # the frame says what is chosen
    chart["series"][0] |= {"selectedMode": "single", "select": select}
    chart["series"].append(frame)
    return chart


def draw_digit_matrix(
    cells: list[dict[str, Any]], largest: float, key: str, above: int = 0
) -> dict[str, Any]:
    """The 100 cells, row by row, each a true label and a digit predicted, as ECharts options.

    `largest` is the most that a cell's value may be; `above` is the space left above, in pixels.
    Colours are the theme's, from its background to the strongest; numbers are black or white as
    the cell behind them has it.
    """
    axis: dict[str, Any] = {"type": "category", "data": _DIGITS}
    axis |= {name: {"show": False} for name in ("axisLine", "axisTick", "splitLine", "splitArea")}
    return options(
        grid={"left": 42, "right": 2, "top": 42 + above, "bottom": 2, "outerBoundsMode": "none"},
        tooltip={"formatter": "{b}"},
        xAxis=named_axis("predicted", 26, position="top", **axis),
        yAxis=named_axis("true", 26, inverse=True, **axis),
        visualMap={"show": False, "seriesIndex": 0, "min": 0, "max": largest},
        series=[{"type": "heatmap", "id": key, "data": cells}],
    )


def find_cell(place: int) -> tuple[int, int]:
    """The true label and the answer of the cell that is the `place`-th of the chart, from 0."""
    return divmod(place, CLASSES)


def _cell(
    cell: tuple[int, int], value: float, *, is_shaded: bool, normalize: Normalization | None
) -> dict[str, Any]:
    true, predicted = cell
    label = {"show": True, "formatter": _number(value, normalize), "fontSize": 12}
    whole = percent(value) if normalize else f"{int(value):,}"
    look = {"label": label}
    if not is_shaded:
        look = {"label": label | {"color": NEUTRAL}, "itemStyle": {"color": _EMPTY}}
    return look | {
        "value": [predicted, true, float(value)],
        "name": f"true {true}, predicted {predicted}: {whole} {_WHOLES[normalize]}",
        "visualMap": is_shaded,
    }


def _chosen_cells(true: int | None, predicted: int | None) -> list[list[int]]:
    if true is None and predicted is None:
        return []
    rows = range(CLASSES) if true is None else [true]
    columns = range(CLASSES) if predicted is None else [predicted]
    return [[column, row, 0] for row in rows for column in columns]


def _number(value: float, normalize: Normalization | None) -> str:
    if normalize is None:
        return f"{int(value):,}"
    return f"{100 * value:.2f}" if 0 < value < 1 else f"{100 * value:.0f}"
