"""Several digits in one drawing, made of MNIST's: told apart, and one never taken for two."""

import numpy as np
import pytest

from core.data import load_mnist
from core.drawing import to_mnist
from core.drawing.separate import separate_digits

X_TEST = load_mnist().x_test


def enlarge(number: int, zoom: int = 5) -> np.ndarray:
    return X_TEST[number].repeat(zoom, axis=0).repeat(zoom, axis=1)


def crop(image: np.ndarray) -> np.ndarray:
    rows, columns = (np.flatnonzero((image > 60).any(axis=axis)) for axis in (1, 0))
    return image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def side_by_side(first: int, second: int, gap: int) -> np.ndarray:
    """Two test digits with `gap` empty pixels between them, in the middle of a canvas."""
    canvas = np.zeros((200, 400), np.uint8)
    left = 40
    for digit in (crop(enlarge(first)), crop(enlarge(second))):
        height, width = digit.shape
        top = (200 - height) // 2
        canvas[top : top + height, left : left + width] = digit
        left += width + gap
    return canvas


def test_one_digit_is_hardly_ever_taken_for_several() -> None:
    several = [number for number in range(1_000) if len(separate_digits(enlarge(number))) > 1]
    assert len(several) < 10, several


def test_two_digits_side_by_side_are_two_from_left_to_right() -> None:
    found = [separate_digits(side_by_side(2 * n, 2 * n + 1, gap=20)) for n in range(200)]
    assert sum(len(digits) == 2 for digits in found) >= 190
    likeness = [
        np.corrcoef(to_mnist(digit).ravel(), to_mnist(enlarge(number)).ravel())[0, 1]
        for n, digits in enumerate(found)
        if len(digits) == 2
        for number, digit in zip((2 * n, 2 * n + 1), digits, strict=True)
    ]
    assert np.mean(likeness) > 0.98


@pytest.mark.parametrize("rows", [1, 2])
def test_digits_in_rows_come_in_reading_order(rows: int) -> None:
    row = [side_by_side(0, 2, gap=30), side_by_side(4, 9, gap=30)][:rows]  # 7 1, 4 9
    digits = separate_digits(np.concatenate(row))
    assert len(digits) == 2 * rows
    for number, digit in zip((0, 2, 4, 9), digits, strict=False):
        expected = to_mnist(enlarge(number))
        assert np.corrcoef(to_mnist(digit).ravel(), expected.ravel())[0, 1] > 0.95


def test_a_bar_that_stands_apart_belongs_to_its_digit() -> None:
    canvas = np.zeros((280, 280), np.uint8)
    canvas[60:220, 100:120] = 255  # a tall stroke
    canvas[60:75, 130:190] = 255  # and a bar beside it
    assert len(separate_digits(canvas)) == 1


def test_nothing_is_nothing() -> None:
    (only,) = separate_digits(np.zeros((280, 280), np.uint8))
    assert not only.any()
