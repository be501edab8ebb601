import numpy as np
import pandas as pd
import pytest

from core.runs import HISTORY_COLUMNS
from core.runs.status import State, Status
from dashboard.charts.curves import (
    DASHES,
    SERIES,
    CurveStyle,
    curve_frame,
    draw_curve,
    loss_limits,
    rate_changes,
    with_live_point,
)


@pytest.fixture
def history() -> pd.DataFrame:
    frame = pd.DataFrame(0.5, index=range(3), columns=HISTORY_COLUMNS)
    frame["epoch"] = [1, 2, 3]
    frame["running_accuracy"] = [0.8, 0.9, 0.95]
    frame["validation_loss"] = [0.3, 0.1, 0.2]
    frame["base_learning_rate"] = [0.001, 0.001, 0.0005]
    return frame


def test_accuracy_is_in_percent_and_loss_is_not(history: pd.DataFrame) -> None:
    assert curve_frame(history, "accuracy")["While fitting"].tolist() == [80, 90, 95]
    assert curve_frame(history, "loss")["Validation"].tolist() == [0.3, 0.1, 0.2]


def test_a_live_point_lies_within_its_epoch(history: pd.DataFrame) -> None:
    status = Status(state=State.RUNNING, epoch=4, batch=20, running_loss=0.7)
    live = with_live_point(history, status, batches=80)
    assert live["epoch"].tolist() == [1, 2, 3, 3.25]
    assert live["running_loss"].iloc[-1] == 0.7
    assert live["validation_loss"].isna().tolist() == [False, False, False, True]


def test_no_live_point_once_the_epoch_has_its_row(history: pd.DataFrame) -> None:
    status = Status(state=State.RUNNING, epoch=3, batch=80, running_loss=0.7)
    assert with_live_point(history, status, batches=80) is history


def test_rate_changes_are_found_and_marked(history: pd.DataFrame) -> None:
    assert rate_changes(history) == [(3, 0.0005)]
    option = draw_curve(history, "loss", CurveStyle(), epochs=3, best_epoch=2)
    marks = option["series"][0]["markLine"]["data"]
    assert [(mark["xAxis"], mark["label"]["formatter"]) for mark in marks] == [
        (2, "best"),
        (3, "rate 0.0005"),
    ]


def test_a_rate_changed_during_the_first_epoch_is_marked(history: pd.DataFrame) -> None:
    assert rate_changes(history, first_rate=0.01) == [(1, 0.001), (3, 0.0005)]
    assert rate_changes(history, first_rate=0.001) == [(3, 0.0005)]
    option = draw_curve(history, "loss", CurveStyle(), epochs=3, first_rate=0.01)
    marks = option["series"][0]["markLine"]["data"]
    assert [mark["xAxis"] for mark in marks] == [1, 3]


def test_a_change_under_way_is_marked_where_the_epoch_stands(history: pd.DataFrame) -> None:
    status = Status(
        state=State.RUNNING, epoch=3, batch=40, running_loss=0.7, base_learning_rate=0.0005
    )
    live = with_live_point(history[:2], status, batches=80)
    assert rate_changes(live, first_rate=0.001) == [(2.5, 0.0005)]
    option = draw_curve(live, "loss", CurveStyle(), epochs=3, first_rate=0.001)
    assert [mark["xAxis"] for mark in option["series"][0]["markLine"]["data"]] == [2.5]


def test_a_last_digit_is_no_change_of_the_rate(history: pd.DataFrame) -> None:
    """A history file and a status may round the same rate differently."""
    history["base_learning_rate"] = [0.003, 0.003, np.nextafter(0.003, 1)]
    assert rate_changes(history, first_rate=np.nextafter(0.003, 0)) == []


def test_only_the_chosen_series_are_drawn(history: pd.DataFrame) -> None:
    option = draw_curve(history, "loss", CurveStyle(("train", "test"), log_loss=True), epochs=3)
    assert [series["name"] for series in option["series"]] == [SERIES["train"], SERIES["test"]]
    assert option["yAxis"]["type"] == "log"


