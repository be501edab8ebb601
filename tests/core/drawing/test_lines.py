"""Straight lines in a mask: where they are, and what of the ink is theirs."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from core.drawing.lines import find_line_ink, find_lines

SIDE = 300


def mask(*lines: tuple[tuple[int, int], tuple[int, int], int]) -> np.ndarray:
    """Straight strokes from (x, y) to (x, y), each so many pixels wide."""
    paper = Image.new("1", (SIDE, SIDE))
    for start, end, width in lines:
        ImageDraw.Draw(paper).line([start, end], 1, width)
    return np.asarray(paper)


@pytest.mark.parametrize("slope", [-40, -10, 0, 10, 40])
def test_a_line_is_found_with_its_ends_and_its_thickness(slope: int) -> None:
    (line,) = find_lines(mask(((20, 150), (260, 150 + slope), 4)), 150, 12, 0.4)
    assert line.left == pytest.approx(20, abs=3)
    assert line.right == pytest.approx(261, abs=3)
    assert line.thickness == pytest.approx(4, abs=1)
    columns = np.arange(20, 261)
    np.testing.assert_allclose(line.rows[columns], 150 + slope * (columns - 20) / 240, atol=2)


@pytest.mark.parametrize(
    "strokes",
    [
        [((20, 150), (260, 150), 20)],
        [((100, 150), (200, 150), 4)],
        [((20, 50), (260, 150), 4)],
        [((150, 20), (150, 260), 4)],
    ],
    ids=["too thick", "too short", "too steep", "from top to bottom"],
)
def test_other_strokes_are_no_lines(strokes: list) -> None:
    assert find_lines(mask(*strokes), 150, 12, 0.4) == []


def test_what_crosses_a_line_is_not_its_ink() -> None:
    line, stroke = ((0, 150), (299, 150), 4), ((120, 60), (160, 240), 20)
    page = mask(line, stroke)
    found = find_line_ink(page, find_lines(page, 150, 12, 0.4))
    only_line, only_stroke = mask(line), mask(stroke)
    assert found[only_line & ~only_stroke].mean() > 0.95
    assert found[only_stroke].mean() < 0.02


def test_a_stroke_that_ends_at_a_line_keeps_its_other_side() -> None:
    line, stroke = ((0, 150), (299, 150), 4), ((60, 140), (200, 140), 22)
    page = mask(line, stroke)
    found = find_line_ink(page, find_lines(page, 250, 12, 0.4))
    assert found[150, :50].all()
    assert found[150, 210:].all()
    assert not found[130:146, 70:190].any()


def test_no_lines_have_no_ink() -> None:
    page = mask(((120, 60), (160, 240), 20))
    assert not find_line_ink(page, []).any()
