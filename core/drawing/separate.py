"""A drawing with several digits -> each digit alone.

The strokes of one digit need not touch: a 5 whose bar stands apart, an 8 of two circles. So pieces
of connected ink are several digits only if each is about as tall as the tallest, and they stand
beside each other with a gap, or clearly one below the other.
"""

import numpy as np
from scipy import ndimage  # type: ignore[import-untyped]
from scipy.sparse.csgraph import connected_components  # type: ignore[import-untyped]
from skimage.measure import label, regionprops

from core.data import Array, Doubles, Indices
from core.drawing.prepare import LEAST_INK, find_ink

MAX_DIGITS = 20
"""At most this many digits of a drawing are told apart."""

_TALL = 0.5
"""A digit is at least this share of the tallest piece in height ..."""
_LARGE = 0.1
"""... and has at least this share of the largest piece's ink: any smaller piece is part of one."""
_MAX_PIECES = 30
"""Of a drawing in more pieces, only the largest may be digits."""
_LEAST_GAP = 0.08
"""Two that stand beside each other are two digits from this gap on, a share of the taller one."""
_LEAST_GAP_BELOW = 0.25
"""Two of which one is below the other are two digits from this gap on."""
_BELOW = 0.3
"""One is below the other if their columns overlap by this share of the narrower one ..."""
_BELOW_IN_ONE_ROW = 0.6
"""... or by this share, if their rows overlap by half of the shorter one: slanted digits do."""


def separate_digits(canvas: Array) -> list[Array]:
    """Each digit of a canvas alone, in reading order: of a canvas as `drawing.prepare` takes it.

    With one digit or none that is the canvas itself; of several, each is uint8 (h, w), light ink on
    black, in its place, for the first `MAX_DIGITS`.
    """
    ink = find_ink(canvas)
    pieces = label(ink > LEAST_INK, connectivity=2)
    if pieces.max() < 2:
        return [canvas]
    regions = regionprops(pieces)
    boxes = np.array([region.bbox for region in regions])
    digits = _find_digit_of_pieces(pieces, boxes, np.array([region.area for region in regions]))
    if digits.max() == 0:
        return [canvas]
    digit_of_pixel = np.append(-1, digits)[pieces]
    grey = np.round(255 * ink).astype(np.uint8)
    order = _reading_order(boxes, digits)[:MAX_DIGITS]
    return [np.where(digit_of_pixel == digit, grey, np.uint8(0)) for digit in order]


def _find_digit_of_pieces(pieces: Indices, boxes: Indices, areas: Doubles) -> Indices:
    """The number of the digit that each of n pieces belongs to, (n,) from 0.

    `pieces` labels them from 1, (h, w). A box is top, left, bottom and right, (n, 4).
    """
    heights = boxes[:, 2] - boxes[:, 0]
    large = areas.argsort(kind="stable")[-_MAX_PIECES:]
    large = large[areas[large] >= _LARGE * areas.max()]
    tall = large[heights[large] >= _TALL * heights[large].max()]
    gaps = _measure_gaps(pieces, tall)
    taller = np.maximum(heights[tall, None], heights[tall])
    least = np.where(_is_below(boxes[tall]), _LEAST_GAP_BELOW, _LEAST_GAP)
    _, digit_of_tall = connected_components(gaps[tall] < least * taller, directed=False)
    digits: Indices = digit_of_tall[gaps.argmin(axis=1)]
    return digits


def _measure_gaps(pieces: Indices, chosen: Indices) -> Doubles:
    """The least distance in pixels from each of n pieces to each of m chosen ones, (n, m)."""
    labels = np.arange(1, pieces.max() + 1)
    distances = (ndimage.distance_transform_edt(pieces != labels[piece]) for piece in chosen)
    return np.stack([ndimage.minimum(away, pieces, labels) for away in distances], axis=1)


def _is_below(boxes: Indices) -> Array:
    """Whether of each two boxes, (n, 4), one is below the other, and not beside it: (n, n)."""
    rows, columns = _overlaps(boxes, 0), _overlaps(boxes, 1)
    return columns >= np.where(rows >= 0.5, _BELOW_IN_ONE_ROW, _BELOW)


def _overlaps(boxes: Indices, axis: int) -> Doubles:
    """How far each two boxes overlap along an axis, as a share of the shorter one: (n, n)."""
    starts, ends = boxes[:, axis], boxes[:, axis + 2]
    overlap = np.minimum(ends[:, None], ends) - np.maximum(starts[:, None], starts)
    lengths = ends - starts
    shares: Doubles = overlap / np.minimum(lengths[:, None], lengths)
    return shares


def _reading_order(boxes: Indices, digits: Indices) -> list[int]:
    """The digits line by line, each line from left to right."""
    boxes_of_digits = {
        digit: [*boxes[digits == digit, :2].min(axis=0), *boxes[digits == digit, 2:].max(axis=0)]
        for digit in range(digits.max() + 1)
    }
    order: list[int] = []
    while boxes_of_digits:
        top, _, bottom, _ = min(boxes_of_digits.values())
        line = {
            digit: left
            for digit, (start, left, _, _) in boxes_of_digits.items()
            if start < (top + bottom) / 2
        }
        order += sorted(line, key=line.__getitem__)
        boxes_of_digits = {
            digit: box for digit, box in boxes_of_digits.items() if digit not in line
        }
    return order
