"""Drawings prepared as MNIST was: values, properties, and what it is for, a network's accuracy."""

from itertools import product

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_arrays
from PIL import Image

from core.data import load_mnist, scale_images
from core.drawing import DrawingSteps, find_ink, prepare, to_mnist
from core.drawing.reading import predict
from core.runs import Run

X_TEST, Y_TEST = load_mnist().x_test, load_mnist().y_test


def place(image: np.ndarray, size: int, top: int, left: int, canvas: int = 280) -> np.ndarray:
    """An MNIST image enlarged to `size` on an empty canvas."""
    page = np.zeros((canvas, canvas), np.uint8)
    large = Image.fromarray(image).resize((size, size), Image.Resampling.BICUBIC)
    page[top : top + size, left : left + size] = large
    return page


# --- what it is for


@pytest.fixture(scope="module")
def canvases() -> np.ndarray:
    """1,000 test digits at random size and place."""
    rng = np.random.default_rng(0)
    pages = []
    for image in X_TEST[:1_000]:
        size = int(rng.integers(100, 241))
        pages.append(place(image, size, *rng.integers(0, 281 - size, 2)))
    return np.stack(pages)


def accuracy(reader: Run, pixels: np.ndarray) -> float:
    answers = predict(reader, pixels.reshape(-1, 28, 28)).argmax(axis=1)
    return float((answers == Y_TEST[: len(answers)]).mean())


@pytest.mark.parametrize("dark_on_light", [False, True])
def test_digits_on_a_canvas_are_read_as_well_as_the_originals(
    reader: Run, canvases: np.ndarray, dark_on_light: bool
) -> None:
    originals = accuracy(reader, scale_images(X_TEST[:1_000]))
    assert originals > 0.94
    pages = 255 - canvases if dark_on_light else canvases
    prepared = accuracy(reader, np.stack([to_mnist(page) for page in pages]))
    assert prepared > originals - 0.005


def test_without_the_preparation_the_answers_fall_apart(reader: Run, canvases: np.ndarray) -> None:
    plain = DrawingSteps(crop=False, shrink=False, center=False)
    pictures = np.stack([prepare(page, plain).image for page in canvases])
    assert accuracy(reader, pictures) < 0.5


# --- values


def test_an_mnist_digit_comes_back_as_it_was() -> None:
    for image in X_TEST[:50]:
        large = image.repeat(10, axis=0).repeat(10, axis=1)
        assert np.abs(to_mnist(large) - image / np.float32(255)).mean() < 0.002


def test_the_steps_of_a_bar_by_hand() -> None:
    canvas = np.zeros((100, 200), np.uint8)
    canvas[10:50, 20:30] = 200  # 40 high, 10 wide
    preparation = prepare(canvas)
    np.testing.assert_array_equal(preparation.canvas, canvas / np.float32(200))
    np.testing.assert_array_equal(preparation.cropped, np.ones((40, 10)))
    box = np.zeros((20, 20))
    box[:, 7:12] = 1  # 20 high, 5 wide
    np.testing.assert_array_equal(preparation.scaled, box)
    image = np.zeros((28, 28))
    image[4:24, 12:17] = 1  # its centre of mass, 13.5 and 14, is nearest to 14, 14
    np.testing.assert_array_equal(preparation.image, image)


def test_the_centre_of_mass_of_mnist_is_where_we_lay_it() -> None:
    pixels = load_mnist().x_train[:10_000].astype(float)
    mass = pixels.sum(axis=(1, 2))
    rows = pixels.sum(axis=2) @ np.arange(28) / mass
    columns = pixels.sum(axis=1) @ np.arange(28) / mass
    assert rows.mean() == pytest.approx(14.0, abs=0.05)
    assert columns.mean() == pytest.approx(14.0, abs=0.05)


def test_without_centring_a_digit_stays_where_it_was_drawn() -> None:
    for top, left in product((0, 180), repeat=2):
        canvas = place(X_TEST[0], 100, top, left)
        image = prepare(canvas, DrawingSteps(center=False)).image
        rows, columns = np.nonzero(image)
        assert (rows.mean() > 13.5) == (top > 0)
        assert (columns.mean() > 13.5) == (left > 0)


def test_without_shrinking_the_digit_fills_the_picture() -> None:
    preparation = prepare(place(X_TEST[0], 100, 20, 90), DrawingSteps(shrink=False))
    assert preparation.scaled.shape == (28, 28)
    assert preparation.image.max(axis=1).min() > 0  # ink in every row


def test_without_cropping_the_whole_canvas_is_scaled() -> None:
    canvas = place(X_TEST[0], 100, 0, 0)
    preparation = prepare(canvas, DrawingSteps(crop=False))
    assert preparation.cropped.shape == canvas.shape
    assert not preparation.scaled[:, 10:].any()


