"""Drawings as an .npz archive: written, and read from whatever program has written it.

What can only be meant one way is put right and said: floats from 0 to 1, another layout of the
pixels, dark ink on light paper, blank images. Anything else is refused with a sentence.
"""

import io
from collections.abc import Iterable
from typing import NamedTuple
from zipfile import ZipFile

import numpy as np

from core.analysis.metrics import as_labels
from core.config import CLASSES, IMAGE_SIDE, PIXELS
from core.data import Array, ByteLabels, Images, Mask

MAX_DRAWINGS = 20_000
"""At most this many drawings are in a collection."""

_MAX_BYTES = 2 * MAX_DRAWINGS * PIXELS
_NAMES = ("images", "labels")
_HALVES = "to_learn"
_LEAST_CONTRAST = 8  # grey values between paper and ink; an image with less is blank
_NAMED = 5  # at most this many names or numbers are listed, then "…"


class DrawingError(ValueError):
    """A drawing or a file of drawings is refused; the message is a sentence that says why."""


class ImportedDrawings(NamedTuple):
    """What an archive holds, put right."""

    images: Images
    """Uint8 (n, 28, 28), 0 paper to 255 ink."""
    labels: ByteLabels
    """Uint8 (n,)"""
    to_learn: Mask | None
    """Bool (n,), whether each was in the half to learn from, if the archive says so."""
    changes: tuple[str, ...]
    """What was put right, a sentence each."""


def write_archive(images: Images, labels: ByteLabels, to_learn: Mask) -> bytes:
    """An .npz archive with `images`, uint8 (n, 28, 28), `labels`, uint8 (n,), and `to_learn`, bool
    (n,).
    """
    file = io.BytesIO()
    np.savez_compressed(file, images=images, labels=labels, to_learn=to_learn)
    return file.getvalue()


def read_archive(content: bytes) -> ImportedDrawings:
    """The images and labels of an archive, as `write_archive` makes it or a little different.

    Raises DrawingError for anything else, or for more than a collection may hold.
    """
    images, labels, to_learn = _load(content)
    changes: list[str] = []
    layers = _as_layers(images, changes)
    digits = _as_digits(labels, changes)
    if len(layers) > MAX_DRAWINGS:
        raise DrawingError(f"the file has {len(layers):,} images; {MAX_DRAWINGS:,} are allowed")
    if not 0 < len(layers) == len(digits):
        raise DrawingError(f"the file has {len(layers)} images and {len(digits)} labels")
    grey = _put_ink_on_black(_as_grey(layers, changes), changes)
    is_blank = np.ptp(grey, axis=(1, 2)) < _LEAST_CONTRAST
    if is_blank.all():
        raise DrawingError("no image has any ink")
    if is_blank.any():
        numbers = _listed(np.flatnonzero(is_blank) + 1)
        changes.append(f"Blank images were left out: {numbers} of {len(grey):,}.")
    if to_learn is not None and (to_learn.shape != digits.shape or to_learn.dtype != bool):
        to_learn = None  # another program's: the halves are chosen here
    return ImportedDrawings(
        grey[~is_blank],
        digits[~is_blank],
        None if to_learn is None else to_learn[~is_blank],
        tuple(changes),
    )


def _load(content: bytes) -> tuple[Array, Array, Array | None]:
    """The arrays `images`, `labels` and, if there, `to_learn`, of any shape and type."""
    try:
        with ZipFile(io.BytesIO(content)) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
        if unpacked > _MAX_BYTES:
            raise DrawingError(
                f"the file unpacks to {unpacked:,} bytes, of which {_MAX_BYTES:,} are allowed; "
                "whole numbers from 0 to 255, uint8, take the least"
            )
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            if not set(_NAMES) <= set(arrays.files):
                raise DrawingError(
                    f"expected the arrays {' and '.join(_NAMES)}, found {_listed(arrays.files)}"
                )
            images, labels = (np.asarray(arrays[name]) for name in _NAMES)
            to_learn = np.asarray(arrays[_HALVES]) if _HALVES in arrays.files else None
    except DrawingError:
        raise
    except Exception as error:  # a rubbish archive raises almost anything, MemoryError too
        raise DrawingError("this is no .npz file of drawings, or it is damaged") from error
    for name, array in zip(_NAMES, (images, labels), strict=True):
        if array.dtype.kind not in "buif":
            raise DrawingError(f"{name} must be numbers, not {array.dtype}")
    return images, labels, to_learn


