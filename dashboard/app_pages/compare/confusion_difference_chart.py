"""Two confusion matrices as their difference, as ECharts options."""

from itertools import product
from typing import Any

import numpy as np

from core.config import CLASSES
from core.data import Array
from dashboard.charts.colors import NEUTRAL
from dashboard.charts.confusion import draw_digit_matrix

_FAINTEST = 0.15
"""How much of its run's colour, mixed with white, the smallest difference has; the largest all."""
_DARK_FROM = 0.6
"""From this share of the colour on, white is easier to read than black."""

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
    key below.
    """
    difference = b - a
    advantage = np.where(np.eye(CLASSES), difference, -difference)
    largest = int(np.abs(difference).max()) or 1
    cells = [
        _cell(cell, (int(a[cell]), int(b[cell])), advantage[cell] / largest, colors)
        for cell in product(range(CLASSES), range(CLASSES))
    ]
    matrix = draw_digit_matrix(cells, largest, "difference", bottom=34)
    return matrix | {"title": _key(names, colors)}


def _key(names: tuple[str, str], colors: tuple[str, str]) -> dict[str, Any]:
    """A line of text that says which colour is whose."""
    squares = [f"{{{name}|■}} {name} is better" for name in names]
    rich = {
        name: {"color": color, "fontSize": 16} for name, color in zip(names, colors, strict=True)
    }
    return {
        "text": "     ".join(squares),
        "left": 38,
        "bottom": 0,
        "textStyle": {"fontSize": 13, "fontWeight": "normal", "rich": rich},
    }


def _cell(
    place: tuple[int, int], counts: tuple[int, int], advantage: float, colors: tuple[str, str]
) -> dict[str, Any]:
    """A cell by its two counts and B's advantage there, from -1 (A's) to 1."""
    (true, predicted), (a, b) = place, counts
    share = _FAINTEST + (1 - _FAINTEST) * abs(advantage)
    return {
        "value": [predicted, true, abs(b - a)],
        "name": f"true {true}, predicted {predicted}: {a:,} and {b:,} images",
        "label": {
            "show": a != b,
            "formatter": f"{b - a:+,d}".replace("-", "−"),
            "fontSize": 12,
            "color": "#FFFFFF" if share >= _DARK_FROM else "#10171F",
        },
        "itemStyle": {"color": _mix(colors[int(advantage > 0)], share) if advantage else _EMPTY},
        "visualMap": False,
    }


def _mix(color: str, share: float) -> str:
    """Mix this share of `#rrggbb` with white."""
    parts = (int(color[start : start + 2], 16) for start in (1, 3, 5))
    return "#" + "".join(f"{round(255 - share * (255 - part)):02x}" for part in parts)
