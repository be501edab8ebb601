"""Two confusion matrices as their difference, as ECharts options."""

from itertools import product
from typing import Any

import numpy as np

from core.config import CLASSES
from core.data import Array
from dashboard.charts.colors import NEUTRAL
from dashboard.charts.confusion import draw_digit_matrix
from dashboard.charts.echarts import LEGEND_HEIGHT

_FAINTEST, _STRONGEST = 0.15, 0.8
"""How opaque its run's colour is for the smallest difference and for the largest: what the theme
writes on its background is read on it too."""
_EMPTY = f"{NEUTRAL}18"


def draw_confusion_difference(
    a: Array,
    b: Array,
    names: tuple[str, str],
    colors: tuple[str, str],
) -> dict[str, Any]:
    """ECharts options of B's confusion matrix less A's, both counts (10, 10).

    A cell has the colour of the one that is better there, `#rrggbb` of A and of B: more of the
    diagonal, fewer of the rest; the larger the difference, the stronger. `names` are those in the
    legend.
    """
    difference = b - a
    advantage = np.where(np.eye(CLASSES), difference, -difference)
    largest = int(np.abs(difference).max()) or 1
    cells = [
        _cell(cell, (int(a[cell]), int(b[cell])), advantage[cell] / largest, colors)
        for cell in product(range(CLASSES), range(CLASSES))
    ]
    matrix = draw_digit_matrix(cells, largest, "difference", above=LEGEND_HEIGHT)
    return matrix | {"title": _legend(names, colors)}


def _legend(names: tuple[str, str], colors: tuple[str, str]) -> dict[str, Any]:
    """A line of text that says which colour is whose, where charts have their legend."""
    squares = [f"{{{name}|■}} {name} is better" for name in names]
    rich = {
        name: {"color": color, "fontSize": 16} for name, color in zip(names, colors, strict=True)
    }
    return {
        "text": "     ".join(squares),
        "right": 0,
        "top": 0,
        "padding": 5,
        "textStyle": {"fontSize": 13, "fontWeight": "normal", "rich": rich},
    }


def _cell(
    place: tuple[int, int], counts: tuple[int, int], advantage: float, colors: tuple[str, str]
) -> dict[str, Any]:
    """A cell by its two counts and B's advantage there, from -1 (A's) to 1."""
    (true, predicted), (a, b) = place, counts
    opacity = _FAINTEST + (_STRONGEST - _FAINTEST) * abs(advantage)
    color = f"{colors[int(advantage > 0)]}{round(255 * opacity):02x}"
    return {
        "value": [predicted, true, abs(b - a)],
        "name": f"true {true}, predicted {predicted}: {a:,} and {b:,} images",
        "label": {
            "show": a != b,
            "formatter": f"{b - a:+,d}".replace("-", "−"),
            "fontSize": 12,
            # Not "inside", where ECharts would take the colour of text for an opaque cell's.
            "position": ["50%", "50%"],
            "align": "center",
            "verticalAlign": "middle",
        },
        "itemStyle": {"color": color if advantage else _EMPTY},
        "visualMap": False,
    }
