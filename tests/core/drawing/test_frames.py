"""Frames and ruled lines around digits on pictures: left out, and digits never taken for them."""

import io

import numpy as np
import pytest
from PIL import Image, ImageDraw

from core.data import load_mnist
from core.drawing import to_mnist
from core.drawing.photograph import FoundInk, find_ink_on_paper, read_picture

X_TEST = load_mnist().x_test
SIDE = 800


def page(number: int, size: int = 420) -> Image.Image:
    """A test digit, dark on light, in the middle of a square page."""
    digit = Image.fromarray(255 - X_TEST[number]).resize((size, size), Image.Resampling.BICUBIC)
    paper = Image.new("L", (SIDE, SIDE), 255)
    paper.paste(digit, ((SIDE - size) // 2, (SIDE - size) // 2))
    return paper


def read(picture: Image.Image) -> FoundInk:
    file = io.BytesIO()
    picture.save(file, "PNG")
    return read_picture(file.getvalue())


def likeness(found: FoundInk, number: int) -> float:
    """The correlation of what was found, prepared, with the digit without a frame."""
    alone = to_mnist(read(page(number)).canvas)
    return float(np.corrcoef(to_mnist(found.canvas).ravel(), alone.ravel())[0, 1])


@pytest.mark.parametrize("width", [4, 8, 16])
def test_a_frame_is_left_out(width: int) -> None:
    for number in range(5):
        picture = page(number)
        ImageDraw.Draw(picture).rectangle((110, 90, 690, 710), outline=40, width=width)
        found = read(picture)
        assert found.has_frame, number
        assert likeness(found, number) > 0.9, number


def test_a_rounded_frame_and_one_open_at_a_side_are_left_out() -> None:
    rounded, opened = page(0), page(0)
    ImageDraw.Draw(rounded).rounded_rectangle((110, 90, 690, 710), 60, outline=40, width=8)
    ImageDraw.Draw(opened).line([(690, 90), (110, 90), (110, 710), (690, 710)], fill=40, width=8)
    for picture in (rounded, opened):
        found = read(picture)
        assert found.has_frame
        assert likeness(found, 0) > 0.9


def test_ruled_lines_are_left_out() -> None:
    picture = page(3, size=300)
    draw = ImageDraw.Draw(picture)
    for row in range(40, SIDE, 90):
        draw.line((0, row, SIDE, row), fill=150, width=3)
    found = read(picture)
    assert found.has_ruling
    alone = to_mnist(read(page(3, size=300)).canvas)
    assert np.corrcoef(to_mnist(found.canvas).ravel(), alone.ravel())[0, 1] > 0.85


def test_a_digit_alone_has_neither() -> None:
    """A 0 encloses paper, and a 7 and a 4 have straight strokes."""
    for number in range(60):
        digit = Image.fromarray(255 - X_TEST[number]).resize((280, 280), Image.Resampling.BICUBIC)
        paper = np.full((400, 400), 1.0, np.float32)
        paper[60:340, 60:340] = np.asarray(digit, np.float32) / 255
        found = find_ink_on_paper(paper)
        assert not found.has_frame, number
        assert not found.has_ruling, number
