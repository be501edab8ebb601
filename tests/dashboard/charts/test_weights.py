import numpy as np

from dashboard.charts.weights import draw_weights


def test_weights_are_blue_white_and_red() -> None:
    pictures = np.zeros((3, 28, 28))
    pictures[1, 0, 0], pictures[1, 0, 1] = -2, 2
    strip = draw_weights(pictures, columns=2)
    assert strip.shape == (2 * 30 * 3, 2 * 30 * 3, 4)
    assert strip[0, 0].tolist() == [247, 247, 247, 255]
    assert strip[0, 90].tolist() == [5, 48, 97, 255]
    assert strip[0, 93].tolist() == [103, 0, 31, 255]
    assert strip[90, 90, 3] == 0  # no fourth picture
