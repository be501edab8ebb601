"""Frames and ruled lines in a mask of ink: digits are taken for neither."""

import numpy as np
import pytest
from PIL import Image, ImageDraw
from scipy import ndimage
from skimage.morphology import skeletonize

from core.drawing.frames import find_frames, find_ruling
from tests.core.drawing.photographs import X_TEST

SIDE = 200


def digit(number: int, size: int = 150) -> np.ndarray:
    """A test digit in the middle of a page: (SIDE, SIDE)."""
    large = Image.fromarray(X_TEST[number]).resize((size, size), Image.Resampling.BICUBIC)
    page, edge = np.zeros((SIDE, SIDE), bool), (SIDE - size) // 2
    page[edge : edge + size, edge : edge + size] = np.asarray(large) > 80
    return page


def box(left: int, top: int, right: int, bottom: int, width: int = 6) -> np.ndarray:
    paper = Image.new("1", (SIDE, SIDE))
    ImageDraw.Draw(paper).rectangle([left, top, right, bottom], outline=1, width=width)
    return np.asarray(paper)


def without(shape: np.ndarray, left: int, top: int, right: int, bottom: int) -> np.ndarray:
    rest = shape.copy()
    rest[top:bottom, left:right] = False
    return rest


@pytest.mark.parametrize("is_thin", [False, True])
def test_no_digit_is_taken_for_a_frame_or_a_line(is_thin: bool) -> None:
    """Neither in the middle of a page nor cut to its ink, with a thick or a thin pen."""
    for number in range(0, 10_000, 140):
        page = digit(number)
        if is_thin:
            page = ndimage.binary_dilation(skeletonize(page))
        rows, columns = np.flatnonzero(page.any(axis=1)), np.flatnonzero(page.any(axis=0))
        cropped = page[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        assert not find_frames(page).any()
        assert not find_ruling(page).any()
        assert not find_frames(cropped).any()
        assert not find_ruling(cropped).any()


def test_a_frame_is_found_to_the_pixel() -> None:
    frame, inside = box(20, 20, 180, 180), digit(0, 120)
    np.testing.assert_array_equal(find_frames(frame | inside), frame)


def test_a_frame_in_a_frame_is_found_too() -> None:
    frames = box(10, 10, 190, 190) | box(30, 30, 170, 170)
    np.testing.assert_array_equal(find_frames(frames | digit(0, 100)), frames)


def test_a_cell_with_a_digit_that_touches_its_border_keeps_the_digit() -> None:
    """Two cells: the left digit stands free, the right one touches the line on its right."""
    cells = box(10, 50, 102, 150, 3) | box(99, 50, 190, 150, 3)
    free = np.roll(digit(2, 90), -45, axis=1)
    touching = np.roll(digit(0, 90), 45, axis=1)
    touching[95:100, 150:190] = True
    found = find_frames(cells | free | touching)
    assert found[cells & ~touching].mean() > 0.95
    assert not found[free].any()
    assert found[touching & ~cells].mean() < 0.1


@pytest.mark.parametrize(
    "shape",
    [
        box(40, 20, 160, 180, 14),
        box(40, 20, 160, 180, 14) | box(40, 100, 160, 180, 14),
        box(40, 20, 160, 180, 4) | box(40, 100, 160, 103, 4),
        without(box(40, 20, 160, 180, 14) | box(40, 95, 160, 180, 14), 140, 34, 165, 95),
        box(40, 20, 160, 180, 14) | box(95, 95, 105, 105, 10),
    ],
    ids=["0", "8", "8 with a thin pen", "6", "0 with a dot"],
)
def test_digits_of_straight_strokes_are_no_frames(shape: np.ndarray) -> None:
    """As a display writes them."""
    assert not find_frames(shape).any()
