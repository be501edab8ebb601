"""What a training carries from one epoch to the next, as arrays and back.

Every variable of model and optimizer goes in, the seed states of dropout included, which Keras's
own saving leaves out: only so does a restored training go on identically, to the bit.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

Arrays = dict[str, npt.NDArray[Any]]


@dataclass(frozen=True)
class Place:
    """Where a training stands: epochs done, the base learning rate, and the best weights so far.

    `best_weights` are the model's variables after its best epoch, where early stopping keeps them.
    """

    epochs: int
    base_learning_rate: float
    best_weights: Sequence[npt.NDArray[Any]] | None = None


def pack_checkpoint(model: keras.Model, place: Place) -> Arrays:
    """The model's and its optimizer's variables, and `place`, by name."""
    arrays = {name: variable.numpy() for name, variable in _variables(model).items()}
    arrays |= {f"best/{number}": value for number, value in enumerate(place.best_weights or ())}
    return arrays | {
        "epochs": np.array(place.epochs),
        "base_learning_rate": np.array(place.base_learning_rate),
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
    return Place(int(arrays["epochs"]), float(arrays["base_learning_rate"]), best or None)


def _variables(model: keras.Model) -> dict[str, Any]:
    owners = {"model": model, "optimizer": model.optimizer}
    return {
        f"{owner}/{number}": variable
        for owner, holder in owners.items()
        for number, variable in enumerate(holder.variables)
    }
