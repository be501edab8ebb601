"""How good a network's answers are: report, confusion matrix, errors, calibration, accuracy.

Labels are whole numbers from 0 to 9, (n,); probabilities are (n, 10) of any float type, one row an
image, and the answer is the class with the largest (the lowest such class if there are several).
"""

from collections.abc import Iterable
from functools import cache
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import binomtest  # type: ignore[import-untyped]
from sklearn import metrics

from core.config import CLASSES, TEST_SET

ClassIndices = npt.NDArray[np.int64]
Doubles = npt.NDArray[np.float64]


class Calibration(NamedTuple):
    """Whether 90 % sure is right nine times in ten: `calibration`'s result."""

    table: pd.DataFrame
    """A row a bin: low, high, count, and mean confidence and accuracy (NaN in an empty bin)."""
    error: float
    """The expected calibration error, from 0 to 1."""


class Accuracy(NamedTuple):
    """The share of right answers, with its confidence interval, all from 0 to 1."""

    value: float
    low: float
    high: float
    correct: int
    total: int


def confusion_matrix(
    y_true: npt.ArrayLike,
    y_pred: npt.ArrayLike,
    normalize: Literal["true", "pred", "all"] | None = None,
) -> npt.NDArray[Any]:
    """How often each true class (row) was given each answer (column), always (10, 10).

    Counts, int64; or shares of the row (`true`), the column (`pred`) or `all`, float64, where an
    empty row or column gives zeros. Raises ValueError for anything else.
    """
    matrix: npt.NDArray[Any] = metrics.confusion_matrix(
        as_labels(y_true), as_labels(y_pred), labels=range(CLASSES), normalize=normalize
    )
    return matrix


def classification_table(y_true: npt.ArrayLike, y_pred: npt.ArrayLike) -> pd.DataFrame:
    """scikit-learn's classification report: class, precision, recall, f1, support.

    A row for each class that occurs, then `accuracy` (in column f1, as scikit-learn prints it),
    `macro avg` and `weighted avg`. A division by zero, such as the precision of a class never
    predicted, gives 0.
    """
    y_true = as_labels(y_true)
    report = metrics.classification_report(
        y_true, as_labels(y_pred), output_dict=True, zero_division=0
    )
    report["accuracy"] = {"f1-score": report["accuracy"], "support": len(y_true)}
    frame = pd.DataFrame(report).T.rename(columns={"f1-score": "f1"})
    return frame.astype({"support": int}).rename_axis("class").reset_index()


def answer_table(probabilities: npt.ArrayLike, y_true: npt.ArrayLike) -> pd.DataFrame:
    """Each answer: true, predicted, p_true, p_predicted; a row an image, in their order."""
    probabilities, labels = as_answers(probabilities, y_true)
    predicted = probabilities.argmax(axis=1)
    rows = np.arange(len(labels))
    return pd.DataFrame(
        {
            "true": labels,
            "predicted": predicted,
            "p_true": probabilities[rows, labels],
            "p_predicted": probabilities[rows, predicted],
        }
    )


def rank_errors(probabilities: npt.ArrayLike, y_true: npt.ArrayLike) -> pd.DataFrame:
    """The wrong answers: index, true, predicted, delta = p(predicted) - p(true).

    Ranked as in the notebook, the largest delta first; equal ones stay in the order of the images.
    """
    answers = answer_table(probabilities, y_true)
    answers["delta"] = answers["p_predicted"] - answers["p_true"]
    return (
        answers[answers["predicted"] != answers["true"]]
        .sort_values("delta", ascending=False, kind="stable")
        .rename_axis("index")
        .reset_index()[["index", "true", "predicted", "delta"]]
    )


def class_probability(probabilities: npt.ArrayLike, digit: int) -> Doubles:
    """The multi-class probability p_i / sum(p) of one digit, float64 (n,); 0 if the sum is 0.

    After a softmax it is p_i. Raises ValueError for a digit that is not from 0 to 9.
    """
    if digit not in range(CLASSES):
        raise ValueError(f"{digit!r} is no digit; choose 0 to {CLASSES - 1}")
    probabilities = as_probabilities(probabilities)
    sums = probabilities.sum(axis=1)
    shares: Doubles = probabilities[:, digit] / np.where(sums == 0, 1, sums)
    return shares


