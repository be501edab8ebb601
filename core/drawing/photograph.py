"""An image file -> the digits found on it, as a canvas that `drawing` prepares like any other.

A drawing is ink on even paper; a photograph has uneven light, noise, specks and the paper's edge.
"""

import io
from typing import NamedTuple

import numpy as np
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError
from scipy import ndimage  # type: ignore[import-untyped]
from skimage.filters import threshold_otsu
from skimage.segmentation import clear_border

from core.data import Floats, Images, Mask
from core.drawing.frames import find_frames, find_ruling
from core.drawing.prepare import flatten_transparency

FORMATS = ("PNG", "JPEG", "WEBP")
MAX_FILE_BYTES = 20_000_000
MAX_PIXELS = 60_000_000
"""A larger picture is refused before it is unpacked."""

_SIDE = 400  # the larger side to which a picture is reduced: enough for a 20×20 digit
_LIGHT_SIDE = 80  # the light changes slowly, so it is estimated on a picture as small as this
_LIGHT_WINDOW = 41  # of those pixels: wide enough for ink to be the lesser part anywhere
_LEAST_CONTRAST = 0.06  # of the range from black to white
_LEAST_LIGHT = 0.2  # where there is less, ink is not told from noise
_SPECK = 0.05  # a piece smaller than this share of the largest is a speck


class PictureError(ValueError):
    """The file is no picture that can be read; the message is a sentence that says why."""


class FoundInk(NamedTuple):
    """What was found on a picture."""

    canvas: Images
    """Uint8 (H, W): the digits, light ink on black; all black if there are none."""
    has_frame: bool
    """Whether a drawn frame, as round a cell of a form, was left out."""
    has_ruling: bool
    """Whether ruled lines were left out."""


def read_picture(content: bytes) -> FoundInk:
    """The digits on a PNG, JPEG or WebP file, at most 400 high and wide.

    Dark ink on light paper or light on dark. Raises PictureError for another file, or one that is
    too large.
    """
    return find_ink_on_paper(_open(content))


def turn_upright(content: bytes) -> bytes:
    """A picture that `read_picture` has read, turned if the camera was not held upright."""
    with Image.open(io.BytesIO(content), formats=FORMATS) as picture:
        if picture.getexif().get(ExifTags.Base.Orientation, 1) == 1:
            return content
        picture.thumbnail((_SIDE, _SIDE), reducing_gap=2)
        file = io.BytesIO()
        ImageOps.exif_transpose(picture).convert("RGB").save(file, "JPEG")
        return file.getvalue()


def find_ink_on_paper(grey: Floats) -> FoundInk:
    """The digits on a picture, float32 (H, W) from 0 to 1.

    Ink is what is darker, or lighter, than the surrounding light by more than Otsu's threshold
    (1979); the stronger of the two is taken. Frames and ruled lines are left out, also those that
    are half as strong; specks and shapes at the border are, if anything else remains.
    """
    nothing = FoundInk(np.zeros(grey.shape, np.uint8), False, False)
    difference = _measure_ink(grey)
    if not difference.any():
        return nothing
    threshold = max(threshold_otsu(difference), _LEAST_CONTRAST / 2)
    faint = difference > max(threshold / 2, _LEAST_CONTRAST / 2)
    ruling = find_ruling(faint)
    frames = find_frames(faint & ~ruling)
    paper = ruling | frames
    mask = _remove_specks((difference > threshold) & ~paper)
    if not mask.any():
        return nothing
    strength = np.percentile(difference[mask], 75)
    edge = ndimage.binary_dilation(mask, iterations=2) & ~paper
    ink = np.round(255 * np.clip(difference * edge / strength, 0, 1)).astype(np.uint8)
    return FoundInk(ink, bool(frames.any()), bool(ruling.any()))


def _open(content: bytes) -> Floats:
    """The picture upright and in grey, float32 (H, W) from 0 to 1, reduced to `_SIDE`."""
    if len(content) > MAX_FILE_BYTES:
        raise PictureError(
            f"the file has {len(content) / 1e6:.1f} MB; {MAX_FILE_BYTES / 1e6:.0f} are allowed"
        )
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as picture:
            width, height = picture.size
            if width * height > MAX_PIXELS:
                raise PictureError(
                    f"the picture has {width:,} × {height:,} pixels; make it smaller than "
                    f"{MAX_PIXELS / 1e6:.0f} megapixels"
                )
            picture.draft("L", (2 * _SIDE, 2 * _SIDE))
            picture.thumbnail((_SIDE, _SIDE), reducing_gap=2)
            upright = ImageOps.exif_transpose(picture)
            if upright.mode.startswith("I"):  # 16 bits, which `convert` would cut off at 255
                return np.asarray(upright, np.float32) / np.float32(65_535)
            if upright.has_transparency_data:
                upright = flatten_transparency(upright.convert("RGBA"))
            return np.asarray(upright.convert("L"), np.float32) / np.float32(255)
    except PictureError:
        raise
    except UnidentifiedImageError as error:
        raise PictureError("this is no PNG, JPEG or WebP picture") from error
    except Exception as error:  # a damaged picture raises almost anything
        raise PictureError(f"the picture cannot be read ({error})") from error


def _measure_ink(grey: Floats) -> Floats:
    """How much darker than the light, or lighter, each pixel is, as a share of what it could be.

    Float32 (H, W) from 0 to 1, a little blurred; all 0 if nothing stands out.
    """
    light = _estimate_light(grey)
    difference = light - grey
    if -np.percentile(difference, 1) > np.percentile(difference, 99):
        difference, light = -difference, 1 - light
    difference = ndimage.gaussian_filter(np.maximum(difference, 0), 1)
    if difference.max() < _LEAST_CONTRAST:
        return np.zeros_like(grey)
    share: Floats = difference / np.maximum(light, _LEAST_LIGHT)
    return share


def _estimate_light(grey: Floats) -> Floats:
    """The light without the ink: a median over a wide window, float32 (H, W)."""
    zoom = [max(_LIGHT_SIDE / max(grey.shape), 1 / length) for length in grey.shape]
    small = ndimage.zoom(grey, zoom, order=1, mode="nearest", grid_mode=True)
    light = ndimage.median_filter(small, size=_LIGHT_WINDOW, mode="nearest")
    light = ndimage.gaussian_filter(light, 2)
    scale = [length / part for length, part in zip(grey.shape, light.shape, strict=True)]
    large: Floats = ndimage.zoom(light, scale, order=1, mode="nearest", grid_mode=True)
    return large


def _remove_specks(mask: Mask) -> Mask:
    """The pieces of a mask that may be a digit."""
    inner: Mask = clear_border(mask)
    if inner.sum() >= _SPECK * mask.sum():
        mask = inner
    pieces, count = ndimage.label(mask, np.ones((3, 3)))
    sizes = ndimage.sum_labels(mask, pieces, range(1, count + 1))
    kept = 1 + np.flatnonzero(sizes >= _SPECK * max(sizes, default=0))
    return np.isin(pieces, kept)
