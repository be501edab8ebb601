"""The random changes of images against SciPy, which knows nothing of how they are drawn."""

import numpy as np
import numpy.typing as npt
import pytest
import scipy
import tensorflow as tf

from core.data import load_mnist, scale_images
from core.training.augmentation import Augmentation, epoch_key, read_places

Floats = npt.NDArray[np.float32]
OFF = {"rotation": 0.0, "zoom": 0.0, "shear": 0.0, "shift": 0.0, "elastic": 0.0}
CENTRE = 13.5
GRID = np.mgrid[:28, :28].reshape(2, 784)


@pytest.fixture(scope="module")
def images() -> Floats:
    return scale_images(load_mnist().x_train[:200])


def draw(count: int, key: int = 5, batch: int = 3, **strengths: float) -> Floats:
    """Where the pixels of `count` images are read from: (count, 2, 784)."""
    places = Augmentation(**OFF | strengths).draw_places(
        tf.constant(count), tf.constant(key, tf.int64), tf.constant(batch)
    )
    return np.stack(places, axis=1)


def change(images: Floats, key: int = 5, batch: int = 3, **strengths: float) -> Floats:
    augment = Augmentation(**OFF | strengths)
    return augment(tf.constant(images), tf.constant(key, tf.int64), tf.constant(batch)).numpy()


def affine_maps(places: Floats) -> tuple[Floats, Floats]:
    """The matrices (n, 2, 2) and the moves (n, 2) that lead from the old images to the new ones.

    Both are about the centre. The places must be an affine map of the pixels, and are the inverse.
    """
    pixels = np.vstack([GRID - CENTRE, np.ones(784)])
    inverse = np.einsum("nck,kp->ncp", places - CENTRE, np.linalg.pinv(pixels))
    np.testing.assert_allclose(inverse @ pixels + CENTRE, places, atol=1e-4)
    matrices = np.linalg.inv(inverse[:, :, :2])
    moves = -(matrices @ inverse[:, :, 2:])[:, :, 0]
    return matrices, moves


def read_by_scipy(image: Floats, places: Floats) -> Floats:
    return scipy.ndimage.map_coordinates(
        image.reshape(28, 28), places, order=1, mode="grid-constant", cval=0
    )


def test_pixels_are_read_as_scipy_reads_them(images: Floats) -> None:
    rng = np.random.default_rng(0)
    places = rng.uniform(-4, 32, (200, 2, 784)).astype(np.float32)
    places[0] = GRID  # the image as it is
    places[1] = rng.uniform(-1e6, 1e6, (2, 784))
    places[2] = rng.integers(-2, 31, (2, 784))
    ours = read_places(images, places[:, 0], places[:, 1]).numpy()
    theirs = [read_by_scipy(*pair) for pair in zip(images, places, strict=True)]
    np.testing.assert_allclose(ours, theirs, atol=1e-5)
    np.testing.assert_array_equal(ours[0], images[0])
    assert ours[1].max() == 0


@pytest.mark.parametrize("elastic", [0.0, 1.5])
def test_an_image_is_changed_as_its_places_say(images: Floats, elastic: float) -> None:
    strengths = {"rotation": 20, "zoom": 0.2, "shear": 0.3, "shift": 2, "elastic": elastic}
    ours = change(images, **strengths)
    places = draw(200, **strengths)
    theirs = [read_by_scipy(*pair) for pair in zip(images, places, strict=True)]
    np.testing.assert_allclose(ours, theirs, atol=1e-5)
    assert np.abs(ours - images).max(axis=1).min() > 0.3


def test_rotation_is_that_of_scipy(images: Floats) -> None:
    changed = change(images, rotation=30)
    matrices, moves = affine_maps(draw(200, rotation=30))
    np.testing.assert_allclose(moves, 0, atol=1e-4)
    angles = np.rad2deg(np.arctan2(matrices[:, 0, 1], matrices[:, 0, 0]))
    assert 29 < angles.max() <= 30
    assert -30 <= angles.min() < -29
    for image, angle, ours in zip(images, angles, changed, strict=True):
        turned = scipy.ndimage.rotate(
            image.reshape(28, 28), -angle, reshape=False, order=1, mode="grid-constant"
        )
        np.testing.assert_allclose(ours, turned.ravel(), atol=2e-3)


