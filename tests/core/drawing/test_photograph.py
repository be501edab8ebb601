"""Digits on photographs: what is found of them, and what is left out."""

import io
from collections.abc import Callable, Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
import pytest
from PIL import Image

from core.data import load_mnist
from core.drawing import to_mnist
from core.drawing.photograph import (
    FoundInk,
    PictureError,
    find_ink_on_paper,
    read_picture,
    turn_upright,
)
from core.drawing.reading import predict
from core.drawing.separate import separate_digits
from core.runs import Run
from tests.core.drawing import photographs
from tests.core.drawing.photographs import (
    beside,
    circle,
    encode,
    frame,
    light,
    likeness,
    marks,
    photograph,
    ruling,
    shadow,
)

Y_TEST = load_mnist().y_test
HEIGHT, WIDTH = 360, 480


def ink(number: int) -> np.ndarray:
    """How much ink is where, (360, 480), of an MNIST digit."""
    return photographs.ink({number: (60, 120)}, 250, HEIGHT, WIDTH)


def small_light(slope: float = 0.0) -> np.ndarray:
    return light(HEIGHT, WIDTH, slope)


def find(picture: np.ndarray) -> FoundInk:
    return read_picture(encode(picture, "PNG"))


class Kind(NamedTuple):
    """A kind of photograph."""

    make: Callable[..., np.ndarray]
    """The picture of test digits by their numbers."""
    digits: int = 1
    has_frame: bool = False
    has_ruling: bool = False


def framed(draw: photographs.Drawer, tilt: float = 0, size: int = 380) -> Kind:
    def make(number: int) -> np.ndarray:
        page = np.maximum(beside([number], size), marks(draw, tilt))
        return photograph(page, light())

    return Kind(make, has_frame=True)


def ruled(draw: photographs.Drawer, tilt: float = 0, digits: int = 1) -> Kind:
    def make(*numbers: int) -> np.ndarray:
        return photograph(np.maximum(beside(numbers), marks(draw, tilt)), light())

    return Kind(make, digits, has_ruling=True)


def framed_on_squares_in_a_shadow(number: int) -> np.ndarray:
    page = np.maximum(beside([number]), marks(frame(150, 150, 650, 650, 8)))
    squares = marks(ruling(60, 3, squared=True), 2)
    return photograph(np.maximum(page, squares), light() * shadow(60))


def lined_in_a_shadow(*numbers: int) -> np.ndarray:
    page = np.maximum(beside(numbers), marks(ruling(90, 4), 2))
    return photograph(page, light() * shadow(8))


def cells(*numbers: int) -> np.ndarray:
    """Three cells of a form, a digit in each."""
    page = beside(numbers, 266)
    for left in (100, 300, 500):
        page = np.maximum(page, marks(frame(left, 280, left + 206, 520, 6)))
    return photograph(page, light())


def two_lines(*numbers: int) -> np.ndarray:
    places = [(110, 150), (130, 400), (430, 170), (420, 390)]
    page = photographs.ink(dict(zip(numbers, places, strict=True)), 240)
    return photograph(np.maximum(page, marks(ruling(90, 4), 2)), light())


KINDS = {
    "a frame of 8 pixels": framed(frame(150, 150, 650, 650, 8)),
    "a thin frame with round corners": framed(frame(150, 150, 650, 650, 3, radius=80)),
    "a thick frame, far away": framed(frame(50, 50, 750, 750, 40), size=300),
    "a tilted frame": framed(frame(150, 130, 650, 670, 8), tilt=7),
    "a frame without its right side": framed(frame(150, 150, 650, 650, 8, without=1)),
    "a frame that the digit touches": framed(frame(240, 240, 560, 545, 8)),
    "a circle": framed(circle(120, 120, 560, 8)),
    "three cells of a form": Kind(cells, 3, has_frame=True),
    "lined paper": ruled(ruling(90, 4)),
    "lined paper, tilted": ruled(ruling(70, 4), tilt=5),
    "squared paper": ruled(ruling(60, 3, squared=True)),
    "squared paper, tilted, two digits": ruled(ruling(60, 3, squared=True), tilt=-3, digits=2),
    "lined paper, two lines of digits": Kind(two_lines, 4, has_ruling=True),
    "a sharp shadow": Kind(lambda n: photograph(beside([n]), light() * shadow(8))),
    "a soft shadow": Kind(lambda n: photograph(beside([n]), light() * shadow(60))),
    "a frame on squared paper, in a shadow": Kind(
        framed_on_squares_in_a_shadow, has_frame=True, has_ruling=True
    ),
    "lined paper in a shadow, two digits": Kind(lined_in_a_shadow, 2, has_ruling=True),
    "two digits": Kind(lambda *two: photograph(beside(two), light()), 2),
}


# --- what is found on every kind of paper, and read


@cache
def pictures(name: str) -> list[tuple[Sequence[int], FoundInk]]:
    """Two pictures of a kind: which test digits are on them, and what is found."""
    kind = KINDS[name]
    numbers = (range(first, first + kind.digits) for first in (0, 20))
    return [(each, find(kind.make(*each))) for each in numbers]


@pytest.mark.parametrize("name", KINDS)
def test_digits_are_found_on_every_kind_of_paper(name: str) -> None:
    kind = KINDS[name]
    for numbers, found in pictures(name):
        assert (found.has_frame, found.has_ruling) == (kind.has_frame, kind.has_ruling)
        digits = separate_digits(found.canvas)
        assert len(digits) == kind.digits
        for digit, number in zip(digits, numbers, strict=True):
            assert likeness(digit, number) > 0.85


