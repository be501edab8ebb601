"""One digit against the rest: p(digit) as a score that says "this is a `digit`" above a threshold.

The score is `metrics.class_probability`. Probabilities (n, 10), labels (n,), as in `metrics`.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn import metrics

from core.analysis.metrics import Doubles, as_answers, class_probability


class ThresholdReport(NamedTuple):
    """Right and wrong calls at a threshold. Precision is 0 where nothing is called."""

    precision: float
    recall: float
    true_positives: int
    false_positives: int
    false_negatives: int
    true_negatives: int


class Curve(NamedTuple):
    """A curve over all thresholds, and the area under it, from 0 to 1."""

    points: pd.DataFrame
    area: float


def probability_histogram(
    probabilities: npt.ArrayLike, y_true: npt.ArrayLike, digit: int, bins: int = 10
) -> pd.DataFrame:
    """How many images have which p(digit): low, high, positives, negatives; a row a bin.

    Positives are images that are `digit`, negatives all others. The bins are equal and cover
    [0, 1]; each is without its upper bound, but the last.
    """
    is_digit, scores = _score(probabilities, y_true, digit)
    positives, edges = np.histogram(scores[is_digit], bins, (0, 1))
    negatives, _ = np.histogram(scores[~is_digit], bins, (0, 1))
    return pd.DataFrame(
        {"low": edges[:-1], "high": edges[1:], "positives": positives, "negatives": negatives}
    )


def threshold_report(
    probabilities: npt.ArrayLike, y_true: npt.ArrayLike, digit: int, threshold: float = 0.5
) -> ThresholdReport:
    """What comes of calling an image a `digit` if p(digit) >= `threshold`."""
    is_digit, scores = _score(probabilities, y_true, digit)
    called = scores >= threshold
    precision, recall, *_ = metrics.precision_recall_fscore_support(
        is_digit, called, average="binary", zero_division=0
    )
    matrix = metrics.confusion_matrix(is_digit, called, labels=[True, False])
    (hits, misses), (false_alarms, rejections) = matrix.tolist()
    return ThresholdReport(float(precision), float(recall), hits, false_alarms, misses, rejections)


def roc_curve(probabilities: npt.ArrayLike, y_true: npt.ArrayLike, digit: int) -> Curve:
    """Columns threshold (falling from infinity), false_positive_rate, true_positive_rate.

    Both classes must occur in `y_true`.
    """
    is_digit, scores = _score(probabilities, y_true, digit)
    false_rate, true_rate, thresholds = metrics.roc_curve(is_digit, scores)
    points = pd.DataFrame(
        {
            "threshold": thresholds,
            "false_positive_rate": false_rate,
            "true_positive_rate": true_rate,
        }
    )
    return Curve(points, float(metrics.auc(false_rate, true_rate)))


def precision_recall_curve(
    probabilities: npt.ArrayLike, y_true: npt.ArrayLike, digit: int
) -> Curve:
    """Columns threshold (rising to infinity, where nothing is called), precision, recall.

    The area is scikit-learn's average precision. Both classes must occur in `y_true`.
    """
    is_digit, scores = _score(probabilities, y_true, digit)
    precision, recall, thresholds = metrics.precision_recall_curve(
        is_digit, scores, drop_intermediate=True
    )
    points = pd.DataFrame(
        {"threshold": [*thresholds, np.inf], "precision": precision, "recall": recall}
    )
    return Curve(points, float(metrics.average_precision_score(is_digit, scores)))


def _score(
    probabilities: npt.ArrayLike, y_true: npt.ArrayLike, digit: int
) -> tuple[npt.NDArray[np.bool_], Doubles]:
    answers, labels = as_answers(probabilities, y_true)
    return labels == digit, class_probability(answers, digit)