def calibration(probabilities: npt.ArrayLike, y_true: npt.ArrayLike, bins: int = 10) -> Calibration:
    """Compare confidence, the largest of an image's probabilities, with accuracy.

    `bins` bins of equal width over (0, 1], each without its lower and with its upper bound. The
    error is sum(count / n * |accuracy - confidence|), as in Guo et al. 2017, "On Calibration of
    Modern Neural Networks".
    """
    probabilities, labels = as_answers(probabilities, y_true)
    edges = np.linspace(0, 1, bins + 1)
    confidence = probabilities.max(axis=1)
    places = np.clip(np.searchsorted(edges, confidence) - 1, 0, bins - 1)  # rounding may pass 1
    answers = pd.DataFrame(
        {"confidence": confidence, "accuracy": probabilities.argmax(axis=1) == labels}
    )
    groups = answers.groupby(places)
    table = pd.DataFrame({"low": edges[:-1], "high": edges[1:]})
    table["count"] = np.bincount(places, minlength=bins)
    table[["confidence", "accuracy"]] = groups.mean()
    gaps = (table["accuracy"] - table["confidence"]).abs()
    return Calibration(table, float((gaps * table["count"]).sum() / len(labels)))


@cache
def wilson_interval(correct: int, total: int, confidence: float = 0.95) -> tuple[float, float]:
    """Bounds of an accuracy seen as `correct` of `total` (Wilson 1927), from 0 to 1.

    Raises ValueError for less than one trial, or more right answers than trials.
    """
    interval = binomtest(correct, total).proportion_ci(confidence, method="wilson")
    return float(interval.low), float(interval.high)


def interval_on_test_set(accuracy: float) -> tuple[float, float]:
    """Bounds of an accuracy, 0 to 1, on the 10,000 test images: `wilson_interval`."""
    return wilson_interval(round(accuracy * TEST_SET), TEST_SET)


def accuracy(y_true: npt.ArrayLike, y_pred: npt.ArrayLike, without: Iterable[int] = ()) -> Accuracy:
    """The share of right answers and its Wilson interval, leaving out the images `without`.

    For the test set without the labels in doubt: `without=core.data.DISPUTED_TEST_LABELS`.
    """
    right = np.delete(as_labels(y_true) == as_labels(y_pred), list(without))
    correct, total = int(right.sum()), len(right)
    low, high = wilson_interval(correct, total)
    return Accuracy(correct / total, low, high, correct, total)


def as_labels(values: npt.ArrayLike) -> ClassIndices:
    """`values` as int64 (n,). Raises ValueError unless they are whole numbers from 0 to 9."""
    labels = np.asarray(values)
    if labels.ndim != 1 or not np.issubdtype(labels.dtype, np.integer):
        raise ValueError(
            f"expected whole numbers, one an image, not {labels.dtype} {labels.shape}; "
            "take the argmax of one-hot labels or probabilities"
        )
    if len(wrong := np.setdiff1d(labels, np.arange(CLASSES))):
        raise ValueError(f"{wrong[0]} is no class; labels go from 0 to {CLASSES - 1}")
    return labels.astype(np.int64)


def as_probabilities(values: npt.ArrayLike) -> Doubles:
    """`values` as float64 (n, 10). Raises ValueError for another shape."""
    probabilities = np.asarray(values, np.float64)
    if probabilities.shape[1:] != (CLASSES,):
        raise ValueError(f"expected probabilities (n, {CLASSES}), not {probabilities.shape}")
    return probabilities


def as_answers(probabilities: npt.ArrayLike, y_true: npt.ArrayLike) -> tuple[Doubles, ClassIndices]:
    """Probabilities and true labels of the same images. Raises ValueError if they do not fit."""
    answers, labels = as_probabilities(probabilities), as_labels(y_true)
    if len(answers) != len(labels):
        raise ValueError(f"{len(answers)} rows of probabilities but {len(labels)} labels")
    return answers, labels
