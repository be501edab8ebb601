"""Optuna's own figures of a study, by name."""

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Any

import optuna
from optuna.trial import TrialState

_TARGET = "Validation accuracy"
_TRIALS_PER_HYPERPARAMETER = 10


class FigureKind(StrEnum):
    """What a figure shows."""

    HISTORY = "history"
    EPOCHS = "epochs"
    PARALLEL = "parallel"
    IMPORTANCES = "importances"
    SLICES = "slices"
    CONTOUR = "contour"
    TIMELINE = "timeline"


def optuna_figure(study: optuna.Study, kind: FigureKind, names: Sequence[str]) -> Any:
    """The `plotly.graph_objects.Figure` over the hyperparameters `names`; two for a contour.

    Raises ValueError where there are too few complete trials for it.
    """
    complete = complete_numbers(study)
    if not complete and kind not in {FigureKind.EPOCHS, FigureKind.TIMELINE}:
        raise ValueError("No trial has come to its end yet.")
    if kind is FigureKind.IMPORTANCES and len(complete) < 2:
        raise ValueError("Importances need two trials that have come to their end.")
    return _FIGURES[kind](study, list(names))


def complete_numbers(study: optuna.Study) -> list[int]:
    """The numbers of the trials that have come to their end, in order."""
    trials = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    return [trial.number for trial in trials]


def is_too_few(complete: int, varied: int) -> bool:
    """Whether importances from so many complete trials mean little: below ten for each
    hyperparameter that varies, a rule of thumb.
    """
    return complete < _TRIALS_PER_HYPERPARAMETER * varied


_plots = optuna.visualization
_FIGURES: dict[FigureKind, Callable[[optuna.Study, list[str]], Any]] = {
    FigureKind.HISTORY: lambda study, names: _plots.plot_optimization_history(
        study, target_name=_TARGET
    ),
    FigureKind.EPOCHS: lambda study, names: _plots.plot_intermediate_values(study),
    FigureKind.PARALLEL: lambda study, names: _plots.plot_parallel_coordinate(
        study, names, target_name=_TARGET
    ),
    FigureKind.IMPORTANCES: lambda study, names: _plots.plot_param_importances(
        study, params=names, target_name=_TARGET
    ),
    FigureKind.SLICES: lambda study, names: _plots.plot_slice(study, names, target_name=_TARGET),
    FigureKind.CONTOUR: lambda study, names: _plots.plot_contour(study, names, target_name=_TARGET),
    FigureKind.TIMELINE: lambda study, names: _plots.plot_timeline(study),
}
