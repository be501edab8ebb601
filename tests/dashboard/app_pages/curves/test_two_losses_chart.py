import pandas as pd
import pytest

from core.runs import HISTORY_COLUMNS
from dashboard.app_pages.curves.two_losses_chart import LOSSES, draw_two_losses
from dashboard.charts.curves import CurveStyle


@pytest.fixture
def history() -> pd.DataFrame:
    frame = pd.DataFrame(0.5, index=range(3), columns=HISTORY_COLUMNS)
    frame["epoch"] = [1, 2, 3]
    frame["running_loss"] = [0.9, 0.4, 0.2]
    frame["train_loss"] = [0.6, 0.45, 0.15]
    frame["base_learning_rate"] = 0.001
    return frame


def draw(history: pd.DataFrame) -> dict:
    return draw_two_losses(history, CurveStyle(LOSSES, limits=(0, 0.7)), 0.001)


def test_the_gap_is_shaded_from_the_lower_loss_to_the_higher(history: pd.DataFrame) -> None:
    option = draw(history)
    series = {one["id"]: one for one in option["series"]}
    assert list(series) == ["fitting", "train", "validation", "below", "gap", "gap_label"]
    frame = option["dataset"]["source"]
    below, area = (frame[series[name]["encode"]["y"]] for name in ("below", "gap"))
    assert below.tolist() == pytest.approx([0.6, 0.4, 0.15])
    assert area.tolist() == pytest.approx([0.1, 0.05, 0.05])  # up to the end of the axis
    assert frame[series["gap"]["encode"]["tooltip"]].tolist() == pytest.approx([0.3, 0.05, 0.05])
    assert series["below"]["stack"] == series["gap"]["stack"]
    assert "areaStyle" not in series["below"]
    assert series["gap"]["areaStyle"]["opacity"] > 0


def test_its_size_stands_beside_its_end_off_the_curves(history: pd.DataFrame) -> None:
    option = draw(history)
    label = option["series"][-1]
    assert label["data"] == [pytest.approx([3, 0.175])]
    assert label["label"]["formatter"] == "gap\n0.0500"
    assert label["label"]["position"] == "right"
    assert option["xAxis"]["max"] == 3
    assert option["grid"]["right"] > 60


def test_the_legend_names_the_curves_alone(history: pd.DataFrame) -> None:
    assert draw(history)["legend"]["data"] == ["While fitting", "Train", "Validation"]
