import numpy as np
import pytest

from core.analysis.detection import (
    precision_recall_curve,
    probability_histogram,
    roc_curve,
    threshold_report,
)
from dashboard.app_pages.evaluate.probability_chart import (
    draw_histogram,
    draw_precision_recall_curve,
    draw_roc_curve,
)

SCORES = [0.95, 0.85, 0.15, 0.65, 0.05, 0.02, 0.03, 0.04]
LABELS = np.array([3, 3, 3, 5, 5, 5, 5, 5])
PROBABILITIES = np.zeros((8, 10))
PROBABILITIES[:, 3] = SCORES
PROBABILITIES[:, 0] = 1 - np.array(SCORES)
REPORT = threshold_report(PROBABILITIES, LABELS, 3, 0.5)  # 2 of 3 found, 1 of 5 taken for it


def test_the_digit_is_red_the_others_blue_half_transparent_and_logarithmic() -> None:
    histogram = probability_histogram(PROBABILITIES, LABELS, 3)
    figure = draw_histogram(histogram, 3, threshold=0.4)
    others, digit = figure.data
    assert [bar.name for bar in (others, digit)] == ["is not 3", "is 3"]
    assert list(digit.y) == [0, 1, 0, 0, 0, 0, 0, 0, 1, 1]
    assert list(others.y) == [4, 0, 0, 0, 0, 0, 1, 0, 0, 0]
    np.testing.assert_allclose(digit.x, np.linspace(0.05, 0.95, 10))
    red, blue = (int(bar.marker.color[1:3], 16) for bar in (digit, others))
    assert red > 200 > 100 > blue
    assert (digit.opacity, others.opacity, figure.layout.barmode) == (0.5, 0.5, "overlay")
    assert figure.layout.yaxis.type == "log"
    assert figure.layout.yaxis.range[0] < 0  # so that a single image has a height
    assert figure.layout.shapes[0].x0 == 0.4


def test_curves_are_in_percent_and_pass_through_the_thresholds_point() -> None:
    roc = draw_roc_curve(roc_curve(PROBABILITIES, LABELS, 3), REPORT)
    assert roc["series"][1]["data"] == [[20.0, 66.667]]
    points = roc["dataset"]["source"]
    assert (points.iloc[0].tolist(), points.iloc[-1].tolist()) == ([0, 0], [100, 100])

    curve = precision_recall_curve(PROBABILITIES, LABELS, 3)
    option = draw_precision_recall_curve(curve, REPORT)
    assert option["series"][1]["data"] == [[66.667, 66.667]]
    assert [66.667, 66.667] in option["dataset"]["source"].values.tolist()


@pytest.mark.parametrize(
    ("corner", "limits"), [(False, [0, 100, 0, 100]), (True, [0, 10, 90, 100])]
)
def test_the_roc_curves_corner_is_on_the_left(corner, limits) -> None:
    option = draw_roc_curve(roc_curve(PROBABILITIES, LABELS, 3), REPORT, corner)
    axes = option["xAxis"], option["yAxis"]
    assert [bound for axis in axes for bound in (axis["min"], axis["max"])] == limits
