"""A drawn picture -> the 28×28 that MNIST would have made of it.

MNIST's digits were cropped to their ink, scaled to fit 20×20 with their proportions kept, which
made them grey at the edges, and laid into 28×28 with their centre of mass in the middle (LeCun,
Cortes and Burges, "The MNIST database"). A network that learned from them reads a drawing well only
if it went the same way. Finding a digit on a photograph is left to `photograph`.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from PIL import Image

from core.config import IMAGE_SIDE
from core.data import Array, Floats, Images, Mask

BOX_SIDE = 20
"""The largest side of an MNIST digit."""
_MIDDLE = 14.0
"""Where a digit's centre of mass lies: the mean over MNIST is 14.00 in rows and in columns."""
_LARGEST_SIDE = 1024  # a larger canvas is reduced first, which a 20×20 digit never shows
_LEAST_CONTRAST = 8.0  # grey values of 255 between paper and ink
LEAST_INK = 0.1
"""Less ink than this, of 1, is the blurred edge of a stroke."""
_RESAMPLING = Image.Resampling.BOX


@dataclass(frozen=True)
class DrawingSteps:
    """Which steps of the preparation are taken."""

    crop: bool = True
    """Cut out the ink. Otherwise the whole canvas is scaled."""
    shrink: bool = True
    """Scale to fit 20×20. Otherwise the picture fills the 28×28."""
    center: bool = True
    """Move the centre of mass to the middle. Otherwise the digit stays where it was drawn."""


class PreparedDrawing(NamedTuple):
    """A canvas after each step; ink is 1, paper 0, all float32."""

    canvas: Floats
    """(H, W), the canvas itself, reduced if it is huge."""
    cropped: Floats
    """(h, w)"""
    scaled: Floats
    """(20, 20), or (28, 28) where that step is left out; the proportions are kept."""
    image: Floats
    """(28, 28): what a network is shown."""

    @property
    def is_empty(self) -> bool:
        """Whether there is no ink at all: nothing to say about."""
        return not self.canvas.any()


def to_mnist(canvas: Array) -> Floats:
    """The picture as MNIST would have it: float32 (28, 28), 0 paper to 1 ink.

    `canvas` is uint8 (H, W) grey, (H, W, 3) RGB or (H, W, 4) RGBA, with light ink on dark paper or
    dark on light. All zero if there is no ink. Raises ValueError for another shape or type.
    """
    return prepare(canvas).image


def prepare(canvas: Array, steps: DrawingSteps = DrawingSteps()) -> PreparedDrawing:
    """As `to_mnist`, with what each of the steps makes of the canvas."""
    ink = find_ink(canvas)
    rows, columns = _ink_bounds(ink, LEAST_INK) if steps.crop else (slice(None), slice(None))
    cropped = ink[rows, columns]
    side = BOX_SIDE if steps.shrink else IMAGE_SIDE
    scaled = _fit(cropped, side) if ink.any() else np.zeros((side, side), np.float32)
    if steps.center:
        corner = _center(scaled)
    else:
        spots = [_relative_middle(*pair) for pair in zip((rows, columns), ink.shape, strict=True)]
        top, left = (
            int(np.clip(round(spot * IMAGE_SIDE - side / 2), 0, IMAGE_SIDE - side))
            for spot in spots
        )
        corner = top, left
    return PreparedDrawing(ink, cropped, scaled, _paste(scaled, corner))


def find_ink(canvas: Array) -> Floats:
    """How much ink is where: float32 (H, W) from 0 to 1, for a canvas as `to_mnist` takes it.

    Paper is what most of the border shows; ink is lighter or darker, whichever stands out more,
    and the strongest is 1. A canvas larger than 1,024 is reduced.
    """
    difference = _grey(canvas).astype(np.float32)
    border = (difference[0], difference[-1], difference[:, 0], difference[:, -1])
    difference -= np.median(np.concatenate(border))
    if -difference.min() > difference.max():
        difference = -difference
    strongest = difference.max()
    if strongest < _LEAST_CONTRAST:
        return np.zeros_like(difference)
    ink: Floats = np.clip(difference / strongest, 0, 1)
    return ink


def flatten_transparency(picture: Image.Image) -> Image.Image:
    """An RGBA picture on paper: on black if what is seen of it is light, else on white."""
    grey, alpha = (np.asarray(band, np.float32) for band in picture.convert("LA").split())
    seen = alpha.sum()
    is_light = seen > 0 and (grey * alpha).sum() / seen >= 128
    paper = Image.new("RGBA", picture.size, "black" if is_light else "white")
    return Image.alpha_composite(paper, picture)


def _grey(canvas: Array) -> Images:
    """Uint8 (h, w), at most 1,024 high and wide; what is transparent is paper."""
    if canvas.dtype != np.uint8 or canvas.ndim < 2 or canvas.shape[2:] not in {(), (3,), (4,)}:
        raise ValueError(
            f"expected uint8 (H, W), (H, W, 3) or (H, W, 4), not {canvas.dtype} {canvas.shape}"
        )
    if 0 in canvas.shape:
        raise ValueError(f"a canvas of {canvas.shape[0]} by {canvas.shape[1]} pixels has no pixel")
    picture = Image.fromarray(np.ascontiguousarray(canvas))
    factor = -(-max(picture.size) // _LARGEST_SIDE)
    if factor > 1:
        picture = picture.reduce(factor)
    if picture.mode == "RGBA":
        picture = flatten_transparency(picture)
    return np.asarray(picture.convert("L"))


def _ink_bounds(ink: Floats, least: float) -> tuple[slice, slice]:
    """The rows and the columns in which there is ink; all if there is none."""
    return _marked_slice(ink.max(axis=1) > least), _marked_slice(ink.max(axis=0) > least)


def _marked_slice(marked: Mask) -> slice:
    places = np.flatnonzero(marked)
    return slice(int(places[0]), int(places[-1]) + 1) if len(places) else slice(0, len(marked))


def _fit(ink: Floats, side: int) -> Floats:
    """Scale to fit (side, side) with the proportions kept, in the middle; the strongest is 1."""
    scale = side / max(ink.shape)
    height, width = (max(round(length * scale), 1) for length in ink.shape)
    picture = Image.fromarray(ink).resize((width, height), _RESAMPLING)
    small = np.asarray(picture)
    box = np.zeros((side, side), np.float32)
    top, left = (side - height) // 2, (side - width) // 2
    box[top : top + height, left : left + width] = np.clip(small / small.max(), 0, 1)
    return box


def _center(box: Floats) -> tuple[int, int]:
    """Where to lay the box so that its centre of mass is in the middle and no ink falls off."""
    corner = []
    for span, axis in zip(_ink_bounds(box, 0), (1, 0), strict=True):
        weights = box.sum(axis=axis)
        mass = float(weights.sum()) or 1.0
        wanted = round(_MIDDLE - float(weights @ np.arange(len(weights))) / mass)
        corner.append(int(np.clip(wanted, -span.start, IMAGE_SIDE - span.stop)))
    return corner[0], corner[1]


def _relative_middle(span: slice, length: int) -> float:
    """Where the middle of a span lies on a side of the canvas, from 0 to 1."""
    start, stop, _ = span.indices(length)
    return (start + stop) / 2 / length


def _paste(box: Floats, corner: tuple[int, int]) -> Floats:
    """Lay the box into 28×28 with its corner at `corner`, which may be outside."""
    padded = np.pad(box, IMAGE_SIDE)
    top, left = (IMAGE_SIDE - place for place in corner)
    return padded[top : top + IMAGE_SIDE, left : left + IMAGE_SIDE]
