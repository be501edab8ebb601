"""Figures of a study whose every trial is known: what a click on them leads to."""

from collections.abc import Iterator
from typing import Any

import optuna
import pandas as pd
import plotly.graph_objects as go
import pytest
from optuna.trial import TrialState

from core.sweep.space import Choices, Range
from core.sweep.study import compute_importances, trial_table
from dashboard.app_pages.sweep import sweep_charts

SPACES = {
    "dropout": Range(low=0, high=0.7),
    "l2": Range(low=1e-6, high=1e-2, log=True),
}
NAMES = list(SPACES)
COMPLETE, PRUNED, FAILED, RUNNING = [0, 1, 4, 6], 2, 3, 5


@pytest.fixture(scope="module")
def study() -> optuna.Study:
    """Eight trials: four complete, one pruned, failed, running and waiting each."""
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.RandomSampler(seed=0))
    for number in range(7):
        trial = study.ask()
        assert trial.number == number
        trial.suggest_float("dropout", 0, 0.7)
        trial.suggest_float("l2", 1e-6, 1e-2, log=True)
        for epoch in (1, 2):
            trial.report(0.9 + number / 100, step=epoch)
        if number in COMPLETE:
            study.tell(trial, 0.9 + number / 100)
        elif number != RUNNING:
            state = TrialState.PRUNED if number == PRUNED else TrialState.FAIL
            study.tell(trial, state=state)
    study.enqueue_trial({"dropout": 0.5, "l2": 1e-3})
    return study


@pytest.fixture(scope="module")
def trials(study: optuna.Study) -> pd.DataFrame:
    return trial_table(study, NAMES)


def points(figure: go.Figure) -> Iterator[tuple[int, Any, Any, Any]]:
    """Trial, x, y and trace of every point that carries a trial's number."""
    for trace in figure.data:
        if trace.customdata is not None:
            for number, x, y in zip(trace.customdata, trace.x, trace.y, strict=True):
                yield int(number), x, y, trace


def test_history_points_carry_their_trial(study: optuna.Study, trials: pd.DataFrame) -> None:
    figure = sweep_charts.draw_history(trials, SPACES)
    found = [(number, x, y) for number, x, y, _ in points(figure)]
    assert found == [(number, number, study.trials[number].value) for number in COMPLETE]
    assert list(figure.data[1].y) == sorted(study.trials[number].value for number in COMPLETE)


def test_each_line_of_epochs_carries_its_trial(study: optuna.Study, trials: pd.DataFrame) -> None:
    figure = sweep_charts.draw_epochs(trials, SPACES)
    found = [(number, x, y) for number, x, y, _ in points(figure)]
    reported = [
        (trial.number, epoch, value)
        for trial in study.trials
        for epoch, value in trial.intermediate_values.items()
        if trial.state is not TrialState.FAIL
    ]
    assert found == reported
    assert {number for number, *_ in found} == {*COMPLETE, PRUNED, RUNNING}


def test_slices_carry_their_trial(study: optuna.Study, trials: pd.DataFrame) -> None:
    figure = sweep_charts.draw_slices(trials, SPACES)
    assert len(figure.data) == len(NAMES)
    for name, trace in zip(NAMES, figure.data, strict=True):
        assert list(trace.customdata) == COMPLETE
        assert list(trace.x) == [study.trials[number].params[name] for number in COMPLETE]
        assert list(trace.y) == [study.trials[number].value for number in COMPLETE]


def test_points_of_the_contour_carry_their_trial(study: optuna.Study, trials: pd.DataFrame) -> None:
    figure = sweep_charts.draw_contour(trials, SPACES)
    found = [(number, x, y) for number, x, y, _ in points(figure)]
    params = [study.trials[number].params for number in COMPLETE]
    assert found == [
        (number, values["dropout"], values["l2"])
        for number, values in zip(COMPLETE, params, strict=True)
    ]
    surface = figure.data[0]
    assert surface.type == "contour"
    assert list(surface.z) == [study.trials[number].value for number in COMPLETE]


def test_a_contour_of_one_trial_is_its_point(trials: pd.DataFrame) -> None:
    figure = sweep_charts.draw_contour(trials.head(1), SPACES)
    assert [trace.type for trace in figure.data] == ["scatter"]


def test_bars_of_the_timeline_carry_their_trial(study: optuna.Study, trials: pd.DataFrame) -> None:
    """All but that of the trial that has not begun."""
    figure = sweep_charts.draw_timeline(trials, SPACES)
    found = {number: (y, trace.name) for number, _, y, trace in points(figure)}
    names = {PRUNED: "cut short", FAILED: "lost", RUNNING: "under way"}
    names |= dict.fromkeys(COMPLETE, "complete")
    assert found == {number: (number, name) for number, name in names.items()}
    began = {
        int(number): pd.Timestamp(base)
        for trace in figure.data
        for number, base in zip(trace.y, trace.base, strict=True)
    }
    assert began == {number: study.trials[number].datetime_start for number in began}


def test_hyperparameters_have_the_names_that_the_form_gives_them(
    study: optuna.Study, trials: pd.DataFrame
) -> None:
    (lines,) = sweep_charts.draw_parallel(trials, SPACES).data
    assert [axis.label for axis in lines.dimensions] == ["Validation accuracy", "Dropout", "L2"]
    assert list(lines.line.color) == [study.trials[number].value for number in COMPLETE]
    assert lines.line.colorscale[-1][1] == "#0072B2"
    importances = compute_importances(study, NAMES)
    assert sorted(sweep_charts.draw_importances(importances).data[0].y) == ["Dropout", "L2"]
    slices = sweep_charts.draw_slices(trials, SPACES).layout
    assert (slices.xaxis.title.text, slices.xaxis2.title.text) == ("Dropout", "L2")
    contour = sweep_charts.draw_contour(trials, SPACES).layout
    assert (contour.xaxis.title.text, contour.yaxis.title.text) == ("Dropout", "L2")
    assert contour.yaxis.exponentformat == "power"


def test_parallel_axes_have_even_ratios_and_even_choices(trials: pd.DataFrame) -> None:
    complete = trials[trials["state"] == "complete"]
    activations = ["elu", "relu", "relu", "elu"]
    spaces = {"l2": SPACES["l2"], "activation": Choices(values=("relu", "elu"))}
    figure = sweep_charts.draw_parallel(complete.assign(activation=activations), spaces)
    _, l2, activation = figure.data[0].dimensions
    assert [10**value for value in l2.values] == pytest.approx(complete["l2"].to_list())
    assert list(l2.tickvals) == [-6, -5, -4, -3, -2]
    assert list(l2.ticktext) == ["1e-06", "1e-05", "0.0001", "0.001", "0.01"]
    assert list(activation.values) == [1, 0, 0, 1]
    assert list(activation.ticktext) == ["relu", "elu"]


def test_where_trials_are_too_few_is_said_in_a_sentence(trials: pd.DataFrame) -> None:
    for draw in (sweep_charts.draw_history, sweep_charts.draw_parallel, sweep_charts.draw_slices):
        with pytest.raises(ValueError, match=r"No trial has come to its end yet\."):
            draw(trials[trials["state"] != "complete"], SPACES)
    with pytest.raises(ValueError, match="Importances need two trials"):
        compute_importances(None, NAMES)
