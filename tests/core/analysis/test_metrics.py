from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import classification_report

from core.analysis import metrics
from core.data import DISPUTED_TEST_LABELS, load_mnist
from core.runs import Run


def rows(*sparse: dict[int, float]) -> np.ndarray:
    """Probabilities (n, 10) from the classes that are not zero."""
    table = np.zeros((len(sparse), 10))
    for row, values in zip(table, sparse, strict=True):
        row[list(values)] = list(values.values())
    return table


@pytest.fixture(scope="module")
def answers(trained: Run) -> np.ndarray:
    return trained.test_probabilities(2)


Y_TRUE = [0, 0, 0, 1, 1, 9]
Y_PRED = [0, 0, 1, 1, 9, 0]  # 2 to 8 occur nowhere


@pytest.mark.parametrize(
    ("normalize", "cells"),
    [
        (None, {(0, 0): 2, (0, 1): 1, (1, 1): 1, (1, 9): 1, (9, 0): 1}),
        ("true", {(0, 0): 2 / 3, (0, 1): 1 / 3, (1, 1): 1 / 2, (1, 9): 1 / 2, (9, 0): 1}),
        ("pred", {(0, 0): 2 / 3, (0, 1): 1 / 2, (1, 1): 1 / 2, (1, 9): 1, (9, 0): 1 / 3}),
        ("all", {(0, 0): 2 / 6, (0, 1): 1 / 6, (1, 1): 1 / 6, (1, 9): 1 / 6, (9, 0): 1 / 6}),
    ],
)
def test_confusion_matrix_by_hand(normalize: Any, cells: dict[tuple[int, int], float]) -> None:
    expected = np.zeros((10, 10))
    for cell, value in cells.items():
        expected[cell] = value
    matrix = metrics.confusion_matrix(Y_TRUE, Y_PRED, normalize)
    np.testing.assert_allclose(matrix, expected, rtol=1e-15)
    assert matrix.dtype == (np.int64 if normalize is None else np.float64)


def test_confusion_matrix_of_a_run_equals_a_cross_table(answers: np.ndarray) -> None:
    y_true, y_pred = load_mnist().y_test, answers.argmax(axis=1)
    expected = pd.crosstab(y_true, y_pred).reindex(index=range(10), columns=range(10), fill_value=0)
    np.testing.assert_array_equal(metrics.confusion_matrix(y_true, y_pred), expected)


def test_confusion_matrix_refuses_an_unknown_normalisation() -> None:
    with pytest.raises(ValueError, match="'row'"):
        metrics.confusion_matrix([0], [0], "row")


def test_classification_table_equals_scikit_learn(answers: np.ndarray) -> None:
    y_true, y_pred = load_mnist().y_test, answers.argmax(axis=1)
    report = classification_report(y_true, y_pred, output_dict=True, zero_division=0)
    table = metrics.classification_table(y_true, y_pred)
    assert list(table.columns) == ["class", "precision", "recall", "f1", "support"]
    assert list(table["class"]) == [*"0123456789", "accuracy", "macro avg", "weighted avg"]
    assert table["support"].tolist()[:10] == np.bincount(y_true).tolist()
    for row in table.itertuples():
        expected = report[row[1]]
        if row[1] == "accuracy":
            assert (row.f1, row.support) == (expected, 10_000)
            assert np.isnan([row.precision, row.recall]).all()
        else:
            assert (row.precision, row.recall, row.f1, row.support) == tuple(expected.values())


def test_classification_table_by_hand_with_a_class_never_predicted() -> None:
    table = metrics.classification_table([0, 1, 1, 2], [0, 1, 0, 1]).set_index("class")
    assert table.loc["2"].tolist() == [0, 0, 0, 1]
    assert table.loc["0"].tolist() == pytest.approx([1 / 2, 1, 2 / 3, 1])
    assert table.loc["1"].tolist() == pytest.approx([1 / 2, 1 / 2, 1 / 2, 2])
    assert table.loc["accuracy", "f1"] == 1 / 2
    assert table.loc["macro avg", "f1"] == pytest.approx((2 / 3 + 1 / 2) / 3)
    assert table.loc["weighted avg", "f1"] == pytest.approx((2 / 3 + 2 * 1 / 2) / 4)


