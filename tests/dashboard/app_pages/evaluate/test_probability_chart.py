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
    np.testing.assert_allclose(digit.x, np.linspace(5, 95, 10))
    assert "%{customdata[1]:.2f} %" in digit.hovertemplate
    np.testing.assert_allclose(digit.customdata[9], [90, 100])
    red, blue = (int(bar.marker.color[1:3], 16) for bar in (digit, others))
    assert red > 200 > 100 > blue
    assert (digit.opacity, others.opacity, figure.layout.barmode) == (0.5, 0.5, "overlay")
    assert figure.layout.yaxis.type == "log"
    assert figure.layout.yaxis.range[0] < 0  # so that a single image has a height
    assert figure.layout.shapes[0].x0 == 40


def test_curves_are_in_percent_and_pass_through_the_thresholds_point() -> None:
    roc = draw_roc_curve(roc_curve(PROBABILITIES, LABELS, 3), REPORT)
    assert roc["series"][1]["data"] == [pytest.approx([20, 200 / 3])]
    points = roc["dataset"]["source"]
    assert list(points) == ["false positive rate", "true positive rate"]
    assert (points.iloc[0].tolist(), points.iloc[-1].tolist()) == ([0, 0], [100, 100])

    curve = precision_recall_curve(PROBABILITIES, LABELS, 3)
    option = draw_precision_recall_curve(curve, REPORT)
    assert option["series"][1]["data"] == [pytest.approx([200 / 3, 200 / 3])]
    assert pytest.approx([200 / 3, 200 / 3]) in option["dataset"]["source"].values.tolist()
    assert option["tooltip"]["valueFormatter"] == "%.2f %%"


def limits(option: dict) -> list[float]:
    axes = option["xAxis"], option["yAxis"]
    return [bound for axis in axes for bound in (axis["min"], axis["max"])]


def nearly_perfect(missed: int, taken: int) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities and labels of 1,000 threes and 1,000 others: below 0.5 are `missed` of the
    threes, above it `taken` of the others, the surest on either side.
    """
    scores = np.r_[np.full(1_000 - missed, 0.9), np.zeros(missed)]
    scores = np.r_[scores, np.full(taken, 1.0), np.full(1_000 - taken, 0.1)]
    probabilities = np.zeros((2_000, 10))
    probabilities[:, 3], probabilities[:, 0] = scores, 1 - scores
    return probabilities, np.repeat([3, 0], 1_000)


@pytest.mark.parametrize(
    ("missed", "taken", "size"), [(0, 0, 1), (2, 1, 1), (4, 1, 2), (9, 12, 5), (100, 30, 50)]
)
def test_the_corner_is_small_with_the_bend_in_its_first_quarter(
    missed: int, taken: int, size: int
) -> None:
    answers = nearly_perfect(missed, taken)
    report = threshold_report(*answers, 3, 0.5)
    assert limits(draw_roc_curve(roc_curve(*answers, 3), report)) == [0, size, 100 - size, 100]
    curve = precision_recall_curve(*answers, 3)
    both = [100 - size, 100]
    assert limits(draw_precision_recall_curve(curve, report)) == both * 2


def test_the_corner_holds_the_thresholds_point() -> None:
    answers = nearly_perfect(missed=2, taken=1)
    report = threshold_report(*answers, 3, 0.05)  # every other is taken for a three
    curve = roc_curve(*answers, 3)
    assert report.false_positives == 1_000
    assert limits(draw_roc_curve(curve, report)) == [0, 100, 0, 100]


def test_the_whole_can_be_seen() -> None:
    answers = nearly_perfect(missed=2, taken=1)
    report = threshold_report(*answers, 3, 0.5)
    whole = [0, 100, 0, 100]
    assert limits(draw_roc_curve(roc_curve(*answers, 3), report, corner=False)) == whole
    curve = precision_recall_curve(*answers, 3)
    assert limits(draw_precision_recall_curve(curve, report, corner=False)) == whole