@pytest.mark.parametrize("alpha", [False, True])
def test_colour_and_transparency(alpha: bool) -> None:
    page = place(X_TEST[0], 150, 40, 60)
    expected = to_mnist(page)
    if alpha:  # what is transparent is paper, for light and for dark ink
        for ink in (255, 0):
            canvas = np.full((280, 280, 4), ink, np.uint8)
            canvas[..., 3] = page
            np.testing.assert_allclose(to_mnist(canvas), expected, atol=0.01)
    else:
        np.testing.assert_allclose(to_mnist(page[..., None].repeat(3, axis=2)), expected, atol=0.01)


@pytest.mark.parametrize("grey", [0, 1, 127, 255])
@pytest.mark.parametrize("shape", [(280, 280), (1, 1), (3, 200, 3), (50, 50, 4)])
def test_an_even_canvas_is_empty(grey: int, shape: tuple[int, ...]) -> None:
    preparation = prepare(np.full(shape, grey, np.uint8))
    assert preparation.is_empty
    assert not preparation.image.any()


def test_a_dot_a_line_at_the_border_and_a_huge_canvas() -> None:
    dot = np.zeros((280, 280), np.uint8)
    dot[200, 7] = 255
    assert to_mnist(dot).sum() == pytest.approx(400)  # scaled to fill 20 by 20
    line = np.zeros((280, 280), np.uint8)
    line[:, 0] = 255
    image = to_mnist(line)
    assert image.max() == 1
    assert image[:, 14].sum() == pytest.approx(20)
    huge = X_TEST[0].repeat(200, axis=0).repeat(150, axis=1)  # 5,600 by 4,200
    wide = X_TEST[0].repeat(20, axis=0).repeat(15, axis=1)
    assert np.abs(to_mnist(huge) - to_mnist(wide)).mean() < 0.01


@pytest.mark.parametrize(
    ("canvas", "message"),
    [
        (np.zeros((28, 28)), "not float64"),
        (np.zeros(784, np.uint8), r"\(784,\)"),
        (np.zeros((28, 28, 2), np.uint8), r"\(28, 28, 2\)"),
        (np.zeros((0, 28), np.uint8), "0 by 28"),
    ],
)
def test_what_is_no_canvas_is_refused(canvas: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        to_mnist(canvas)


# --- properties

CANVASES = st.one_of(
    st.tuples(st.integers(1, 60), st.integers(1, 60)),
    st.tuples(st.integers(1, 40), st.integers(1, 40), st.sampled_from([3, 4])),
).flatmap(lambda shape: st_arrays.arrays(np.uint8, shape))
STEPS = st.builds(DrawingSteps, crop=st.booleans(), shrink=st.booleans(), center=st.booleans())


@given(CANVASES, STEPS)
@settings(deadline=None)
def test_any_canvas_gives_a_picture_in_range(canvas: np.ndarray, steps: DrawingSteps) -> None:
    preparation = prepare(canvas, steps)
    assert (preparation.image.dtype, preparation.image.shape) == (np.float32, (28, 28))
    for picture in preparation:
        assert picture.dtype == np.float32
        assert 0 <= picture.min() <= picture.max() <= 1
    assert preparation.is_empty == (not preparation.image.any())


@given(CANVASES.filter(lambda canvas: canvas.ndim == 2))
@settings(deadline=None)
def test_dark_on_light_is_read_as_light_on_dark(canvas: np.ndarray) -> None:
    ink, paper = find_ink(canvas), find_ink(255 - canvas)
    difference = canvas.astype(float) - np.median(
        np.concatenate([canvas[0], canvas[-1], canvas[:, 0], canvas[:, -1]])
    )
    if -difference.min() != difference.max():  # else either may be the ink
        np.testing.assert_allclose(ink, paper, atol=1e-6)


@given(st.integers(0, 199), st.integers(0, 180), st.integers(0, 180))
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_shifting_changes_nothing(number: int, top: int, left: int) -> None:
    image = X_TEST[number]
    np.testing.assert_array_equal(
        to_mnist(place(image, 100, top, left)), to_mnist(place(image, 100, 90, 90))
    )


@given(st.integers(0, 199), st.integers(100, 280))
@settings(deadline=None)
def test_scaling_changes_little(number: int, size: int) -> None:
    """By 0.006 of full ink at the mean over all pixels, digits and sizes, 0.045 at worst.

    That is besides a move by one pixel.
    The centre of mass is laid on a whole pixel, as MNIST's was: where it lies between two, the
    slightest change decides.
    """
    expected = to_mnist(place(X_TEST[number], 280, 0, 0))
    image = to_mnist(place(X_TEST[number], size, 0, 0))
    moved = [np.roll(image, step, (0, 1)) for step in product((-1, 0, 1), repeat=2)]
    assert min(np.abs(picture - expected).mean() for picture in moved) < 0.05
