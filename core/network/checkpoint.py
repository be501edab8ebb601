"""What a training carries from one epoch to the next, or over a pause, as arrays and back.

Every variable of model and optimizer goes in, the seed states of dropout included, which Keras's
own saving leaves out: only so does a restored training go on identically, to the bit.
"""

from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, field
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from core.training.loops import Sums

Arrays = dict[str, npt.NDArray[Any]]

_PAUSED = "paused/"


@dataclass(frozen=True)
class UnderWay:
    """What has been done of an epoch: batches taken, seconds without pauses, and totals.

    `learning_rate` is that of the last batch.
    """

    batch: int = 0
    seconds: float = 0.0
    learning_rate: float = 0.0
    running: Sums = field(default_factory=Sums)


@dataclass(frozen=True)
class Place:
    """Where a training stands: epochs done, the base learning rate, and the best weights so far.

    `best_weights` are the model's variables after its best epoch, where early stopping keeps them;
    `under_way` is what has been done of the epoch after.
    """

    epochs: int
    base_learning_rate: float
    best_weights: Sequence[npt.NDArray[Any]] | None = None
    under_way: UnderWay = field(default_factory=UnderWay)


def pack_checkpoint(model: keras.Model, place: Place) -> Arrays:
    """The model's and its optimizer's variables, and `place`, by name."""
    arrays = {name: variable.numpy() for name, variable in _variables(model).items()}
    arrays |= {f"best/{number}": value for number, value in enumerate(place.best_weights or ())}
    if place.under_way.batch:
        *numbers, sums = astuple(place.under_way)
        arrays["under_way"] = np.array([*numbers, *sums], np.float64)
    return arrays | {
        "epochs": np.array(place.epochs),
        "base_learning_rate": np.array(place.base_learning_rate),
    }


def pack_pause(model: keras.Model, place: Place, checkpoint: Mapping[str, Any] | None) -> Arrays:
    """The last checkpoint, if there is one, and beside it the place in the midst of an epoch."""
    paused = pack_checkpoint(model, place)
    return dict(checkpoint or {}) | {_PAUSED + name: value for name, value in paused.items()}


def unpack_pause(arrays: Mapping[str, npt.NDArray[Any]]) -> Arrays:
    """Of what `pack_pause` gave, the arrays of the place in the midst of an epoch; else none."""
    return {
        name.removeprefix(_PAUSED): value
        for name, value in arrays.items()
        if name.startswith(_PAUSED)
    }


def unpack_checkpoint(arrays: Mapping[str, npt.NDArray[Any]], model: keras.Model) -> Place | None:
    """Assign the variables to a freshly built `model` and return the place.

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
    under_way = UnderWay()
    if "under_way" in arrays:
        batch, seconds, rate, images, loss, correct = arrays["under_way"].tolist()
        under_way = UnderWay(int(batch), seconds, rate, Sums(int(images), loss, correct))
    base_rate = float(arrays["base_learning_rate"])
    return Place(int(arrays["epochs"]), base_rate, best or None, under_way)


def _variables(model: keras.Model) -> dict[str, Any]:
    owners = {"model": model, "optimizer": model.optimizer}
    return {
        f"{owner}/{number}": variable
        for owner, holder in owners.items()
        for number, variable in enumerate(holder.variables)
    }