def test_answer_table_by_hand() -> None:
    probabilities = rows({3: 0.5, 4: 0.25}, {1: 1}, {7: 0.5, 6: 0.5})
    assert metrics.answer_table(probabilities, [4, 1, 7]).to_dict("list") == {
        "true": [4, 1, 7],
        "predicted": [3, 1, 6],  # of even ones the lowest
        "p_true": [0.25, 1, 0.5],
        "p_predicted": [0.5, 1, 0.5],
    }


def test_rank_errors_by_hand() -> None:
    probabilities = rows(
        {3: 0.5, 4: 0.25},  # wrong by 0.25
        {1: 1},  # right
        {2: 0.75, 5: 0.25},  # wrong by 0.5
        {3: 0.5, 4: 0.25},  # wrong by 0.25 as well: after the first of these
        {7: 0.5, 6: 0.5},  # even: 6 is the answer, wrong by 0
        {7: 0.5, 8: 0.5},  # even: 7 is the answer, right
        {0: 3, 1: 2.5},  # not normalised, and ranked as it is
    )
    errors = metrics.rank_errors(probabilities, [4, 1, 5, 4, 7, 7, 1])
    assert errors.to_dict("list") == {
        "index": [2, 6, 0, 3, 4],
        "true": [5, 1, 4, 4, 7],
        "predicted": [2, 0, 3, 3, 6],
        "delta": [0.5, 0.5, 0.25, 0.25, 0.0],
    }


def test_rank_errors_of_a_run_equals_a_plain_loop(answers: np.ndarray) -> None:
    y_test = load_mnist().y_test
    expected = []
    for index, (row, true) in enumerate(zip(answers.tolist(), y_test.tolist(), strict=True)):
        predicted = row.index(max(row))
        if predicted != true:
            expected.append((-(row[predicted] - row[true]), index, true, predicted))
    expected.sort()
    errors = metrics.rank_errors(answers, y_test)
    assert errors["index"].tolist() == [error[1] for error in expected]
    assert errors["delta"].tolist() == [-error[0] for error in expected]
    assert errors[["true", "predicted"]].values.tolist() == [list(error[2:]) for error in expected]


def test_rank_errors_without_errors_is_empty() -> None:
    errors = metrics.rank_errors(np.eye(10), range(10))
    assert list(errors.columns) == ["index", "true", "predicted", "delta"]
    assert len(errors) == 0


def test_class_probability_by_hand() -> None:
    probabilities = rows({0: 0.5, 1: 0.5}, {0: 1, 1: 3}, {1: 0.2}, {})
    assert metrics.class_probability(probabilities, 0).tolist() == [0.5, 0.25, 0, 0]
    assert metrics.class_probability(probabilities, 1).tolist() == [0.5, 0.75, 1, 0]


@pytest.mark.parametrize("digit", [-1, 10])
def test_class_probability_refuses_what_is_no_digit(digit: int) -> None:
    with pytest.raises(ValueError, match=f"{digit} is no digit; choose 0 to 9"):
        metrics.class_probability(np.eye(10), digit)


def test_calibration_by_hand() -> None:
    probabilities = rows({0: 0.5, 1: 0.25}, {0: 0.5}, {0: 0.75}, {2: 1}, {0: 1.0000001})
    table, error = metrics.calibration(probabilities, [0, 1, 0, 2, 3], bins=4)
    assert table["low"].tolist() == [0, 0.25, 0.5, 0.75]
    assert table["high"].tolist() == [0.25, 0.5, 0.75, 1]
    assert table["count"].tolist() == [0, 2, 1, 2]  # a bin has its upper bound
    np.testing.assert_allclose(table["confidence"], [np.nan, 0.5, 0.75, 1], atol=1e-6)
    np.testing.assert_array_equal(table["accuracy"], [np.nan, 0.5, 1, 0.5])
    assert error == pytest.approx((2 * 0 + 1 * 0.25 + 2 * 0.5) / 5)