def test_the_digits_on_every_kind_of_paper_are_read(reader: Run) -> None:
    wrong = []
    for name in KINDS:
        for numbers, found in pictures(name):
            digits = np.stack([to_mnist(digit) for digit in separate_digits(found.canvas)])
            if predict(reader, digits).argmax(axis=1).tolist() != Y_TEST[numbers].tolist():
                wrong.append((name, numbers))
    assert wrong == []


# --- what else there is on a picture


@pytest.mark.parametrize("strength", [0.2, 0.4, 0.6])
def test_pale_lines_are_left_out(strength: float) -> None:
    """Whether the ink is told from them by its strength or by their shape."""
    lines = strength * marks(ruling(70, 4), 5)
    found = find(photograph(np.maximum(beside([20]), lines), light()))
    assert likeness(found.canvas, 20) > 0.9


@pytest.mark.parametrize("draw", [ruling(90, 4), ruling(60, 3, squared=True)])
def test_on_ruled_paper_without_a_digit_nothing_is_found(draw: photographs.Drawer) -> None:
    found = find(photograph(marks(draw, 2), light()))
    assert not found.canvas.any()


def test_an_empty_frame_is_not_taken_away() -> None:
    """It may be a nought."""
    found = find(photograph(marks(frame(250, 200, 550, 600, 30)), light()))
    assert found.canvas.any()
    assert not found.has_frame


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize("light_ink", [False, True])
def test_a_digit_in_uneven_light_is_found(kind: str, light_ink: bool) -> None:
    for number in range(5):
        picture = photograph(ink(number), small_light(0.5))
        found = read_picture(encode(1 - picture if light_ink else picture, kind)).canvas
        assert found.dtype == np.uint8
        assert max(found.shape) == 400
        assert likeness(found, number) > 0.9


def test_specks_and_the_papers_edge_are_left_out() -> None:
    paper = small_light(0.3)
    paper[:, :40] = 0.2  # the table beside the paper
    page = ink(0)
    page[30:36, 400:406] = 1
    found = find_ink_on_paper(photograph(page, paper).astype(np.float32)).canvas
    assert likeness(found, 0) > 0.9
    assert not found[:, :60].any()
    assert not found[20:46, 390:416].any()


def test_a_photograph_taken_sideways_is_turned_upright() -> None:
    upright = photograph(ink(4), small_light(0.2))
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter: what the camera stores lies on its side
    sideways = encode(np.rot90(upright), "JPEG", exif=exif, quality=95)
    assert likeness(read_picture(sideways).canvas, 4) > 0.9
    shown = Image.open(io.BytesIO(turn_upright(sideways))).convert("L")
    expected = Image.fromarray((255 * upright).astype(np.uint8)).resize(shown.size)
    alike = np.corrcoef(np.asarray(shown).ravel(), np.asarray(expected).ravel())[0, 1]
    assert alike > 0.99
    as_it_is = encode(upright, "JPEG")
    assert turn_upright(as_it_is) == as_it_is


@pytest.mark.parametrize("grey", [0, 60, 200, 255])
def test_transparent_is_paper_for_dark_ink_and_for_light(grey: int) -> None:
    rgba = np.full((HEIGHT, WIDTH, 4), grey, np.uint8)
    rgba[..., 3] = 255 * ink(2)
    file = io.BytesIO()
    Image.fromarray(rgba).save(file, "PNG")
    assert likeness(read_picture(file.getvalue()).canvas, 2) > 0.9


@pytest.mark.parametrize("light_ink", [False, True])
def test_a_scan_of_sixteen_bits_is_read(light_ink: bool) -> None:
    picture = photograph(ink(3), small_light(0.2))
    file = io.BytesIO()
    deep = (65_535 * (1 - picture if light_ink else picture)).astype(np.uint16)
    Image.fromarray(deep).save(file, "PNG")
    assert Image.open(file).mode == "I;16"
    assert likeness(read_picture(file.getvalue()).canvas, 3) > 0.9


@pytest.mark.parametrize("noise", [0.0, 0.02])
def test_on_blank_paper_nothing_is_found(noise: float) -> None:
    picture = photograph(np.zeros((HEIGHT, WIDTH)), small_light(0.4), noise)
    assert not find(picture).canvas.any()


@pytest.mark.parametrize("size", [(1, 1), (1, 500), (2, 3)])
def test_a_tiny_picture_is_no_error(size: tuple[int, int]) -> None:
    rng = np.random.default_rng(1)
    assert find(rng.random(size)).canvas.ndim == 2


def encode_blank(side: int) -> bytes:
    """A blank picture, small as a file."""
    file = io.BytesIO()
    Image.new("1", (side, side)).save(file, "PNG")
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no PNG, JPEG or WebP"),
        (b"<svg onload='alert(1)'/>", "no PNG, JPEG or WebP"),
        (encode(np.ones((10, 10)), "GIF"), "no PNG, JPEG or WebP"),
        (encode(photograph(ink(0), small_light()), "PNG")[:2_000], "cannot be read"),
        (bytes(20_000_001), "20.0 MB; 20 are allowed"),
        (encode_blank(8_000), "8,000 × 8,000 pixels; make it smaller"),
    ],
    ids=["empty", "svg", "gif", "cut short", "large file", "bomb"],
)
def test_other_files_are_refused_with_a_reason(content: bytes, message: str) -> None:
    with pytest.raises(PictureError, match=message):
        read_picture(content)
