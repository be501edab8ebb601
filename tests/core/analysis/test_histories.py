import pandas as pd
import pytest

from core.analysis.histories import (
    add_elapsed,
    best_epoch,
    compute_best_epochs,
    smooth,
    subtract_l2_penalty,
)
from core.runs import HISTORY_COLUMNS


@pytest.fixture
def history() -> pd.DataFrame:
    frame = pd.DataFrame(0.5, index=range(4), columns=HISTORY_COLUMNS)
    frame["epoch"] = [1, 2, 3, 4]
    frame["seconds"] = [4.0, 2.0, 2.5, 1.5]
    frame["running_loss"] = [0.9, 0.5, 0.3, 0.2]
    frame["validation_loss"] = [0.4, 0.2, 0.2, 0.3]
    frame["validation_accuracy"] = [0.9, 0.95, 0.96, 0.94]
    frame["l2_penalty"] = [0.1, 0.08, 0.05, 0.04]
    return frame


def test_cross_entropy_is_the_loss_less_the_penalty(history: pd.DataFrame) -> None:
    alone = subtract_l2_penalty(history)
    assert alone["running_loss"].tolist() == pytest.approx([0.8, 0.42, 0.25, 0.16])
    assert alone["validation_loss"].tolist() == pytest.approx([0.3, 0.12, 0.15, 0.26])
    assert alone["validation_accuracy"].tolist() == history["validation_accuracy"].tolist()
    assert history["running_loss"][0] == 0.9


def test_smoothing_by_hand(history: pd.DataFrame) -> None:
    losses = smooth(history, 0.5)["running_loss"].tolist()
    assert losses == pytest.approx(
        [
            0.9,
            (0.5 + 0.5 * 0.9) / 1.5,
            (0.3 + 0.5 * 0.5 + 0.25 * 0.9) / 1.75,
            (0.2 + 0.5 * 0.3 + 0.25 * 0.5 + 0.125 * 0.9) / 1.875,
        ]
    )


def test_no_smoothing_changes_nothing(history: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(smooth(history, 0.0), history)


def test_elapsed_seconds_add_up(history: pd.DataFrame) -> None:
    assert add_elapsed(history)["elapsed"].tolist() == [4, 6, 8.5, 10]


def test_the_best_epoch_is_the_first_with_the_lowest_validation_loss(
    history: pd.DataFrame,
) -> None:
    assert best_epoch(history) == 2
    assert best_epoch(history.iloc[:0]) == 0
    assert best_epoch(history.assign(validation_loss=float("nan"))) == 0
    history.loc[1, "validation_loss"] = float("nan")
    assert best_epoch(history) == 3


def test_a_smaller_fall_of_the_loss_does_not_count(history: pd.DataFrame) -> None:
    history["validation_loss"] = [0.4, 0.35, 0.28, 0.27]
    epochs = {0.0: 4, 0.02: 3, 0.1: 3, 0.2: 1}
    assert {delta: best_epoch(history, delta) for delta in epochs} == epochs
    table = compute_best_epochs({"one": history, "other": history}, {"one": 0.1})
    assert table.set_index("run")["best_epoch"].to_dict() == {"one": 3, "other": 4}


def test_best_epochs_of_several_runs(history: pd.DataFrame) -> None:
    table = compute_best_epochs(
        {"one": history, "empty": history.iloc[:0], "short": history.iloc[:1]}
    )
    assert table.to_dict("records") == [
        {
            "run": "one",
            "epochs": 4,
            "best_epoch": 2,
            "validation_loss": 0.2,
            "validation_accuracy": 0.95,
            "elapsed": 6.0,
        },
        {
            "run": "short",
            "epochs": 1,
            "best_epoch": 1,
            "validation_loss": 0.4,
            "validation_accuracy": 0.9,
            "elapsed": 4.0,
        },
    ]
