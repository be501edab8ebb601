"""First-layer weights as pictures: blue takes away, red adds."""

from typing import Any

import numpy as np
import numpy.typing as npt

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