def test_shift_is_that_of_scipy(images: Floats) -> None:
    changed = change(images, shift=4)
    matrices, moves = affine_maps(draw(200, shift=4))
    np.testing.assert_allclose(matrices, np.broadcast_to(np.eye(2), (200, 2, 2)), atol=1e-5)
    for image, move, ours in zip(images, moves, changed, strict=True):
        moved = scipy.ndimage.shift(image.reshape(28, 28), move, order=1, mode="grid-constant")
        np.testing.assert_allclose(ours, moved.ravel(), atol=1e-3)


def test_an_image_is_zoomed_then_sheared_then_turned_then_moved_each_uniformly() -> None:
    most = {"rotation": 40, "zoom": 0.3, "shear": 0.5, "shift": 4}
    matrices, moves = affine_maps(draw(4_000, **most))
    angles, heights, widths, shears = [], [], [], []
    for matrix in matrices:
        # A matrix is in one way the product of a rotation, a shear and a zoom: its QR form, with
        # rows and columns swapped, for a shear moves pixels to the side.
        turn, triangle = np.linalg.qr(matrix[::-1, ::-1])
        signs = np.sign(np.diag(triangle))
        turn, triangle = (turn * signs)[::-1, ::-1], (signs[:, None] * triangle)[::-1, ::-1]
        angles.append(np.rad2deg(np.arctan2(turn[0, 1], turn[0, 0])))
        heights.append(triangle[0, 0] - 1)
        widths.append(triangle[1, 1] - 1)
        shears.append(triangle[1, 0] / triangle[0, 0])
        assert abs(triangle[0, 1]) < 1e-5
    drawn = np.array([angles, heights, widths, shears, *moves.T])
    limits = [40, 0.3, 0.3, 0.5, 4, 4]
    for values, limit in zip(drawn, limits, strict=True):
        assert scipy.stats.kstest(values, scipy.stats.uniform(-limit, 2 * limit).cdf).pvalue > 0.01
    correlations = np.corrcoef(drawn) - np.eye(6)
    assert np.abs(correlations).max() < 0.06


def test_elastic_displacement_is_normal_as_strong_as_said_and_smooth() -> None:
    moved = (draw(4_000, elastic=1.2) - GRID).reshape(4_000, 2, 28, 28)
    assert moved.mean() == pytest.approx(0, abs=0.02)
    np.testing.assert_allclose(moved.std(axis=0), 1.2, rtol=0.06)
    within = np.abs(moved) < 1.2
    assert within.mean() == pytest.approx(0.683, abs=0.01)  # of a normal distribution
    rows, columns = moved[:, 0], moved[:, 1]

    def correlation(a: Floats, b: Floats) -> float:
        return np.corrcoef(a.ravel(), b.ravel())[0, 1]

    assert correlation(rows[..., :-1], rows[..., 1:]) > 0.97
    assert correlation(rows[..., :-4], rows[..., 4:]) == pytest.approx(np.exp(-1 / 4), abs=0.05)
    assert abs(correlation(rows[:, 0, 0], rows[:, 20, 20])) < 0.05
    assert abs(correlation(rows, columns)) < 0.02


def test_another_image_batch_or_epoch_is_changed_otherwise_the_same_one_alike() -> None:
    strengths = {"rotation": 10, "elastic": 0.5}
    places = draw(64, epoch_key(0, 1), 0, **strengths)
    np.testing.assert_array_equal(places, draw(64, epoch_key(0, 1), 0, **strengths))
    others = [
        draw(64, epoch_key(*numbers), batch, **strengths)
        for *numbers, batch in [(0, 1, 1), (0, 2, 0), (1, 1, 0)]
    ]
    everything = np.concatenate([places, *others]).reshape(256, -1)
    assert len(np.unique(everything.round(3), axis=0)) == 256


def test_keys_of_epochs_differ() -> None:
    keys = {epoch_key(seed, epoch) for seed in range(50) for epoch in range(200)}
    assert len(keys) == 10_000


def test_with_no_strength_nothing_changes(images: Floats) -> None:
    np.testing.assert_array_equal(change(images), images)
