import math

import pandas as pd
import pytest

from core.runs import HISTORY_COLUMNS
from dashboard.charts.curves import CurveStyle, draw_curve, loss_limits
from dashboard.charts.outliers import Outliers, find_outliers
from dashboard.charts.overlay import OverlaidRun, draw_overlay

# What `train --optimizer sgd-momentum --learning-rate 10` came to, of two layers of 64 units.
FITTING = [1536664888200.4, 3.3197, 4.0297]
VALIDATION = [4.7715, 5.0605, 3.8201]


def make_history(fitting: list[float], validation: list[float]) -> pd.DataFrame:
    history = pd.DataFrame(0.5, index=range(len(fitting)), columns=HISTORY_COLUMNS)
    history["epoch"] = range(1, len(fitting) + 1)
    history["running_loss"], history["validation_loss"] = fitting, validation
    return history


@pytest.fixture
def diverged() -> pd.DataFrame:
    return make_history(FITTING, VALIDATION)


@pytest.mark.parametrize(
    ("losses", "found"),
    [
        ([*FITTING, *VALIDATION], Outliers(5.5, 1, FITTING[0])),
        ([1e12, 3.3], Outliers(3.5, 1, 1e12)),
        ([0.3, 0.2, 0.1, 40, 0.1], Outliers(0.35, 1, 40)),
        ([1e12, 1e10, 300, 5, 4, 4, 4, 4], Outliers(5.5, 3, 1e12)),
        ([0.0, 0.0, 12], Outliers(0.015, 1, 12)),
        ([math.nan, 3, 3, 1e6], Outliers(3.5, 1, 1e6)),
        # A long training on no penalty, the fall of a large penalty, a loss a little high.
        ([2.3, 0.3, 0.1, 0.03, 0.01, 0.003, 0.001, 1e-4, 1e-5, 1e-5, 1e-5], None),
        ([62, 40, 25, 16, 10, 7, 4, 3, 2, 1.5, 1.5, 1.5, 1.5], None),
        ([9.9, 0.1, 0.1, 0.1], None),
        ([1e12], None),
        ([1e12, 1e12], None),
        ([math.nan], None),
        ([], None),
    ],
)
def test_outliers_are_far_above_the_rest_with_a_gap_between(
    losses: list[float], found: Outliers | None
) -> None:
    assert find_outliers(losses) == found


def test_a_logarithmic_axis_shows_much_more_but_not_all() -> None:
    assert find_outliers([3, 3, 4, 30_000], is_logarithmic=True) is None
    assert find_outliers([3, 3, 4, 1e12], is_logarithmic=True) == Outliers(10, 1, 1e12)
    assert find_outliers([0.02, 0.03, 0.05, 1e6], is_logarithmic=True) == Outliers(0.1, 1, 1e6)


def test_above_a_fixed_axis_is_whatever_is_above_it() -> None:
    assert find_outliers([1, 2, 3], limit=2) == Outliers(2, 1, 3)
    assert find_outliers([1, 2, 3], limit=3) is None


def test_one_huge_loss_leaves_the_rest_of_the_curve_to_be_seen(diverged: pd.DataFrame) -> None:
    option = draw_curve(diverged, "loss", CurveStyle(("fitting", "validation")), epochs=3)
    assert option["yAxis"]["max"] == 5.5
    fitting, validation = option["series"]
    source = option["dataset"]["source"]
    assert source[fitting["encode"]["y"]].tolist() == [5.5, *FITTING[1:]]
    assert source[fitting["encode"]["tooltip"]].tolist() == FITTING
    (mark,) = fitting["markPoint"]["data"]
    assert (mark["coord"], mark["symbol"]) == ([1, 5.5], "triangle")
    assert source[validation["encode"]["y"]].tolist() == VALIDATION
    assert "markPoint" not in validation
    assert option["title"]["text"] == "▲ a point above the axis, at 1.5e+12"
    rest = draw_curve(diverged, "loss", CurveStyle(("validation",)), epochs=3)
    assert option["grid"]["bottom"] > rest["grid"]["bottom"]  # room for these words


def test_on_a_logarithmic_axis_too(diverged: pd.DataFrame) -> None:
    style = CurveStyle(("fitting", "validation"), log_loss=True)
    option = draw_curve(diverged, "loss", style, epochs=3)
    assert (option["yAxis"]["type"], option["yAxis"]["max"]) == ("log", 10)
    assert option["series"][0]["markPoint"]["data"][0]["coord"] == [1, 10]


def test_the_accuracy_is_never_cut(diverged: pd.DataFrame) -> None:
    history = diverged.assign(running_accuracy=[0.01, 0.01, 0.99])
    option = draw_curve(history, "accuracy", CurveStyle(("fitting",)), epochs=3)
    assert option["yAxis"]["max"] is None
    assert "title" not in option


def test_what_a_common_axis_does_not_show_is_marked(diverged: pd.DataFrame) -> None:
    other = make_history([7.2, 2.0, 1.0], [0.5, 0.4, 0.3])
    style = CurveStyle(("fitting", "validation"))
    assert loss_limits([diverged, other], style) == (0, 7.5)
    log = CurveStyle(("fitting", "validation"), log_loss=True)
    assert loss_limits([diverged, other], log) == (0.1, 10)
    limited = CurveStyle(("fitting", "validation"), limits=(0, 7.5))
    option = draw_curve(diverged, "loss", limited, epochs=3)
    assert option["series"][0]["markPoint"]["data"][0]["coord"] == [1, 7.5]
    assert "title" not in draw_curve(other, "loss", limited, epochs=3)


def test_of_several_runs_each_one_is_marked_in_its_colour(diverged: pd.DataFrame) -> None:
    worse = make_history([2.0, 1e9, 2.0], VALIDATION)
    runs = [OverlaidRun("a", "blue", diverged, 3), OverlaidRun("b", "red", worse, 3)]
    option = draw_overlay(runs, "loss", CurveStyle(("fitting",)))
    assert option["yAxis"]["max"] == 4.5
    triangles = [
        (mark["coord"], mark["itemStyle"]["color"])
        for line in option["series"]
        for mark in line.get("markPoint", {"data": []})["data"]
        if mark.get("symbol") == "triangle"
    ]
    assert triangles == [([1, 4.5], "blue"), ([2, 4.5], "red")]
    rings = [len(line["markPoint"]["data"]) for line in option["series"] if "markPoint" in line]
    assert rings == [2, 2]  # the ring of the best epoch is still there
    assert option["title"]["text"] == "▲ 2 points above the axis, up to 1.5e+12"
