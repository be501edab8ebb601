"""Straight lines in a mask of ink: found by Hough's transform, and erased.

A line is told from a stroke of the pen by being long and thin; what crosses it is a stroke.
"""

from typing import NamedTuple

import numpy as np
from scipy import ndimage  # type: ignore[import-untyped]
from skimage.feature import peak_local_max
from skimage.morphology import closing, opening
from skimage.transform import hough_line

from core.data import Floats, Mask

_ANGLES = np.radians(90 + np.arange(-10, 10.1, 0.25))
"""Of a line's normal: it is at most 10 degrees from horizontal."""
_GAP = 5  # at most this many pixels may be missing
_EDGE = 2.0  # pixels beside a line that are still its blurred edge


class Line(NamedTuple):
    """A line that runs from left to right."""

    rows: Floats
    """Its middle in each column of the mask, (W,)."""
    left: int
    right: int
    """The first column beyond its end."""
    thickness: float

    @property
    def middle(self) -> float:
        """The row of its middle, halfway across the mask."""
        return float(self.rows.mean())

    def beside(self, side: int) -> Floats:
        """The row next to the line in each column: above it for -1, below it for 1."""
        edge: Floats = self.rows + side * (self.thickness / 2 + _EDGE + 1)
        return edge

    def band(self, height: int, edge: float = _EDGE) -> Mask:
        """Where in a mask of this height the line is, with `edge` pixels beside it: (height, W)."""
        away = np.abs(np.arange(height)[:, None] - self.rows)
        inside: Mask = away <= self.thickness / 2 + edge
        inside[:, : self.left] = inside[:, self.right :] = False
        return inside


def find_lines(mask: Mask, least: float, thickest: float, seen: float) -> list[Line]:
    """The lines in a mask, (H, W), that are at least `least` long and at most `thickest` thick.

    At least the share `seen` of a line is not covered by strokes. Those from left to right: of the
    mask turned by `.T`, those from top to bottom.
    """
    width = mask.shape[1]
    bridged = closing(mask, np.ones((1, _GAP + 1), bool))
    straight = opening(bridged, np.ones((1, max(int(least / 8), 2)), bool), mode="min")
    thin = straight & ~_find_tall(mask, thickest)
    votes, angles, distances = hough_line(thin, _ANGLES)
    votes = ndimage.uniform_filter1d(votes.astype(np.float32), 5, axis=0)
    lines: list[Line] = []
    for distance, angle in peak_local_max(
        votes, min_distance=5, threshold_abs=seen * least, exclude_border=False
    ):
        theta = angles[angle]
        rows = (distances[distance] - np.arange(width) * np.cos(theta)) / np.sin(theta)
        line, share = _follow(thin, rows, thickest)
        if line.right - line.left >= least and share >= seen:
            lines.append(line)
            thin &= ~line.band(len(thin))  # or it would be found once more, a little oblique
    return lines


def _follow(thin: Mask, rows: Floats, thickest: float) -> tuple[Line, float]:
    """The line in these rows, from its one end to the other, and the share of it that is seen."""
    counts = (thin & Line(rows, 0, len(rows), thickest).band(len(thin))).sum(axis=0)
    columns = np.flatnonzero(counts)
    if not len(columns):
        return Line(rows, 0, 0, 0.0), 0.0
    left, right = int(columns[0]), int(columns[-1]) + 1
    line = Line(rows, left, right, float(np.median(counts[columns])))
    return line, len(columns) / (right - left)


def find_line_ink(mask: Mask, lines: list[Line]) -> Mask:
    """The pixels of a mask that belong to the lines, and not to strokes that cross them."""
    found = np.zeros_like(mask)
    if not lines:
        return found
    thickness = float(np.median([line.thickness for line in lines]))
    strokes = _find_tall(mask, 1.5 * thickness)
    for line in lines:
        is_crossed = _find_ink_beside(mask, line, -1) & _find_ink_beside(mask, line, 1)
        found |= line.band(len(mask)) & ~strokes
        found |= line.band(len(mask), edge=0) & ~is_crossed
    return mask & found


def _find_tall(mask: Mask, thickness: float) -> Mask:
    """What is taller than a line of this thickness, with its edges."""
    tall: Mask = opening(mask, np.ones((int(thickness + _EDGE), 1), bool), mode="min")
    return tall


def _find_ink_beside(mask: Mask, line: Line, side: int) -> Mask:
    """In which columns, (W,), there is ink next to the line, or a little to the left or right."""
    rows = np.round(line.beside(side)).astype(int)
    inside = (rows >= 0) & (rows < len(mask))
    ink = inside & mask[rows * inside, np.arange(mask.shape[1])]
    near: Mask = ndimage.binary_dilation(ink, iterations=int(line.thickness + 2 * _EDGE))
    return near
