"""What changes in the network while one watches: first-layer pictures, and ten digits' answers."""

import base64
from io import BytesIO
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from core.config import CLASSES
from dashboard.charts.colors import NEUTRAL, SPLIT_COLORS

_ZOOM = 3
_GAP = 2
_NEGATIVE, _ZERO, _POSITIVE = (
    np.array(color) for color in ((5, 48, 97), (247, 247, 247), (103, 0, 31))
)
"""The ends and the middle of ColorBrewer's RdBu: blue takes away, red adds."""


def draw_weights(
    pictures: npt.NDArray[np.floating[Any]], columns: int = 8
) -> npt.NDArray[np.uint8]:
    """Weights, (n, 28, 28), as pictures in rows: uint8 (height, width, 4).

    Blue is negative, red positive, white zero; each picture is scaled by its own largest weight.
    """
    count, height, width = pictures.shape
    columns = min(columns, count)
    rows = -(-count // columns)
    canvas = np.zeros((rows * columns, height + _GAP, width + _GAP, 4), np.uint8)
    canvas[:count, :height, :width, :3] = color_weights(pictures)
    canvas[:count, :height, :width, 3] = 255
    grid = canvas.reshape(rows, columns, height + _GAP, width + _GAP, 4).swapaxes(1, 2)
    flat = grid.reshape(rows * (height + _GAP), columns * (width + _GAP), 4)
    return flat.repeat(_ZOOM, axis=0).repeat(_ZOOM, axis=1)


def color_weights(pictures: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.uint8]:
    """The colours of weights, (n, 28, 28), as `draw_weights` shows them: uint8 (n, 28, 28, 3)."""
    strength = pictures / np.maximum(np.abs(pictures).max(axis=(1, 2), keepdims=True), 1e-12)
    ends = np.where(strength[..., None] < 0, _NEGATIVE, _POSITIVE)
    colors: npt.NDArray[np.floating] = _ZERO + (ends - _ZERO) * np.abs(strength[..., None]) ** 0.7
    return colors.astype(np.uint8)


def encode_png(image: npt.NDArray[np.uint8]) -> bytes:
    """A picture, (height, width) or with channels, as a PNG file."""
    file = BytesIO()
    Image.fromarray(image).save(file, "PNG")
    return file.getvalue()


def draw_answers(
    images: npt.NDArray[np.uint8], probabilities: npt.NDArray[np.floating[Any]]
) -> dict[str, Any]:
    """ECharts options: a column an image, uint8 (n, 28, 28), of its probabilities, (n, 10)."""
    names = [f"{{digit{place}|}}" for place in range(len(images))]
    cells = [
        [place, digit, round(float(probability), 4)]
        for place, row in enumerate(probabilities)
        for digit, probability in enumerate(row)
    ]
    return {
        "animation": False,
        "grid": {"left": 24, "right": 4, "top": 42, "bottom": 4},
        "tooltip": {"formatter": "p = {@[2]}"},
        "xAxis": {
            "type": "category",
            "position": "top",
            "data": names,
            "axisLine": {"show": False},
            "axisTick": {"show": False},
            "axisLabel": {"interval": 0, "margin": 4, "rich": _pictures(images)},
        },
        "yAxis": {
            "type": "category",
            "data": [str(digit) for digit in range(CLASSES)],
            "inverse": True,
            "axisLine": {"show": False},
            "axisTick": {"show": False},
        },
        "visualMap": {
            "show": False,
            "min": 0,
            "max": 1,
            "inRange": {"color": [f"{NEUTRAL}18", SPLIT_COLORS["fitting"], SPLIT_COLORS["train"]]},
        },
        "series": [{"type": "heatmap", "data": cells, "itemStyle": {"borderWidth": 0}}],
    }


def _pictures(images: npt.NDArray[np.uint8]) -> dict[str, Any]:
    """Each image as a rich-text style, so that an axis label can show it."""
    return {
        f"digit{place}": {"height": 28, "width": 28, "backgroundColor": {"image": _data_url(image)}}
        for place, image in enumerate(images)
    }


def _data_url(image: npt.NDArray[np.uint8]) -> str:
    return "data:image/png;base64," + base64.b64encode(encode_png(image)).decode()
