"""Digits told apart: several beside and below each other, and one whose strokes do not touch."""

from collections.abc import Sequence

import numpy as np
import pytest
from PIL import Image, ImageDraw

from core.data import load_mnist
from core.drawing import to_mnist
from core.drawing.separate import MAX_DIGITS, separate_digits

X_TEST = load_mnist().x_test
Stroke = Sequence[tuple[int, int]]


def enlarged(number: int, size: int) -> np.ndarray:
    """A test digit, cut to its ink, whose larger side has `size` pixels."""
    image = X_TEST[number]
    rows, columns = np.flatnonzero(image.any(axis=1)), np.flatnonzero(image.any(axis=0))
    cropped = Image.fromarray(image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])
    scale = size / max(cropped.size)
    sides = [max(round(scale * length), 1) for length in cropped.size]
    return np.asarray(cropped.resize(sides, Image.Resampling.BICUBIC))


def paste(*digits: tuple[np.ndarray, int, int], side: int = 360) -> np.ndarray:
    """Pictures on black, each with its upper left corner at a row and a column."""
    page = np.zeros((side, side), np.uint8)
    for digit, top, left in digits:
        height, width = digit.shape
        spot = page[top : top + height, left : left + width]
        np.maximum(spot, digit, out=spot)
    return page


def draw(*strokes: Stroke, width: int = 16) -> np.ndarray:
    """Strokes with a round pen on a square of 280 pixels, by their points, (x, y)."""
    paper = Image.new("L", (280, 280))
    pen = ImageDraw.Draw(paper)
    for points in strokes:
        pen.line(points, 255, width, joint="curve")
        for x, y in points:
            radius = width // 2
            pen.ellipse([x - radius, y - radius, x + radius, y + radius], fill=255)
    return np.asarray(paper)


def arc(x: int, y: int, width: int, height: int, start: float, end: float) -> Stroke:
    """Points of an ellipse with its middle at (x, y), from one angle to another in degrees."""
    angles = np.radians(np.linspace(start, end, 30))
    return [(round(x + width * np.cos(a) / 2), round(y + height * np.sin(a) / 2)) for a in angles]


def test_of_a_thousand_digits_less_than_one_percent_are_taken_for_several() -> None:
    """Mostly those beside which MNIST has a stroke of the form's cell."""
    pages = (paste((enlarged(number, 200), 100, 100)) for number in range(0, 10_000, 10))
    several = [len(separate_digits(page)) for page in pages]
    assert np.mean(np.array(several) != 1) < 0.01


@pytest.mark.parametrize("gap", [12, 50])
def test_two_digits_beside_each_other_are_two(gap: int) -> None:
    """From a gap of a twelfth of their height on: of 100 pairs all but a few."""
    rng = np.random.default_rng(gap)
    right = 0
    for first, second in rng.integers(0, 10_000, (100, 2)):
        left, other = enlarged(first, 140), enlarged(second, 140)
        top = 100 + int(rng.integers(0, 40))
        page = paste((left, 100, 20), (other, top, 20 + left.shape[1] + gap))
        right += len(separate_digits(page)) == 2
    assert right / 100 >= 0.95


def test_each_digit_is_what_it_would_be_alone() -> None:
    """But for the faintest edge of its strokes."""
    seven, one = enlarged(0, 140), enlarged(2, 140)
    digits = separate_digits(paste((seven, 60, 40), (one, 90, 220)))
    assert len(digits) == 2
    for digit, alone in zip(digits, (seven, one), strict=True):
        assert digit.dtype == np.uint8
        expected = to_mnist(paste((alone, 60, 40)))
        np.testing.assert_allclose(to_mnist(digit), expected, atol=0.05)


def test_dark_ink_on_light_paper_is_told_apart_too() -> None:
    page = paste((enlarged(0, 140), 60, 40), (enlarged(2, 140), 90, 220))
    for digit, other in zip(separate_digits(255 - page), separate_digits(page), strict=True):
        np.testing.assert_array_equal(digit, other)


def test_digits_come_line_by_line_from_left_to_right() -> None:
    """Numbers 0 to 4 are a seven, a two, a one, a nought and a four."""
    places = {4: (250, 20), 0: (40, 30), 3: (240, 280), 1: (60, 150), 2: (30, 270)}
    page = paste(*((enlarged(number, 100), *place) for number, place in places.items()))
    digits = separate_digits(page)
    expected = [to_mnist(paste((enlarged(n, 100), 50, 50))) for n in (0, 1, 2, 4, 3)]
    assert len(digits) == 5
    for digit, image in zip(digits, expected, strict=True):
        np.testing.assert_allclose(to_mnist(digit), image, atol=0.05)


@pytest.mark.parametrize(
    "strokes",
    [
        [[(90, 60), (90, 130)], arc(120, 180, 110, 110, -120, 140), [(125, 55), (200, 55)]],
        [[(140, 90), (140, 240)], [(140, 40), (140, 42)]],
        [arc(140, 80, 80, 80, 0, 360), arc(140, 190, 100, 100, 0, 360)],
        [[(90, 60), (80, 160), (150, 160)], [(185, 80), (175, 240)], [(164, 160), (200, 158)]],
        [arc(140, 140, 120, 200, -80, 80), arc(140, 140, 120, 200, 100, 260)],
        [[(80, 60), (190, 60)], [(188, 84), (130, 240)], [(120, 150), (136, 150)]],
        [arc(140, 90, 90, 90, -150, 80), arc(140, 200, 110, 100, -80, 150)],
    ],
    ids=["5 with a bar apart", "i", "8 of two circles", "open 4", "0 of two halves", "7", "3"],
)
def test_strokes_of_one_digit_need_not_touch(strokes: Sequence[Stroke]) -> None:
    canvas = draw(*strokes)
    (digit,) = separate_digits(canvas)
    assert digit is canvas


def test_one_below_the_other_is_two_if_the_gap_is_large() -> None:
    circles = [arc(140, 60, 80, 80, 0, 360), arc(140, 200, 80, 80, 0, 360)]
    assert len(separate_digits(draw(*circles))) == 2


def test_specks_and_small_marks_are_no_digits() -> None:
    seven = [(60, 60), (160, 60), (100, 230)]
    canvas = draw(seven, [(220, 200), (222, 230)], [(30, 30), (31, 30)])
    (digit,) = separate_digits(canvas)
    assert digit is canvas


@pytest.mark.parametrize("grey", [0, 100, 255])
def test_nothing_is_no_digit(grey: int) -> None:
    canvas = np.full((280, 280, 4), grey, np.uint8)
    (same,) = separate_digits(canvas)
    assert same is canvas


def test_a_picture_full_of_marks_is_bounded() -> None:
    rows, columns = np.mgrid[:400, :400]
    marks = np.where((rows % 20 < 12) & (columns % 10 < 4), 255, 0).astype(np.uint8)
    assert len(separate_digits(marks)) == MAX_DIGITS
    noise = np.random.default_rng(0).integers(0, 256, (400, 400), np.uint8)
    assert 1 <= len(separate_digits(noise)) <= MAX_DIGITS
