"""First-layer weights as pictures: blue takes away, red adds, grey is not finite."""

import numpy as np
from skimage.util import montage

from core.data import AnyFloats, Images
from dashboard.charts.images import enlarge

_ZOOM = 3
_GAP = 2
NOT_FINITE = "Grey marks what is infinite, no number, or was too large to be kept."
_GREY = np.array((128, 128, 128))
_NEGATIVE, _ZERO, _POSITIVE = (
    np.array(color) for color in ((5, 48, 97), (247, 247, 247), (103, 0, 31))
)
"""The ends and the middle of ColorBrewer's RdBu: blue takes away, red adds."""


def has_marks(pictures: AnyFloats) -> bool:
    """Whether some weight is not finite, so that NOT_FINITE is to be said."""
    return not np.isfinite(pictures).all()


def draw_weights(pictures: AnyFloats, columns: int = 8) -> Images:
    """Weights, (n, 28, 28), as pictures in rows: uint8 (height, width, 4).

    Blue is negative, red positive, white zero, grey what is not finite; each picture is scaled by
    its own largest finite weight.
    """
    columns = min(columns, len(pictures))
    rows = -(-len(pictures) // columns)
    opaque = np.pad(color_weights(pictures), [(0, 0)] * 3 + [(0, 1)], constant_values=255)
    grid = montage(
        opaque, fill=[0] * 4, grid_shape=(rows, columns), padding_width=_GAP, channel_axis=-1
    )
    return enlarge(grid[_GAP:, _GAP:], _ZOOM)


def color_weights(pictures: AnyFloats) -> Images:
    """The colours of weights, (n, 28, 28), as `draw_weights` shows them: uint8 (n, 28, 28, 3)."""
    is_finite = np.isfinite(pictures)
    weights = np.where(is_finite, pictures, 0)
    strength = weights / np.maximum(np.abs(weights).max(axis=(1, 2), keepdims=True), 1e-12)
    ends = np.where(strength[..., None] < 0, _NEGATIVE, _POSITIVE)
    colors: AnyFloats = _ZERO + (ends - _ZERO) * np.abs(strength[..., None]) ** 0.7
    return np.where(is_finite[..., None], colors, _GREY).astype(np.uint8)
