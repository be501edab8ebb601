"""The shaded gap between training and validation loss."""

import numpy as np
import pandas as pd
import pytest

from core.runs import HISTORY_COLUMNS
from dashboard.charts.curves import CurveStyle, draw_curve


@pytest.fixture
def history() -> pd.DataFrame:
    frame = pd.DataFrame(0.5, index=range(4), columns=HISTORY_COLUMNS)
    frame["epoch"] = [1, 2, 3, 4]
    frame["train_loss"] = [0.4, 0.2, 0.1, 0.05]
    frame["validation_loss"] = [0.3, 0.25, 0.3, 0.4]
    return frame


@pytest.mark.parametrize("log_loss", [False, True])
def test_the_gap_is_shaded_from_where_the_run_overfits(
    history: pd.DataFrame, log_loss: bool
) -> None:
    style = CurveStyle(("train", "validation"), log_loss)
    option = draw_curve(history, "loss", style, epochs=4, best_epoch=2, overfits_from=3)
    *lines, low, band = option["series"]
    assert [line["name"] for line in lines] == ["Train", "Validation"]
    frame = option["dataset"]["source"]
    assert low["stack"] == band["stack"]
    np.testing.assert_allclose(frame[low["encode"]["y"]], [np.nan, np.nan, 0.1, 0.05])
    np.testing.assert_allclose(frame[band["encode"]["y"]], [np.nan, np.nan, 0.2, 0.35])
    assert (low["areaStyle"]["opacity"], low["tooltip"]["show"], band["tooltip"]["show"]) == (
        0,
        False,
        False,
    )
    marks = {mark["label"]["formatter"]: mark["xAxis"] for mark in lines[0]["markLine"]["data"]}
    assert marks == {"best": 2, "overfits": 3}


@pytest.mark.parametrize(
    ("metric", "series", "overfits_from"),
    [
        ("accuracy", ("train", "validation"), 3),
        ("loss", ("validation",), 3),
        ("loss", ("train", "validation"), None),
    ],
)
def test_else_nothing_is_shaded(
    history: pd.DataFrame, metric: str, series: tuple[str, ...], overfits_from: int | None
) -> None:
    option = draw_curve(history, metric, CurveStyle(series), 4, overfits_from=overfits_from)
    assert not any("areaStyle" in one for one in option["series"])


def test_a_loss_beyond_the_axis_is_shaded_up_to_its_end(history: pd.DataFrame) -> None:
    history["validation_loss"] = [0.3, 0.25, 0.3, 900.0]
    style = CurveStyle(("train", "validation"))
    option = draw_curve(history, "loss", style, epochs=4, overfits_from=3)
    limit = option["yAxis"]["max"]
    *_, low, band = option["series"]
    frame = option["dataset"]["source"]
    top = frame[low["encode"]["y"]] + frame[band["encode"]["y"]]
    np.testing.assert_allclose(top, [np.nan, np.nan, 0.3, limit])
    assert option["series"][1]["encode"]["y"] in frame
    assert draw_curve(history, "loss", style, epochs=4, overfits_from=5)["series"][-1]["name"]
