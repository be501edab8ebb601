"""What is inside a run's network: its layers, their weights, and what an image sets off in them.

Those of a run take its network as `load_network` finds it after `epoch`, by default as it stands,
and raise what that raises.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import keras
import numpy as np
import pandas as pd
import tensorflow as tf

from core.config import CLASSES, IMAGE_SIDE
from core.config.architecture import hidden_layers
from core.data import Array, Doubles, Floats, Indices, load_mnist
from core.network.load import as_pixels, load_network
from core.runs import Run
from core.runs.run import LARGEST_WEIGHT

_BEFORE_OUTPUT = "before output"


def layer_table(run: Run) -> pd.DataFrame:
    """What Keras's `summary()` and `get_config()` say, a row a layer after the input.

    Columns: name, type, output_shape, parameters, trainable, activation, regularizer; the last two
    missing where a layer has none.
    """
    return pd.DataFrame(
        [
            {
                "name": layer.name,
                "type": type(layer).__name__,
                "output_shape": str(layer.output.shape),
                "parameters": layer.count_params(),
                "trainable": layer.trainable,
                "activation": layer.get_config().get("activation"),
                "regularizer": _regularizer(layer),
            }
            for layer in load_network(run).layers
        ]
    )


def layer_configs(run: Run) -> dict[str, dict[str, Any]]:
    """The full configuration of each layer by its name, as Keras's `get_config()` gives it."""
    return {layer.name: layer.get_config() for layer in load_network(run).layers}


def first_layer_weights(
    run: Run, epoch: int | None = None, first: int = 0, count: int | None = None
) -> tuple[Floats, Indices, Doubles]:
    """The first layer's weights as pictures, float32 (units, 28, 28), each unit's number and norm.

    The unit with the largest Euclidean norm in the network as it stands comes first, so that a unit
    keeps its place over the epochs; skips `first` units, and returns `count`, by default all that
    follow. A weight of an earlier epoch that was too large to be kept is infinite.
    """
    final, kernel = (
        keras.ops.convert_to_numpy(load_network(run, after).trainable_variables[0])
        for after in (None, epoch)
    )
    if epoch not in {None, run.network_epoch}:
        kernel = np.where(np.abs(kernel) < LARGEST_WEIGHT, kernel, np.copysign(np.inf, kernel))
    order = np.argsort(-_column_norms(final), kind="stable")
    units, norms = order[first:][:count], _column_norms(kernel)
    return kernel.T[units].reshape(-1, IMAGE_SIDE, IMAGE_SIDE), units, norms[units]


def weight_histograms(run: Run, epoch: int | None = None, bins: int = 50) -> pd.DataFrame:
    """Histograms of every array of weights: layer, weights (kernel, bias, ...), low, high, count.

    `bins` rows for each, of equal width from its smallest to its largest finite value.
    """
    return pd.concat(
        [
            _histogram(keras.ops.convert_to_numpy(weights), bins).assign(
                layer=layer.name, weights=weights.name
            )
            for layer in load_network(run, epoch).layers
            for weights in layer.weights
        ],
        ignore_index=True,
    )[["layer", "weights", "low", "high", "count"]]


def dead_units(run: Run, epoch: int | None = None, images: Array | None = None) -> pd.DataFrame:
    """Units of each hidden layer that never fire: layer, units, dead, share (0 to 1).

    A unit is dead if its output is the same for all `images` (the test set by default): for ReLU,
    always zero. It then tells the next layer nothing.
    """
    images = load_mnist().x_test if images is None else images
    outputs = _all_outputs(load_network(run, epoch))(as_pixels(images), training=False)
    rows = []
    for name in hidden_layers(run.config):
        values = keras.ops.convert_to_numpy(outputs[name])
        dead = (values == values[:1]).all(axis=0)
        rows.append((name, len(dead), int(dead.sum()), float(dead.mean())))
    return pd.DataFrame(rows, columns=["layer", "units", "dead", "share"])


def activations_and_gradient(
    model: keras.Sequential, image: Array, digit: int | None = None
) -> tuple[dict[str, Floats], Floats]:
    """What each layer gives for one image, and which pixels speak for `digit`, or for the answer.

    `image` is uint8 (28, 28), or floats in [0, 1]. Of each layer float32 (units,) by its name, in
    order, without dropout, which does nothing in inference mode. Of the pixels gradient times
    input, float32 (28, 28), positive where a pixel speaks for the digit: the gradient of the class
    score before softmax, whose own would vanish where the network is sure (Simonyan et al. 2013;
    times input: Shrikumar et al. 2016). Raises ValueError for several images, or for no digit.
    """
    if digit is not None and digit not in range(CLASSES):
        raise ValueError(f"{digit!r} is no digit; choose 0 to {CLASSES - 1}")
    output, names = model.layers[-1], [layer.name for layer in _layers_without_dropout(model)]
    pixels = tf.constant(as_pixels(image))
    if len(pixels) != 1:
        raise ValueError(f"expected one image, not {len(pixels)}")
    with tf.GradientTape() as tape:
        tape.watch(pixels)
        values = _all_outputs(model)(pixels, training=False)
        scores = values[_BEFORE_OUTPUT] @ output.kernel + output.bias
        score = tf.reduce_max(scores) if digit is None else scores[0, digit]
    gradient: Floats = keras.ops.convert_to_numpy(tape.gradient(score, pixels) * pixels)
    found = {name: np.asarray(values[name][0], np.float32) for name in names}
    return found, gradient.reshape(IMAGE_SIDE, IMAGE_SIDE)


@lru_cache(maxsize=8)
def _all_outputs(model: keras.Sequential) -> keras.Model:
    """`model` with what each layer gives, by its name, and what the last one is given."""
    outputs = {layer.name: layer.output for layer in _layers_without_dropout(model)}
    return keras.Model(model.inputs[0], outputs | {_BEFORE_OUTPUT: model.layers[-1].input})


def _column_norms(kernel: Floats) -> Doubles:
    """The Euclidean norms of its columns: as float64, in which the squares of float32 fit."""
    norms: Doubles = np.linalg.norm(kernel.astype(np.float64), axis=0)
    return norms


def _regularizer(layer: keras.Layer) -> str | None:
    """Such as "L2 0.0001"; only kernels are ever penalised."""
    regularizer = getattr(layer, "kernel_regularizer", None)
    if regularizer is None:
        return None
    values = " ".join(f"{value:g}" for value in regularizer.get_config().values())
    return f"{type(regularizer).__name__} {values}"


def _histogram(values: Array, bins: int) -> pd.DataFrame:
    # As float64, which has room for twice what float32 has.
    counts, edges = np.histogram(values[np.isfinite(values)].astype(np.float64), bins)
    return pd.DataFrame({"low": edges[:-1], "high": edges[1:], "count": counts})


def _layers_without_dropout(model: keras.Sequential) -> Iterator[keras.Layer]:
    return (layer for layer in model.layers if not isinstance(layer, keras.layers.Dropout))
