"""Ruled paper and drawn frames on a picture: what of its ink is not the digit's.

Both are found in a mask of ink, (H, W). A ruled line is straight, thin and runs from one border of
the picture to the other. A frame, as round a cell of a form, is told by what it encloses: no digit
has another piece of ink in it that is as tall.
"""

import numpy as np
from scipy import ndimage  # type: ignore[import-untyped]
from skimage.measure import label, regionprops

from core.data import Mask
from core.drawing.lines import Line, find_line_ink, find_lines

_THICKEST_RULED = 0.03
"""A ruled line is at most as thick as this share of the picture's larger side."""
_SURE_LINES, _MARGIN = 3, 0.05
"""At least this many lines side by side that end at most this share of the picture from the border
are ruled lines. Fewer must reach it, and most of the ink be something else that does not: a digit
may be cut to its ink, and written with a thin pen."""
_SURE_LINES_INSIDE, _SEEN_INSIDE = 4, 0.8
"""At least this many are ruled lines wherever they end, if they are at least half as long as the
picture and at most a fifth of each is covered."""
_LEAST_FRAME = 20  # pixels, the shorter side of a frame
_SEEN = 0.4
"""At least this share of a line is not covered by digits."""
_ENCLOSED = 0.25
"""What a frame encloses is at least as tall as this share of what the frame leaves free."""
_LEAST_RECTANGULAR, _LEAST_ROUND = 0.88, 0.74
"""The share of the smallest rectangle around it that a frame with straight sides fills, its inside
included, and a round one. A circle fills 0.79."""
_LEAST_FREE, _LEAST_FREE_ROUND = 0.65, 0.8
"""The share of its area that it leaves free: a digit's loop is thicker."""
_DEEP = 0.15
"""Ink that touches a frame reaches in as far as this share of what the frame leaves free."""
_SIDE = 0.6
"""A straight side is at least as long as this share of the frame, which may be open or touched."""
_THICKEST_SIDE = 0.07
"""It is at most as thick as this share of the frame."""
_NEAR = 0.1
"""What is as near to a frame's border, as a share of the frame, belongs to the border."""


def find_ruling(mask: Mask) -> Mask:
    """The ruled lines in the mask, without the strokes that cross them."""
    near = _MARGIN * max(mask.shape)
    long = _find_through(mask, near, 0.5), _find_through(mask.T, near, 0.5)
    if max(map(len, long)) >= _SURE_LINES:  # then shorter ones cut a corner
        return _find_crossed_ink(
            mask, _find_through(mask, near, 0.2), _find_through(mask.T, near, 0.2)
        )
    rows, columns = _find_inside(mask), _find_inside(mask.T)
    if rows or columns:
        return _find_crossed_ink(mask, rows, columns)
    few = _find_crossed_ink(mask, _find_through(mask, 1, 0.5), _find_through(mask.T, 1, 0.5))
    rest = mask & ~few
    is_page = rest[3:-3, 3:-3].sum() == rest.sum() >= few.sum()
    return few if is_page else np.zeros_like(mask)


def find_frames(mask: Mask) -> Mask:
    """The frames in the mask that enclose ink, without the ink that touches them."""
    found = np.zeros_like(mask)
    for region in regionprops(label(mask, connectivity=2)):
        shape, ink = region.image, mask[region.slice]
        if min(shape.shape) < _LEAST_FRAME:
            continue
        if _is_closed_frame(shape, ink):
            found[region.slice] |= shape & ~_find_touching(shape)
        else:
            found[region.slice] |= _find_open_frame(shape, ink)
    return found


def _find_through(mask: Mask, near: float, least: float) -> list[Line]:
    """The thin lines from left to right that end as near to a border, be it the upper or lower.

    They are at least a share `least` of the mask's larger side in length.
    """
    height, width = mask.shape
    side = max(mask.shape)
    lines = []
    for line in find_lines(mask, least * side, _THICKEST_RULED * side, _SEEN):
        ends = line.rows[[line.left, line.right - 1]]
        is_at_side = np.array([line.left <= near, line.right >= width - near])
        if (is_at_side | (ends <= near) | (ends >= height - 1 - near)).all():
            lines.append(line)
    return lines


def _find_inside(mask: Mask) -> list[Line]:
    """The thin lines from left to right wherever they end, if there are many."""
    side = max(mask.shape)
    lines = find_lines(mask, side / 2, _THICKEST_RULED * side, _SEEN_INSIDE)
    return lines if len(lines) >= _SURE_LINES_INSIDE else []


