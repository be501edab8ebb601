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
    assert found == [(number, number, 100 * study.trials[number].value) for number in COMPLETE]
    assert list(figure.data[1].y) == sorted(y for _, _, y in found)


def test_each_line_of_epochs_carries_its_trial(study: optuna.Study, trials: pd.DataFrame) -> None:
    figure = sweep_charts.draw_epochs(trials, SPACES)
    found = [(number, x, y) for number, x, y, _ in points(figure)]
    reported = [
        (trial.number, epoch, 100 * value)
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
        assert list(trace.y) == [100 * study.trials[number].value for number in COMPLETE]


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
    assert list(surface.z) == [100 * study.trials[number].value for number in COMPLETE]


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
    assert [axis.label for axis in lines.dimensions] == ["validation accuracy, %", "Dropout", "L2"]
    assert list(lines.line.color) == [100 * study.trials[number].value for number in COMPLETE]
    assert lines.line.colorscale[-1][1] == "#0072B2"
    importances = compute_importances(study, NAMES)
    assert sorted(sweep_charts.draw_importances(importances).data[0].y) == ["Dropout", "L2"]
    slices = sweep_charts.draw_slices(trials, SPACES).layout
    assert (slices.xaxis.title.text, slices.xaxis2.title.text) == ("Dropout", "L2")
    contour = sweep_charts.draw_contour(trials, SPACES).layout
    assert (contour.xaxis.title.text, contour.yaxis.title.text) == ("Dropout", "L2")


def test_a_point_tells_its_trial_values_and_accuracy(
    study: optuna.Study, trials: pd.DataFrame
) -> None:
    values = study.trials[4].params
    told = (
        f"trial 4<br>Dropout {values['dropout']:.3g}<br>L2 {values['l2']:.3g}<br>"
        "validation accuracy 94.00 %"
    )
    for draw in (sweep_charts.draw_history, sweep_charts.draw_slices, sweep_charts.draw_contour):
        figure = draw(trials, SPACES)
        shown = {text for trace in figure.data for text in trace.hovertext or ()}
        assert told in shown


def test_lines_of_epochs_have_the_colours_of_their_states(trials: pd.DataFrame) -> None:
    figure = sweep_charts.draw_epochs(trials, SPACES)
    colors = {trace.name: trace.line.color for trace in figure.data if trace.showlegend}
    names = {"complete", "cut short", "under way"}
    assert colors == {name: color for name, color in sweep_charts.STATES.values() if name in names}
    assert all(trace.line.color == colors[trace.name] for trace in figure.data)


@pytest.mark.parametrize("count", [1, 2])
def test_few_trials_fill_the_figure(trials: pd.DataFrame, count: int) -> None:
    """Accuracies of 90 % and 91 %; of one trial, half a point about it."""
    few = trials.head(count)
    low, high = (89.5, 90.5) if count == 1 else (89.94, 91.06)
    history = sweep_charts.draw_history(few, SPACES).layout
    assert list(history.yaxis.range) == pytest.approx([low, high])
    assert list(history.xaxis.range) == [-0.5, count - 0.5]
    assert history.xaxis.dtick == 1
    slices = sweep_charts.draw_slices(few, SPACES).layout
    assert list(slices.yaxis.range) == pytest.approx([low, high])
    dropout = [0, 0.7] if count == 1 else sorted(few["dropout"])
    margin = 0.06 * (dropout[1] - dropout[0])
    wanted = [dropout[0] - margin, dropout[1] + margin]
    assert list(slices.xaxis.range) == pytest.approx(wanted)
    timeline = sweep_charts.draw_timeline(few, SPACES).layout
    assert list(timeline.yaxis.range) == [count - 0.5, -0.5]


@pytest.mark.parametrize(
    ("values", "ticks"),
    [
        ([1e-6, 1e-2], ["1e-06", "1e-05", "0.0001", "0.001", "0.01"]),
        ([2e-5, 3e-4], ["2e-05", "5e-05", "0.0001", "0.0002"]),
        ([2.2e-5, 2.6e-5], ["2.2e-05", "2.6e-05"]),
    ],
)
def test_a_logarithmic_axis_has_ticks_however_short_it_is(
    trials: pd.DataFrame, values: list[float], ticks: list[str]
) -> None:
    figure = sweep_charts.draw_slices(trials.head(2).assign(l2=values), SPACES)
    assert list(figure.layout.xaxis2.ticktext) == ticks


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