def test_accuracy_never_has_a_log_axis(history: pd.DataFrame) -> None:
    assert draw_curve(history, "accuracy", CurveStyle(log_loss=True), 3)["yAxis"]["type"] == "value"


def test_by_time_marks_lie_at_the_seconds_of_their_epochs(history: pd.DataFrame) -> None:
    history["elapsed"] = [4.0, 6.0, 9.0]
    style = CurveStyle(axis="elapsed")
    option = draw_curve(history, "loss", style, epochs=3, best_epoch=2)
    assert option["dataset"]["source"]["elapsed"].tolist() == [4, 6, 9]
    assert option["series"][0]["encode"]["x"] == "elapsed"
    marks = option["series"][0]["markLine"]["data"]
    assert [mark["xAxis"] for mark in marks] == [6, 9]
    assert option["xAxis"]["max"] is None


def test_common_limits_are_round_and_hold_all_losses(history: pd.DataFrame) -> None:
    higher = history.assign(validation_loss=[0.93, 0.02, 0.4])
    style = CurveStyle(("validation",))
    assert loss_limits([history, higher], style) == (0, 1.0)
    assert loss_limits([history], style) == (0, 0.3)
    assert loss_limits([history, higher], CurveStyle(("validation",), log_loss=True)) == (0.01, 1)
    assert loss_limits([history.assign(validation_loss=float("nan"))], style) is None


def test_limits_fix_the_vertical_axis(history: pd.DataFrame) -> None:
    axis = draw_curve(history, "loss", CurveStyle(limits=(0, 0.7)), epochs=3)["yAxis"]
    assert (axis["min"], axis["max"]) == (0, 0.7)


@pytest.mark.parametrize(("accuracy", "low"), [(0.863, 70), (0.04, 0), (1.0, 90)])
def test_a_lone_accuracy_stands_below_100_percent(
    history: pd.DataFrame, accuracy: float, low: float
) -> None:
    lone = history[:1].assign(test_accuracy=accuracy)
    axis = draw_curve(lone, "accuracy", CurveStyle(("test",)), epochs=3)["yAxis"]
    assert (axis["min"], axis["max"]) == (low, 100)
    several = draw_curve(history, "accuracy", CurveStyle(("fitting",)), epochs=3)["yAxis"]
    assert (several["min"], several["max"]) == (None, None)


def test_a_dash_means_the_same_series_in_every_chart(history: pd.DataFrame) -> None:
    option = draw_curve(history, "loss", CurveStyle(), epochs=3)
    dashes = {line["id"]: line["lineStyle"]["type"] for line in option["series"]}
    assert dashes == DASHES
    assert len({str(dash) for dash in DASHES.values()}) == 4


def test_labels_of_marks_stand_above_the_plot_in_rows_of_their_own(history: pd.DataFrame) -> None:
    steady = history.assign(base_learning_rate=0.001)
    plain = draw_curve(steady, "loss", CurveStyle(), epochs=3)
    best = draw_curve(steady, "loss", CurveStyle(), epochs=3, best_epoch=2)
    option = draw_curve(history, "loss", CurveStyle(), epochs=3, best_epoch=2)
    assert plain["grid"]["top"] < best["grid"]["top"] < option["grid"]["top"]
    best_label, rate_label = (mark["label"] for mark in option["series"][0]["markLine"]["data"])
    assert best_label["distance"] + 11 < rate_label["distance"]
    assert rate_label["distance"] + 11 < option["grid"]["top"]


def test_of_rates_that_follow_closely_only_the_last_is_named() -> None:
    epochs = range(1, 21)
    history = pd.DataFrame(0.5, index=epochs, columns=HISTORY_COLUMNS).assign(epoch=epochs)
    history["base_learning_rate"] = [0.1] * 2 + [0.05] * 7 + [0.02, 0.01] + [0.001] * 9
    option = draw_curve(history, "loss", CurveStyle(), epochs=20)
    marks = option["series"][0]["markLine"]["data"]
    named = {mark["xAxis"]: mark["label"]["formatter"] for mark in marks if mark["label"]["show"]}
    assert [mark["xAxis"] for mark in marks] == [3, 10, 11, 12]
    assert named == {3: "rate 0.05", 12: "rate 0.001"}