def test_calibration_of_a_run_equals_a_plain_loop(answers: np.ndarray) -> None:
    y_test = load_mnist().y_test
    confidence, right = answers.max(axis=1), answers.argmax(axis=1) == y_test
    expected = 0.0
    for number in range(15):
        inside = (confidence > number / 15) & (confidence <= (number + 1) / 15)
        if inside.any():
            expected += inside.mean() * abs(right[inside].mean() - confidence[inside].mean())
    table, error = metrics.calibration(answers, y_test, bins=15)
    assert error == pytest.approx(expected, rel=1e-5)
    assert table["count"].sum() == 10_000


@pytest.mark.parametrize(
    ("correct", "total", "z", "confidence"),
    [(98, 100, 1.959964, 0.95), (0, 20, 1.959964, 0.95), (9831, 10_000, 2.575829, 0.99)],
)
def test_wilson_interval_by_hand(correct: int, total: int, z: float, confidence: float) -> None:
    share = correct / total
    middle = (share + z**2 / (2 * total)) / (1 + z**2 / total)
    half = z / (1 + z**2 / total) * np.sqrt(share * (1 - share) / total + z**2 / (4 * total**2))
    expected = (middle - half, middle + half)
    assert metrics.wilson_interval(correct, total, confidence) == pytest.approx(expected, abs=1e-6)


def test_wilson_interval_of_98_in_100() -> None:
    assert metrics.wilson_interval(98, 100) == pytest.approx((0.93, 0.9945), abs=5e-5)


@pytest.mark.parametrize(("correct", "total"), [(3, 2), (0, 0)])
def test_wilson_interval_refuses_impossible_counts(correct: int, total: int) -> None:
    with pytest.raises(ValueError):
        metrics.wilson_interval(correct, total)


def test_accuracy_without_some_images() -> None:
    y_true, y_pred = [1, 2, 3, 4], [1, 2, 0, 4]
    assert metrics.accuracy(y_true, y_pred)[0] == 0.75
    value, low, high, correct, total = metrics.accuracy(y_true, y_pred, without=[2, 3])
    assert (value, correct, total) == (1, 2, 2)
    assert (low, high) == metrics.wilson_interval(2, 2)


def test_accuracy_without_the_disputed_labels(answers: np.ndarray) -> None:
    y_test, y_pred = load_mnist().y_test, answers.argmax(axis=1)
    kept = [n for n in range(10_000) if n not in DISPUTED_TEST_LABELS]
    accuracy = metrics.accuracy(y_test, y_pred, without=DISPUTED_TEST_LABELS)
    assert accuracy.total == 9_985
    assert accuracy.value == np.mean(y_test[kept] == y_pred[kept])


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([0, 10], "10 is no class"),
        ([-1], "-1 is no class"),
        (np.eye(10), "argmax of one-hot"),
        ([0.5], "whole numbers"),
    ],
)
def test_wrong_labels_are_refused(labels: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        metrics.classification_table(labels, labels)


def test_accuracy_of_what_is_stored_is_that_of_the_history(trained: Run) -> None:
    for epoch, expected in enumerate(trained.history["test_accuracy"], start=1):
        for answers in (trained.test_probabilities(epoch), trained.test_probabilities()[epoch - 1]):
            assert metrics.accuracy(load_mnist().y_test, answers.argmax(axis=1)).value == expected


def test_probabilities_and_labels_must_fit() -> None:
    with pytest.raises(ValueError, match="10 rows of probabilities but 2 labels"):
        metrics.rank_errors(np.eye(10), [0, 1])
    with pytest.raises(ValueError, match=r"expected probabilities \(n, 10\), not \(3, 3\)"):
        metrics.rank_errors(np.eye(3), [0, 1, 2])
