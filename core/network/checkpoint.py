"""Converts a training's state to arrays and back: after an epoch, and during a pause.

Every variable of model and optimizer goes in, the seed states of dropout included, which Keras's
own saving leaves out: only so does a restored training go on identically, to the bit.
"""

from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, field
from typing import Any

import keras
import numpy as np

from core.data import Array

Arrays = dict[str, Array]

_PAUSED = "paused/"


@dataclass(frozen=True)
class RunningTotals:
    """Totals over the images seen in an epoch: losses (with penalty) and right answers."""

    images: int = 0
    loss: float = 0.0
    correct: float = 0.0


@dataclass(frozen=True)
class EpochProgress:
    """How far the training is in an epoch; by default at its start."""

    batch: int = 0
    """Batches done."""
    seconds: float = 0.0
    """Time spent, without pauses."""
    learning_rate: float = 0.0
    """The rate of the last batch."""
    running: RunningTotals = field(default_factory=RunningTotals)


@dataclass(frozen=True)
class Progress:
    """How far a training is, and what it needs to go on besides its variables."""

    epochs: int
    """Epochs done."""
    base_learning_rate: float
    best_weights: Sequence[Array] | None = None
    """The model's variables after its best epoch, where early stopping restores them."""
    next_epoch: EpochProgress = field(default_factory=EpochProgress)
    """Progress within the next epoch."""


def pack_checkpoint(model: keras.Model, progress: Progress) -> Arrays:
    """The model's and its optimizer's variables, and `progress`, by name."""
    arrays = {name: variable.numpy() for name, variable in _variables(model).items()}
    arrays |= {f"best/{number}": value for number, value in enumerate(progress.best_weights or ())}
    if progress.next_epoch.batch:
        *numbers, sums = astuple(progress.next_epoch)
        arrays["under_way"] = np.array([*numbers, *sums], np.float64)
    return arrays | {
        "epochs": np.array(progress.epochs),
        "base_learning_rate": np.array(progress.base_learning_rate),
    }


def pack_pause(
    model: keras.Model, progress: Progress, checkpoint: Mapping[str, Any] | None
) -> Arrays:
    """The last checkpoint, if there is one, and beside it the progress within the next epoch."""
    paused = pack_checkpoint(model, progress)
    return dict(checkpoint or {}) | {_PAUSED + name: value for name, value in paused.items()}


def unpack_pause(arrays: Mapping[str, Array]) -> Arrays:
    """What `pack_pause` added to a checkpoint: a checkpoint within an epoch, or nothing."""
    return {
        name.removeprefix(_PAUSED): value
        for name, value in arrays.items()
        if name.startswith(_PAUSED)
    }


def unpack_checkpoint(arrays: Mapping[str, Array], model: keras.Model) -> Progress | None:
    """Assign the variables to a freshly built `model` and return the progress.

    None, with nothing assigned, if the arrays are not a checkpoint of such a model.
    """
    variables = _variables(model)
    shapes = {name: tuple(variable.shape) for name, variable in variables.items()}
    if any(name not in arrays or arrays[name].shape != shape for name, shape in shapes.items()):
        return None
    if not {"epochs", "base_learning_rate"} <= arrays.keys():
        return None
    for name, variable in variables.items():
        variable.assign(arrays[name])
    best = [arrays[f"best/{n}"] for n in range(len(model.variables)) if f"best/{n}" in arrays]
    next_epoch = EpochProgress()
    if "under_way" in arrays:
        batch, seconds, rate, images, loss, correct = arrays["under_way"].tolist()
        running = RunningTotals(int(images), loss, correct)
        next_epoch = EpochProgress(int(batch), seconds, rate, running)
    base_rate = float(arrays["base_learning_rate"])
    return Progress(int(arrays["epochs"]), base_rate, best or None, next_epoch)


def _variables(model: keras.Model) -> dict[str, Any]:
    owners = {"model": model, "optimizer": model.optimizer}
    return {
        f"{owner}/{number}": variable
        for owner, holder in owners.items()
        for number, variable in enumerate(holder.variables)
    }
