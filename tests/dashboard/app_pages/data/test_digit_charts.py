import numpy as np
import pandas as pd

from core.data.preparation import ScalerDifference
from dashboard.app_pages.data.digit_charts import (
    as_picture,
    draw_class_counts,
    draw_grey_values,
    draw_stretch,
)
from dashboard.charts.colors import SPLIT_COLORS


def test_the_grey_values_are_shown_as_numbers_from_top_to_bottom() -> None:
    image = np.arange(784).reshape(28, 28).astype(np.uint8)
    figure = draw_grey_values(image)
    heatmap = figure.data[0]
    np.testing.assert_array_equal(heatmap.z, image)
    assert heatmap.texttemplate == "%{z}"
    assert (heatmap.zmin, heatmap.zmax) == (0, 255)
    assert figure.layout.yaxis.autorange == "reversed"
    assert figure.layout.width == figure.layout.height


def test_a_bar_a_split_and_digit() -> None:
    counts = pd.DataFrame({"train": [30, 10], "validation": [5, 5], "test": [1, 3]})
    figure = draw_class_counts(counts)
    assert [(bar.name, bar.marker.color) for bar in figure.data] == [
        ("Train", SPLIT_COLORS["train"]),
        ("Validation", SPLIT_COLORS["validation"]),
        ("Test", SPLIT_COLORS["test"]),
    ]
    assert figure.data[0].y.tolist() == [30, 10]
    assert figure.data[0].customdata.tolist() == [75, 25]  # percent of the split


def test_stretch_is_coloured_by_its_logarithm_and_blank_pixels_are_left_out() -> None:
    stretch = np.ones((28, 28), np.float32)
    stretch[3, 4], stretch[0, 0] = 10, np.nan
    picture = np.zeros((28, 28), np.float32)
    heatmap = draw_stretch(ScalerDifference(stretch, 0, 0, picture, picture)).data[0]
    assert heatmap.z[3, 4] == 1
    assert heatmap.z[5, 5] == 0
    assert np.isnan(heatmap.z[0, 0])
    assert heatmap.customdata[3, 4] == 10


def test_what_is_above_one_is_white() -> None:
    assert as_picture(np.array([[0, 0.5], [1, 24]])).tolist() == [[0, 128], [255, 255]]
