"""Digits on photographs, made of MNIST's with uneven light, noise, specks and a paper's edge."""

import io
from itertools import product

import numpy as np
import pytest
from PIL import Image

from core.data import load_mnist
from core.drawing import to_mnist
from core.drawing.photograph import PictureError, find_ink_on_paper, read_picture, turn_upright

X_TEST = load_mnist().x_test
HEIGHT, WIDTH = 360, 480


def ink(number: int, size: int = 250, top: int = 60, left: int = 120) -> np.ndarray:
    """How much ink is where, (360, 480), of an MNIST digit."""
    page = np.zeros((HEIGHT, WIDTH))
    large = Image.fromarray(X_TEST[number]).resize((size, size), Image.Resampling.BICUBIC)
    page[top : top + size, left : left + size] = np.asarray(large) / 255
    return page


def light(slope: float = 0.0) -> np.ndarray:
    """The light on the paper: falls by `slope` from one corner to the other."""
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    return 0.85 - slope * (rows / HEIGHT + columns / WIDTH) / 2


def photograph(page: np.ndarray, paper: np.ndarray, noise: float = 0.02) -> np.ndarray:
    """Dark ink on the paper, (H, W) from 0 to 1."""
    rng = np.random.default_rng(0)
    return np.clip(paper * (1 - 0.75 * page) + rng.normal(0, noise, page.shape), 0, 1)


def encode(picture: np.ndarray, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    Image.fromarray((255 * picture).astype(np.uint8)).save(file, kind, **options)
    return file.getvalue()


def check_is_digit(found: np.ndarray, number: int) -> None:
    """What was found is, prepared, the MNIST digit, if need be moved by a pixel.

    Its likeness by correlation: 0 would be unlike, 1 equal.
    """
    image = to_mnist(found)
    moved = [np.roll(image, step, (0, 1)) for step in product((-1, 0, 1), repeat=2)]
    assert max(np.corrcoef(m.ravel(), X_TEST[number].ravel())[0, 1] for m in moved) > 0.9


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize("light_ink", [False, True])
def test_a_digit_in_uneven_light_is_found(kind: str, light_ink: bool) -> None:
    for number in range(5):
        picture = photograph(ink(number), light(0.5))
        found = read_picture(encode(1 - picture if light_ink else picture, kind)).canvas
        assert found.dtype == np.uint8
        assert max(found.shape) == 400
        check_is_digit(found, number)


def test_specks_and_the_papers_edge_are_left_out() -> None:
    paper = light(0.3)
    paper[:, :40] = 0.2  # the table beside the paper
    page = ink(0)
    page[30:36, 400:406] = 1
    found = find_ink_on_paper(photograph(page, paper).astype(np.float32)).canvas
    check_is_digit(found, 0)
    assert not found[:, :60].any()
    assert not found[20:46, 390:416].any()


def test_a_photograph_taken_sideways_is_turned_upright() -> None:
    upright = photograph(ink(4), light(0.2))
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter: what the camera stores lies on its side
    sideways = encode(np.rot90(upright), "JPEG", exif=exif, quality=95)
    check_is_digit(read_picture(sideways).canvas, 4)
    shown = Image.open(io.BytesIO(turn_upright(sideways))).convert("L")
    expected = Image.fromarray((255 * upright).astype(np.uint8)).resize(shown.size)
    likeness = np.corrcoef(np.asarray(shown).ravel(), np.asarray(expected).ravel())[0, 1]
    assert likeness > 0.99
    as_it_is = encode(upright, "JPEG")
    assert turn_upright(as_it_is) == as_it_is


@pytest.mark.parametrize("grey", [0, 60, 200, 255])
def test_transparent_is_paper_for_dark_ink_and_for_light(grey: int) -> None:
    rgba = np.full((HEIGHT, WIDTH, 4), grey, np.uint8)
    rgba[..., 3] = 255 * ink(2)
    file = io.BytesIO()
    Image.fromarray(rgba).save(file, "PNG")
    check_is_digit(read_picture(file.getvalue()).canvas, 2)


@pytest.mark.parametrize("light_ink", [False, True])
def test_a_scan_of_sixteen_bits_is_read(light_ink: bool) -> None:
    picture = photograph(ink(3), light(0.2))
    file = io.BytesIO()
    deep = (65_535 * (1 - picture if light_ink else picture)).astype(np.uint16)
    Image.fromarray(deep).save(file, "PNG")
    assert Image.open(file).mode == "I;16"
    check_is_digit(read_picture(file.getvalue()).canvas, 3)


@pytest.mark.parametrize("noise", [0.0, 0.02])
def test_on_blank_paper_nothing_is_found(noise: float) -> None:
    picture = photograph(np.zeros((HEIGHT, WIDTH)), light(0.4), noise)
    assert not read_picture(encode(picture, "PNG")).canvas.any()


@pytest.mark.parametrize("size", [(1, 1), (1, 500), (2, 3)])
def test_a_tiny_picture_is_no_error(size: tuple[int, int]) -> None:
    rng = np.random.default_rng(1)
    assert read_picture(encode(rng.random(size), "PNG")).canvas.ndim == 2


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no PNG, JPEG or WebP"),
        (b"<svg onload='alert(1)'/>", "no PNG, JPEG or WebP"),
        (encode(np.ones((10, 10)), "GIF"), "no PNG, JPEG or WebP"),
        (encode(photograph(ink(0), light()), "PNG")[:2_000], "cannot be read"),
        (bytes(20_000_001), "20.0 MB; 20 are allowed"),
        (encode(np.ones((8_000, 8_000)), "PNG"), "8,000 × 8,000 pixels; make it smaller"),
    ],
    ids=["empty", "svg", "gif", "cut short", "large file", "bomb"],
)
def test_other_files_are_refused_with_a_reason(content: bytes, message: str) -> None:
    with pytest.raises(PictureError, match=message):
        read_picture(content)
