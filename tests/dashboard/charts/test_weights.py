import numpy as np

from dashboard.charts.weights import color_weights, draw_weights, has_marks


def test_weights_are_blue_white_and_red() -> None:
    pictures = np.zeros((3, 28, 28))
    pictures[1, 0, 0], pictures[1, 0, 1] = -2, 2
    strip = draw_weights(pictures, columns=2)
    assert strip.shape == (2 * 30 * 3, 2 * 30 * 3, 4)
    assert strip[0, 0].tolist() == [247, 247, 247, 255]
    assert strip[0, 90].tolist() == [5, 48, 97, 255]
    assert strip[0, 93].tolist() == [103, 0, 31, 255]
    assert strip[90, 90, 3] == 0  # no fourth picture


def test_what_is_not_finite_is_grey_and_the_rest_as_it_would_be_without_it() -> None:
    pictures = np.random.default_rng(0).normal(size=(2, 28, 28)).astype(np.float32)
    expected = color_weights(pictures * (np.arange(28) > 2))
    marked = pictures.copy()
    marked[:, :, 0], marked[:, :, 1], marked[:, :, 2] = np.inf, -np.inf, np.nan
    shown = color_weights(marked)
    assert (shown[:, :, :3] == 128).all()
    np.testing.assert_array_equal(shown[:, :, 3:], expected[:, :, 3:])
    assert (has_marks(marked), has_marks(pictures)) == (True, False)
    assert (color_weights(np.full((1, 28, 28), np.nan)) == 128).all()


def test_huge_weights_are_drawn_as_small_ones_are() -> None:
    pictures = np.random.default_rng(0).normal(size=(2, 28, 28)).astype(np.float32)
    np.testing.assert_array_equal(color_weights(pictures * 2.0**120), color_weights(pictures))
