"""The square that a browser's canvas sends: hostile like all that a browser sends."""

import io
import logging
from base64 import b64decode, b64encode
from typing import Protocol

import numpy as np
from PIL import Image

from core.data import Images

SIDE = 280
"""Its height and width in pixels."""

_MAX_BYTES = 1_000_000  # of a PNG: three times what the square's pixels take

_URL_START = "data:image/png;base64,"

_log = logging.getLogger(__name__)


class CanvasResult(Protocol):
    """What `st_canvas` returns."""

    @property
    def image_bytes(self) -> bytes | None:
        """The PNG that the browser sent; raises anything if it sent rubbish."""


def decode_canvas(drawn: CanvasResult) -> Images | None:
    """The picture, uint8 (SIDE, SIDE, 4); None if there is none, or anything but such a picture."""
    try:
        return _decode_png(drawn.image_bytes)
    except Exception as error:  # whatever it was that the browser sent
        _log.info("a browser sent a canvas that is no picture (%s)", error)
        return None


def encode_url(square: Images) -> str:
    """The picture, uint8 (SIDE, SIDE, 4), in grey, as a `data:` URL."""
    file = io.BytesIO()
    Image.fromarray(square).convert("L").save(file, "PNG")
    return _URL_START + b64encode(file.getvalue()).decode()


def decode_url(url: object) -> Images | None:
    """The picture, uint8 (SIDE, SIDE, 4), of `encode_url`; None for anything else."""
    try:
        return _decode_png(b64decode(str(url).removeprefix(_URL_START), validate=True))
    except Exception as error:  # whatever it was that the browser kept
        _log.info("a browser kept a drawing that is no picture (%s)", error)
        return None


def _decode_png(content: bytes | None) -> Images | None:
    """Raises anything for a damaged picture, MemoryError too."""
    if not content or len(content) > _MAX_BYTES:
        return None
    with Image.open(io.BytesIO(content), formats=["PNG"]) as picture:
        if picture.size != (SIDE, SIDE):  # known before anything is unpacked
            return None
        return np.asarray(picture.convert("RGBA"))