def _find_crossed_ink(mask: Mask, rows: list[Line], columns: list[Line]) -> Mask:
    """The ink of lines from left to right and from top to bottom, which cross each other."""
    across = find_line_ink(mask, rows)
    ink: Mask = across | find_line_ink((mask & ~across).T, columns).T
    return ink


def _is_closed_frame(shape: Mask, ink: Mask) -> bool:
    """Whether a connected shape is a frame around some of the other ink in its bounding box."""
    filled = ndimage.binary_fill_holes(shape)
    holes = filled & ~shape
    if not (holes & ink).any():
        return False
    share, elongation = _measure_rectangle(filled)
    free = holes.sum() / filled.sum()
    is_rectangle = share >= _LEAST_RECTANGULAR and free >= _LEAST_FREE
    is_circle = share >= _LEAST_ROUND and free >= _LEAST_FREE_ROUND and elongation <= 1.3
    if not (is_rectangle or is_circle):
        return False
    return any(
        piece.image.shape[0] >= _ENCLOSED * hole.image.shape[0]
        for hole in regionprops(label(holes, connectivity=1))
        for piece in regionprops(label(ink[hole.slice] & hole.image, connectivity=2))
    )


def _find_touching(shape: Mask) -> Mask:
    """What touches the straight sides of a closed frame from within, and is as large as a digit."""
    filled = ndimage.binary_fill_holes(shape)
    depth = ndimage.distance_transform_edt(np.pad(filled, 1))[1:-1, 1:-1]
    holes = regionprops(label(filled & ~shape, connectivity=1))
    largest = np.max([hole.image.shape for hole in holes], axis=0)
    rest = label(shape & ~_find_sides(shape)[2], connectivity=2)
    touching = np.zeros_like(shape)
    for piece in regionprops(rest):
        size = np.array(piece.image.shape)
        is_deep = depth[rest == piece.label].max() > _DEEP * largest.min()
        if is_deep and (size <= largest).all() and size[0] >= _ENCLOSED * largest[0]:
            touching |= rest == piece.label
    return touching


def _find_open_frame(shape: Mask, ink: Mask) -> Mask:
    """The ink of a frame of at least three straight sides, in a connected shape.

    The other ink in it, of which there must be some, may touch it and so be part of the shape.
    """
    nothing = np.zeros_like(shape)
    rows, columns, sides = _find_sides(shape)
    if not rows or not columns:
        return nothing
    top, bottom = min(line.left for line in columns), max(line.right for line in columns)
    left, right = min(line.left for line in rows), max(line.right for line in rows)
    near = _NEAR * min(bottom - top, right - left)
    is_closed = [
        any(abs(line.middle - place) < near for line in lines)
        for lines, place in ((rows, top), (rows, bottom), (columns, left), (columns, right))
    ]
    if sum(is_closed) < 3:
        return nothing
    pieces = label(ink & ~sides, connectivity=2)
    encloses = False
    for piece in regionprops(pieces):
        start, first, end, last = piece.bbox
        away = [start - top, bottom - end, first - left, right - last]
        is_inside = all(np.array(is_closed) | (np.array(away) > near))
        if is_inside and end - start >= _ENCLOSED * (bottom - top):
            encloses = True
        elif min(away) < near:  # a corner, or what is left of a side
            sides |= pieces == piece.label
    return shape & sides if encloses else nothing


def _find_sides(shape: Mask) -> tuple[list[Line], list[Line], Mask]:
    """Lines nearly as long as a shape, from left to right and from top to bottom; their ink."""
    thickest = _THICKEST_SIDE * max(shape.shape)
    rows = find_lines(shape, _SIDE * shape.shape[1], thickest, _SEEN)
    columns = find_lines(shape.T, _SIDE * shape.shape[0], thickest, _SEEN)
    return rows, columns, find_line_ink(shape, rows) | find_line_ink(shape.T, columns).T


def _measure_rectangle(shape: Mask) -> tuple[float, float]:
    """The share of the smallest rectangle around a shape that it fills; its length ÷ its width."""
    edge = np.argwhere(shape ^ ndimage.binary_erosion(shape)).astype(np.float32)
    angles = np.radians(np.arange(0, 90, 3))
    axes = np.stack([np.cos(angles), np.sin(angles)]), np.stack([-np.sin(angles), np.cos(angles)])
    sides = np.stack([np.ptp(edge @ axis, axis=0) for axis in axes]) + 1
    smallest = sides[:, sides.prod(axis=0).argmin()]
    return float(shape.sum() / smallest.prod()), float(smallest.max() / smallest.min())
