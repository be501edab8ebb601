"""Whatever a browser says that its canvas shows is the square, or nothing."""

import base64
import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from core.drawing import prepare
from dashboard.live.square import SIDE, decode_canvas, decode_url, encode_url


class Sent:
    """As `CanvasResult` unpacks what the browser sent; its module loads in a server only."""

    def __init__(self, url: object) -> None:
        self._url = url

    @property
    def image_bytes(self) -> bytes | None:
        if self._url is None:
            return None
        _, encoded = self._url.split(";base64,", 1)
        return base64.b64decode(encoded)


def sent(content: bytes) -> Sent:
    return Sent(f"data:image/png;base64,{base64.b64encode(content).decode()}")


def png(mode: str = "RGBA", size: tuple[int, int] = (SIDE, SIDE), kind: str = "PNG") -> bytes:
    file = io.BytesIO()
    Image.new(mode, size).save(file, kind)
    return file.getvalue()


GOOD = png()


def chunk(name: bytes, content: bytes) -> bytes:
    checksum = struct.pack(">I", zlib.crc32(name + content))
    return struct.pack(">I", len(content)) + name + content + checksum


def test_a_drawing_is_read_to_the_pixel() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (SIDE, SIDE, 4), np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")  # noise: no drawing makes a larger file
    np.testing.assert_array_equal(decode_canvas(sent(file.getvalue())), pixels)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_any_kind_of_pixel_can_be_prepared(mode: str) -> None:
    square = decode_canvas(sent(png(mode)))
    assert square is not None
    assert square.shape == (SIDE, SIDE, 4)
    assert prepare(square).is_empty


@pytest.mark.parametrize(
    "url", [None, "", "data:image/png", "data:;base64,!", "data:;base64,a", 7, {"a": 1}, ["b"]]
)
def test_what_is_no_picture_is_no_square(url: object) -> None:
    assert decode_canvas(Sent(url)) is None


@pytest.mark.parametrize(
    "content",
    [
        b"",
        png(size=(SIDE, SIDE + 1)),
        png("1", (20_000, 20_000)),  # Pillow's decompression bomb
        png("RGB", kind="JPEG"),
        png("P", kind="GIF"),
        GOOD[: len(GOOD) // 2],
        GOOD + bytes(1_000_000),
        # a text that unpacks to 100 MB
        GOOD[:33] + chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(10**8))) + GOOD[33:],
    ],
    ids=["empty", "size", "bomb", "JPEG", "GIF", "half", "long", "text"],
)
def test_no_other_picture_is_the_square(content: bytes) -> None:
    assert decode_canvas(sent(content)) is None


@pytest.mark.filterwarnings("ignore")  # Pillow's remarks on damaged pictures
@settings(deadline=None, max_examples=200)
@given(st.integers(0, len(GOOD) - 1), st.binary(min_size=1, max_size=8))
def test_a_damaged_picture_is_a_square_or_nothing(place: int, damage: bytes) -> None:
    square = decode_canvas(sent(GOOD[:place] + damage + GOOD[place + len(damage) :]))
    assert square is None or square.shape == (SIDE, SIDE, 4)


def test_a_drawing_is_kept_to_the_grey_value() -> None:
    grey = np.random.default_rng(0).integers(0, 256, (SIDE, SIDE), np.uint8)
    square = np.dstack([grey, grey, grey, np.full_like(grey, 255)])
    url = encode_url(square)
    assert len(url) < 120_000  # noise: no drawing takes more
    np.testing.assert_array_equal(decode_url(url), square)


@pytest.mark.parametrize("kept", [None, "", "rubbish", 7, {"a": 1}, sent(png(size=(9, 9)))._url])
def test_what_is_no_kept_drawing_is_none(kept: object) -> None:
    assert decode_url(kept) is None
