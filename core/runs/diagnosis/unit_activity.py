"""How much the hidden units of a run's network still do, epoch by epoch, from its kept weights.

Computed with NumPy: neither Keras nor a worker is needed, so a page may ask while a run trains.
"""

from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd

from core.config import PIXELS, Activation, RunConfig
from core.config.architecture import hidden_layers
from core.data import Array, Floats, Images, load_mnist
from core.runs.browser_weights import fold_layers
from core.runs.run import Run

SATURATED = 0.95
"""A tanh is saturated beyond this or its negative, where its slope is below a tenth of the largest;
a sigmoid where it is as close to 0 or 1, as a share of its range (LeCun and others 1998, "Efficient
BackProp", on why units must stay out of there)."""
IMAGES = 1_000
"""The first of the test images, on which units are judged."""
_MAX_EPOCHS = 12

_ACTIVATIONS: dict[Activation, Callable[[Floats], Array]] = {
    Activation.RELU: lambda sums: np.maximum(sums, 0),
    Activation.TANH: np.tanh,
    Activation.SIGMOID: lambda sums: 1 / (1 + np.exp(-np.clip(sums, -60, 60))),
}
"""Of what may die or saturate; units of another kind do neither."""


def read_unit_activity(run: Run) -> pd.DataFrame:
    """A row for each hidden layer after up to twelve of the kept epochs, the first and last too.

    Columns: epoch, layer (its name), units, dead, saturated; the last two are shares, 0 to 1, over
    IMAGES test images. A unit is dead if it gives 0 to every image, as only ReLU can; `saturated`
    is the share of a layer's answers beyond SATURATED. Empty for other activations, without a
    hidden layer, and where no weights are kept. Raises what `Run.weights` and `load_mnist` raise.
    """
    config, rows = run.config, []
    if config.hidden and config.activation in _ACTIVATIONS:
        epochs = run.weights()[0].tolist()
        for place in _spread(len(epochs)):
            rows += _read_epoch(run.path, place, epochs[place])
    return pd.DataFrame(rows, columns=["epoch", "layer", "units", "dead", "saturated"])


def _spread(count: int) -> list[int]:
    """Up to _MAX_EPOCHS of `count` places with the first and the last, the others at even steps.

    Mostly the same ones for one place more.
    """
    step = -(-count // (_MAX_EPOCHS - 1)) or 1
    return sorted({*range(0, count, step), count - 1} - {-1})


@lru_cache(maxsize=4096)
def _read_epoch(path: Path, place: int, epoch: int) -> list[tuple[int, str, int, float, float]]:
    """The rows of one kept epoch, which is not kept otherwise again: each is computed once."""
    run = Run(path)
    config, weights = run.config, run.weights()[1][place].astype(np.float32)
    return [
        (epoch, layer, values.shape[1], *_judge(config, values))
        for layer, values in hidden_values(config, weights, load_mnist().x_test[:IMAGES])
    ]


def hidden_values(
    config: RunConfig, weights: Floats, images: Images
) -> Iterator[tuple[str, Array]]:
    """Of each hidden layer its name and what it gives to the images, (images, units)."""
    values: Array = images.reshape(-1, PIXELS) / np.float32(255)
    layers = fold_layers(config, weights)[:-1]
    for name, (kernel, bias) in zip(hidden_layers(config), layers, strict=True):
        values = _ACTIVATIONS[config.activation](values @ kernel + bias)
        yield name, values


def _judge(config: RunConfig, values: Array) -> tuple[float, float]:
    """The share of dead units, and that of saturated answers."""
    if config.activation is Activation.RELU:
        return float((values <= 0).all(axis=0).mean()), 0.0
    spread = values if config.activation is Activation.TANH else 2 * values - 1
    return 0.0, float((np.abs(spread) > SATURATED).mean())