def _as_layers(images: Array, changes: list[str]) -> Array:
    """The images as (n, 28, 28), of the same type."""
    image = IMAGE_SIDE, IMAGE_SIDE
    shape = images.shape
    if shape[1:] == image:
        return images
    if shape[1:] in {(PIXELS,), (*image, 1), (1, *image)} or shape in {image, (PIXELS,)}:
        changes.append(f"The images came with the shape {shape}, and were read row by row.")
        return images.reshape(-1, *image)
    advice = "scale each to 28×28"
    if shape[:1] == (PIXELS,):
        advice = "images.T brings the images to the front"
    elif shape[:2] == image:
        advice = "np.moveaxis(images, -1, 0) brings the images to the front"
    elif shape[1:3] == image:
        advice = "images.mean(axis=-1) makes colours grey"
    raise DrawingError(f"images must have the shape (n, 28, 28), not {shape}; {advice}")


def _as_digits(labels: Array, changes: list[str]) -> ByteLabels:
    """The labels as uint8 (n,)."""
    if labels.shape[1:] == (CLASSES,) and (np.sort(labels)[:, -2:] == [0, 1]).all():
        changes.append("The labels came one-hot.")
        labels = labels.argmax(axis=1)
    elif labels.ndim == 0 or labels.shape[1:] == (1,):
        labels = labels.reshape(-1)
    if labels.dtype.kind == "f" and np.isin(labels, np.arange(CLASSES)).all():
        labels = labels.astype(np.uint8)
    try:
        return as_labels(labels).astype(np.uint8)
    except ValueError as error:
        raise DrawingError(f"labels: {error}") from error


def _as_grey(images: Array, changes: list[str]) -> Images:
    """The images with whole grey values from 0 to 255."""
    if not np.isfinite(images).all():
        raise DrawingError("some grey values are no numbers (NaN or infinite)")
    low, high = float(images.min()), float(images.max())
    if low < 0 or high > 255:
        advice = "undo the standardisation" if low < 0 else "scale them"
        raise DrawingError(
            f"grey values must go from 0 to 255, or from 0 to 1, not from {low:g} to {high:g}; "
            f"{advice} first"
        )
    if 0 < high <= 1:
        changes.append("The grey values went from 0 to 1, and were multiplied by 255.")
        images = images * np.float32(255)
    return images if images.dtype == np.uint8 else np.round(images).astype(np.uint8)


def _put_ink_on_black(grey: Images, changes: list[str]) -> Images:
    """The images, (n, 28, 28), with those inverted whose ink is darker than the paper.

    As in `drawing.find_ink`, paper is what most of the border shows.
    """
    border = np.concatenate([grey[:, 0], grey[:, -1], grey[:, :, 0], grey[:, :, -1]], axis=1)
    paper = np.median(border, axis=1).astype(np.float32)
    darker, lighter = paper - grey.min(axis=(1, 2)), grey.max(axis=(1, 2)) - paper
    is_dark = (darker > lighter) & (darker >= _LEAST_CONTRAST)
    if is_dark.any():
        ink = (paper[is_dark, None, None] - grey[is_dark]) / darker[is_dark, None, None]
        grey = grey.copy()
        grey[is_dark] = np.round(255 * np.maximum(ink, 0))
        counted = f"{is_dark.sum():,} of {len(grey):,} images"
        changes.append(f"Dark ink on light paper was inverted: {counted}.")
    return grey


def _listed(things: Iterable[object]) -> str:
    """The first few, with commas, each at most 40 letters long."""
    words = [str(thing)[:40] for thing in things]
    return ", ".join(words[:_NAMED] + ["…"] * (len(words) > _NAMED)) or "none"
