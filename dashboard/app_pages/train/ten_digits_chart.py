"""What the network says of ten digits, as ECharts options: it changes while one watches."""

import base64
from io import BytesIO
from typing import Any

from PIL import Image

from core.config import CLASSES
from core.data import AnyFloats, Images
from dashboard.text import percent

TEN_DIGITS = [3, 2, 1, 18, 4, 8, 11, 0, 61, 7]
"""The first test image of each digit, 0 to 9."""


def draw_ten_digits(images: Images, probabilities: AnyFloats) -> dict[str, Any]:
    """ECharts options: a column an image, uint8 (n, 28, 28), of its probabilities, (n, 10)."""
    pictures = {f"digit{place}": _style_picture(image) for place, image in enumerate(images)}
    cells = [
        {"value": [place, digit, float(share)], "name": f"{digit}: {percent(share)}"}
        for place, row in enumerate(probabilities)
        for digit, share in enumerate(row)
    ]
    return {
        "animation": False,
        "grid": {"left": 24, "right": 4, "top": 42, "bottom": 4},
        "tooltip": {"formatter": "{b}"},
        "xAxis": {
            "type": "category",
            "position": "top",
            "data": [f"{{{name}|}}" for name in pictures],
            "axisLine": {"show": False},
            "axisTick": {"show": False},
            "axisLabel": {"interval": 0, "margin": 4, "rich": pictures},
        },
        "yAxis": {
            "type": "category",
            "data": [str(digit) for digit in range(CLASSES)],
            "inverse": True,
            "axisLine": {"show": False},
            "axisTick": {"show": False},
        },
        "visualMap": {"show": False, "min": 0, "max": 1},
        "series": [{"type": "heatmap", "data": cells, "itemStyle": {"borderWidth": 0}}],
    }


def _style_picture(image: Images) -> dict[str, Any]:
    """A rich-text style that shows the image, so that an axis label can."""
    return {"height": 28, "width": 28, "backgroundColor": {"image": picture_url(image)}}


def picture_url(image: Images) -> str:
    """The picture as an address that holds it."""
    return "data:image/png;base64," + base64.b64encode(encode_png(image)).decode()


def encode_png(image: Images) -> bytes:
    """A picture, (height, width) or with channels, as a PNG file."""
    file = BytesIO()
    Image.fromarray(image).save(file, "PNG")
    return file.getvalue()
