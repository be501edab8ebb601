import base64
from io import BytesIO

import numpy as np
from PIL import Image

from dashboard.app_pages.train.ten_digits_chart import draw_ten_digits


def test_every_image_is_a_column_with_its_probabilities() -> None:
    images = np.arange(2 * 28 * 28, dtype=np.uint8).reshape(2, 28, 28)
    probabilities = np.full((2, 10), 0.05)
    probabilities[1, 7] = 0.55
    option = draw_ten_digits(images, probabilities)
    assert {"value": [1, 7, 0.55], "name": "7: 55.00 %"} in option["series"][0]["data"]
    assert len(option["series"][0]["data"]) == 20
    style = option["xAxis"]["axisLabel"]["rich"]["digit1"]
    png = base64.b64decode(style["backgroundColor"]["image"].partition(",")[2])
    np.testing.assert_array_equal(np.array(Image.open(BytesIO(png))), images[1])
