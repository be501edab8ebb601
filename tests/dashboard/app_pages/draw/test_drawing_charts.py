import numpy as np
import pandas as pd

from core.maps.request import MapMethod
from dashboard.app_pages.draw.drawing_charts import draw_ink, mark_place
from dashboard.charts.feature_map import Coloring, draw_map


def test_ink_fills_its_square_and_the_rest_is_transparent() -> None:
    picture = draw_ink(np.ones((20, 10), np.float32), 40)
    assert (picture.dtype, picture.shape) == (np.uint8, (40, 40, 4))
    assert (picture[:, 10:30] == 255).all()
    assert not picture[:, :10, 3].any()
    assert not picture[:, 30:, 3].any()


def test_a_larger_canvas_is_made_smaller() -> None:
    canvas = np.zeros((280, 280), np.float32)
    canvas[:140] = 1
    picture = draw_ink(canvas, 28)
    assert (picture[:14, :, 0] == 255).all()
    assert (picture[14:, :, 0] == 0).all()


def test_the_place_on_the_map_is_marked_on_top() -> None:
    points = pd.DataFrame(
        {
            "index": [0, 1],
            "true": [3, 5],
            "predicted": [3, 6],
            "confidence": [0.9, 0.5],
            "x": [0.0, 1.0],
            "y": [0.0, 1.0],
        }
    )
    figure = mark_place(draw_map(points, Coloring.TRUE, MapMethod.PCA), 0.25, -0.5)
    star = figure.data[-1]
    assert (star.name, star.x, star.y) == ("drawing", (0.25,), (-0.5,))
