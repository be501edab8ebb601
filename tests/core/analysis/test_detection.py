import numpy as np
import pytest

from core.analysis import detection
from core.data import load_mnist
from core.runs import Run

Scores = tuple[np.ndarray, np.ndarray, np.ndarray]

Y_TRUE = [4, 4, 4, 1, 1, 1]
SCORES = [0.9, 0.6, 0.1, 0.6, 0.2, 0.0]  # of digit 4


@pytest.fixture
def probabilities() -> np.ndarray:
    """Twice what they should be: every function is to normalise."""
    table = np.zeros((6, 10))
    table[:, 4], table[:, 1] = np.multiply(2, SCORES), 2 - np.multiply(2, SCORES)
    return table


@pytest.fixture(scope="module")
def scores(trained: Run) -> Scores:
    """Of the trained run: probabilities, p(3) worked by hand, and which images are 3."""
    answers = trained.test_probabilities(2)
    sums = answers.astype(np.float64).sum(axis=1)
    return answers, answers[:, 3] / sums, load_mnist().y_test == 3


def test_histogram_by_hand(probabilities: np.ndarray) -> None:
    table = detection.probability_histogram(probabilities, Y_TRUE, 4, bins=4)
    assert table["low"].tolist() == [0, 0.25, 0.5, 0.75]
    assert table["high"].tolist() == [0.25, 0.5, 0.75, 1]
    assert table["positives"].tolist() == [1, 0, 1, 1]
    assert table["negatives"].tolist() == [2, 0, 1, 0]


def test_histogram_of_a_run_counts_every_image_once(scores: Scores) -> None:
    answers, score, is_three = scores
    table = detection.probability_histogram(answers, load_mnist().y_test, 3)
    places = np.minimum((score * 10).astype(int), 9)
    assert table["positives"].tolist() == np.bincount(places[is_three], minlength=10).tolist()
    assert table["negatives"].tolist() == np.bincount(places[~is_three], minlength=10).tolist()
    assert table["positives"].sum() == 1010


@pytest.mark.parametrize(
    ("threshold", "expected"),
    [
        (0.6, (2 / 3, 2 / 3, 2, 1, 1, 2)),  # a score at the threshold counts as called
        (0.61, (1, 1 / 3, 1, 0, 2, 3)),
        (0.95, (0, 0, 0, 0, 3, 3)),
        (0, (1 / 2, 1, 3, 3, 0, 0)),
    ],
)
def test_threshold_report_by_hand(
    probabilities: np.ndarray, threshold: float, expected: tuple[float, ...]
) -> None:
    assert detection.threshold_report(probabilities, Y_TRUE, 4, threshold) == pytest.approx(
        expected
    )


def test_threshold_report_of_a_run(scores: Scores) -> None:
    answers, score, is_three = scores
    report = detection.threshold_report(answers, load_mnist().y_test, 3, 0.4)
    called = score >= 0.4
    assert report.true_positives == (called & is_three).sum()
    assert report.false_positives == (called & ~is_three).sum()
    assert report.false_negatives == (~called & is_three).sum()
    assert report.true_negatives == (~called & ~is_three).sum()
    assert report.precision == is_three[called].mean()
    assert report.recall == called[is_three].mean()


def test_roc_by_hand(probabilities: np.ndarray) -> None:
    points, area = detection.roc_curve(probabilities, Y_TRUE, 4)
    assert points.iloc[0].tolist() == [np.inf, 0, 0]
    assert points.set_index("threshold").loc[0.6].tolist() == pytest.approx([1 / 3, 2 / 3])
    assert points.iloc[-1].tolist() == [0, 1, 1]
    # Of nine pairs of a 4 and a 1 six are in order and one is even: 0.6 and 0.6.
    assert area == pytest.approx(6.5 / 9)


def test_area_under_the_roc_of_a_run_is_the_share_of_pairs_in_order(scores: Scores) -> None:
    answers, score, is_three = scores
    pairs = score[is_three][:, None] - score[~is_three]
    expected = np.mean(pairs > 0) + np.mean(pairs == 0) / 2
    _, area = detection.roc_curve(answers, load_mnist().y_test, 3)
    assert area == pytest.approx(expected)


def test_precision_recall_by_hand(probabilities: np.ndarray) -> None:
    points, area = detection.precision_recall_curve(probabilities, Y_TRUE, 4)
    assert points.set_index("threshold").loc[0.6].tolist() == pytest.approx([2 / 3, 2 / 3])
    assert points.iloc[-1].tolist() == [np.inf, 1, 0]
    # Precision at each threshold times the recall it adds: at 0.9, 0.6 and 0.1.
    assert area == pytest.approx(1 / 3 * 1 + 1 / 3 * 2 / 3 + 1 / 3 * 3 / 5)


def test_precision_recall_of_a_run_passes_through_the_threshold_report(scores: Scores) -> None:
    answers, _, _ = scores
    y_test = load_mnist().y_test
    points, _ = detection.precision_recall_curve(answers, y_test, 3)
    for row in points.iloc[:: len(points) // 5].itertuples():
        if np.isfinite(row.threshold):
            report = detection.threshold_report(answers, y_test, 3, row.threshold)
            assert (row.precision, row.recall) == pytest.approx(report[:2])
