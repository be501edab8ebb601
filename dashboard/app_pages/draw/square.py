"""The square that a browser's canvas sends: hostile like all that a browser sends."""

import io
import logging
from typing import Protocol

import numpy as np
from PIL import Image

from core.data import Images

SIDE = 280
"""Its height and width in pixels."""

_MAX_BYTES = 1_000_000  # of a PNG: three times what the square's pixels take

_log = logging.getLogger(__name__)


class CanvasResult(Protocol):
    """What `st_canvas` returns."""

    @property
    def image_bytes(self) -> bytes | None:
        """The PNG that the browser sent; raises anything if it sent rubbish."""


def decode_canvas(drawn: CanvasResult) -> Images | None:
    """The picture, uint8 (SIDE, SIDE, 4); None if there is none, or anything but such a picture."""
    try:
        content = drawn.image_bytes
        if content is None or len(content) > _MAX_BYTES:
            return None
        with Image.open(io.BytesIO(content), formats=["PNG"]) as picture:
            if picture.size != (SIDE, SIDE):  # known before anything is unpacked
                return None
            return np.asarray(picture.convert("RGBA"))
    except Exception as error:  # a damaged picture raises almost anything
        _log.info("a browser sent a canvas that is no picture (%s)", error)
        return None
