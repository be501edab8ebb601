import base64
from io import BytesIO

import numpy as np
from PIL import Image

from dashboard.charts.strips import draw_answers, draw_weights


def test_weights_are_blue_white_and_red() -> None:
    pictures = np.zeros((3, 28, 28))
    pictures[1, 0, 0], pictures[1, 0, 1] = -2, 2
    strip = draw_weights(pictures, columns=2)
    assert strip.shape == (2 * 30 * 3, 2 * 30 * 3, 4)
    assert strip[0, 0].tolist() == [247, 247, 247, 255]
    assert strip[0, 90].tolist() == [5, 48, 97, 255]
    assert strip[0, 93].tolist() == [103, 0, 31, 255]
    assert strip[90, 90, 3] == 0  # no fourth picture


def test_every_image_is_a_column_with_its_probabilities() -> None:
    images = np.arange(2 * 28 * 28, dtype=np.uint8).reshape(2, 28, 28)
    probabilities = np.full((2, 10), 0.05)
    probabilities[1, 7] = 0.55
    option = draw_answers(images, probabilities)
    assert [1, 7, 0.55] in option["series"][0]["data"]
    assert len(option["series"][0]["data"]) == 20
    style = option["xAxis"]["axisLabel"]["rich"]["digit1"]
    png = base64.b64decode(style["backgroundColor"]["image"].partition(",")[2])
    np.testing.assert_array_equal(np.array(Image.open(BytesIO(png))), images[1])
