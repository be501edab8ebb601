"""Optuna's figures of a study whose every trial is known: what a click on them leads to."""

from collections.abc import Iterator
from typing import Any

import optuna
import pytest
from optuna.trial import TrialState

from core.sweep.figures import FigureKind, complete_numbers, optuna_figure
from dashboard.app_pages.sweep.sweep_charts import dress_figure

NAMES = ["dropout", "l2"]
COMPLETE, PRUNED, FAILED, RUNNING, WAITING = [0, 1, 4, 6], 2, 3, 5, 7


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


def draw(study: optuna.Study, kind: FigureKind) -> Any:
    return dress_figure(optuna_figure(study, kind, NAMES), kind, complete_numbers(study))


def points(figure: Any) -> Iterator[tuple[int, Any, Any, Any]]:
    """Trial, x, y and trace of every point that carries a trial's number."""
    for trace in figure.data:
        if trace.customdata is not None:
            for number, x, y in zip(trace.customdata, trace.x, trace.y, strict=True):
                yield int(number), x, y, trace


def test_history_points_carry_their_trial(study: optuna.Study) -> None:
    found = [(number, x, y) for number, x, y, _ in points(draw(study, FigureKind.HISTORY))]
    assert found == [(number, number, study.trials[number].value) for number in COMPLETE]


def test_each_line_of_epochs_carries_its_trial(study: optuna.Study) -> None:
    found = [(number, x, y) for number, x, y, _ in points(draw(study, FigureKind.EPOCHS))]
    reported = [
        (trial.number, epoch, value)
        for trial in study.trials
        for epoch, value in trial.intermediate_values.items()
        if trial.state is not TrialState.FAIL
    ]
    assert found == reported
    assert {number for number, *_ in found} == {*COMPLETE, PRUNED, RUNNING}


def test_slices_carry_their_trial(study: optuna.Study) -> None:
    figure = draw(study, FigureKind.SLICES)
    assert len(figure.data) == len(NAMES)
    for name, trace in zip(NAMES, figure.data, strict=True):
        assert list(trace.customdata) == COMPLETE
        assert list(trace.x) == [study.trials[number].params[name] for number in COMPLETE]
        assert list(trace.y) == [study.trials[number].value for number in COMPLETE]


def test_points_of_the_contour_carry_their_trial(study: optuna.Study) -> None:
    found = [(number, x, y) for number, x, y, _ in points(draw(study, FigureKind.CONTOUR))]
    params = [study.trials[number].params for number in COMPLETE]
    assert found == [
        (number, values["dropout"], values["l2"])
        for number, values in zip(COMPLETE, params, strict=True)
    ]


def test_bars_of_the_timeline_carry_their_trial(study: optuna.Study) -> None:
    found = {
        number: (y, trace.name) for number, _, y, trace in points(draw(study, FigureKind.TIMELINE))
    }
    names = {PRUNED: "cut short", FAILED: "lost", RUNNING: "under way", WAITING: "to come"}
    names |= dict.fromkeys(COMPLETE, "complete")
    assert found == {number: (number, name) for number, name in names.items()}


def test_hyperparameters_have_the_names_that_the_form_gives_them(study: optuna.Study) -> None:
    names = ["Validation accuracy", "Dropout", "L2"]
    parallel = draw(study, FigureKind.PARALLEL)
    assert list(parallel.layout.xaxis.ticktext) == names
    assert [name for name, _ in parallel.data[0].customdata] == names
    best = max(parallel.data[:-1], key=lambda line: float(line.customdata[0][1]))
    assert best.line.color == "rgb(0, 114, 178)"
    assert sorted(draw(study, FigureKind.IMPORTANCES).data[0].y) == ["Dropout", "L2"]
    slices = draw(study, FigureKind.SLICES).layout
    assert (slices.xaxis.title.text, slices.xaxis2.title.text) == ("Dropout", "L2")
    contour = draw(study, FigureKind.CONTOUR).layout
    assert (contour.xaxis.title.text, contour.yaxis.title.text) == ("Dropout", "L2")
    assert contour.yaxis.exponentformat == "power"


@pytest.mark.parametrize("kind", list(FigureKind))
def test_no_figure_keeps_the_title_of_optuna(study: optuna.Study, kind: FigureKind) -> None:
    assert draw(study, kind).layout.title.text is None
