import pandas as pd
import pytest

from core.runs import HISTORY_COLUMNS
from dashboard.charts.colors import NEUTRAL
from dashboard.charts.curves import CurveStyle
from dashboard.charts.overlay import DASHES, OverlaidRun, draw_overlay


def make_run(name: str, color: str, losses: list[float], best: int) -> OverlaidRun:
    history = pd.DataFrame(0.5, index=range(len(losses)), columns=HISTORY_COLUMNS)
    history["epoch"] = range(1, len(losses) + 1)
    history["elapsed"] = [2.0 * epoch for epoch in history["epoch"]]
    history["validation_loss"] = losses
    return OverlaidRun(name, color, history, best)


@pytest.fixture
def runs() -> list[OverlaidRun]:
    return [
        make_run("plain", "blue", [0.3, 0.1, 0.2], 2),
        make_run("thin", "red", [0.6, 0.4, 0.3, 0.0], 4),
    ]


def drawn(option: dict) -> list[dict]:
    return [line for line in option["series"] if "datasetIndex" in line]


def test_a_colour_a_run_and_a_dash_a_series(runs: list[OverlaidRun]) -> None:
    option = draw_overlay(runs, "loss", CurveStyle(("train", "validation")))
    assert [(line["name"], line["color"], line["lineStyle"]["type"]) for line in drawn(option)] == [
        ("plain · Train", "blue", DASHES["train"]),
        ("plain · Validation", "blue", DASHES["validation"]),
        ("thin · Train", "red", DASHES["train"]),
        ("thin · Validation", "red", DASHES["validation"]),
    ]


def test_each_run_is_drawn_from_its_own_history(runs: list[OverlaidRun]) -> None:
    option = draw_overlay(runs, "loss", CurveStyle(("validation",)))
    sources = [dataset["source"] for dataset in option["dataset"]]
    assert sources[1]["Validation"].tolist() == [0.6, 0.4, 0.3, 0.0]
    assert [line["datasetIndex"] for line in drawn(option)] == [0, 1]
    assert option["xAxis"]["max"] == 4


def test_the_legend_names_runs_and_series_apart(runs: list[OverlaidRun]) -> None:
    option = draw_overlay(runs, "loss", CurveStyle(("train", "validation")))
    assert option["legend"]["data"] == ["plain", "thin", "Train", "Validation"]
    colors = {line["name"]: line["color"] for line in option["series"]}
    assert (colors["plain"], colors["Train"]) == ("blue", NEUTRAL)
    single = draw_overlay(runs, "loss", CurveStyle(("train",)))
    assert single["legend"]["data"] == ["plain", "thin"]


@pytest.mark.parametrize(("axis", "rings"), [("epoch", [2, 4]), ("elapsed", [4, 8])])
def test_a_ring_at_each_best_epoch(runs: list[OverlaidRun], axis: str, rings: list[float]) -> None:
    option = draw_overlay(runs, "loss", CurveStyle(("train", "validation"), axis=axis))
    marks = [line["markPoint"]["data"] for line in drawn(option) if "markPoint" in line]
    assert marks == [[{"coord": [rings[0], 0.1]}], [{"coord": [rings[1], 0.0]}]]


def test_a_log_axis_leaves_out_what_it_cannot_show(runs: list[OverlaidRun]) -> None:
    option = draw_overlay(runs, "loss", CurveStyle(("validation",), log_loss=True))
    assert option["yAxis"]["type"] == "log"
    assert option["dataset"][1]["source"]["Validation"].isna().tolist() == [False] * 3 + [True]
    assert [line["markPoint"]["data"] for line in drawn(option)] == [[{"coord": [2.0, 0.1]}], []]


def test_a_run_without_a_best_epoch_has_no_ring() -> None:
    option = draw_overlay([make_run("new", "blue", [0.3], 0)] * 2, "loss", CurveStyle(("train",)))
    assert [line["markPoint"]["data"] for line in drawn(option)] == [[], []]


def test_no_series_no_lines(runs: list[OverlaidRun]) -> None:
    assert drawn(draw_overlay(runs, "accuracy", CurveStyle(()))) == []
