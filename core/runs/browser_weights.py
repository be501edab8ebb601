"""A network's weights as a browser runs it: dense layers alone, two bytes a number."""

import numpy as np

from core.config import PIXELS, RunConfig
from core.config.architecture import LayerKind, describe_layers
from core.data import Array, Floats
from core.runs.run import LARGEST_WEIGHT, Run

_EPSILON = np.float32(1e-3)
"""Keras's, which it adds to the variance."""


def kept_browser_weights(run: Run, epoch: int) -> bytes | None:
    """`pack_weights` of the weights that the run keeps after `epoch`; None if it keeps none."""
    epochs, weights = run.weights()
    found = np.flatnonzero(epochs == epoch)
    return pack_weights(run.config, weights[found[0]].astype(np.float32)) if len(found) else None


def pack_weights(config: RunConfig, weights: Floats) -> bytes:
    """Kernel and bias of each dense layer in order, as little-endian float16, row by row.

    `weights` are all of the network's, (parameters,), as `run.weights` has them. What is beyond
    float16 is its largest number.
    """
    arrays = [array.ravel() for layer in fold_layers(config, weights) for array in layer]
    flat = np.clip(np.concatenate(arrays), -LARGEST_WEIGHT, LARGEST_WEIGHT)
    content: bytes = flat.astype("<f2").tobytes()
    return content


def fold_layers(config: RunConfig, weights: Floats) -> list[tuple[Array, Array]]:
    """The kernel, (inputs, units), and bias, (units,), of dense layers that give what the network
    of `config` with these weights does in inference mode, with its activation between them.

    Dropout does nothing then. Batch normalisation scales and shifts each unit of the layer before
    it by its moving mean and variance (Ioffe and Szegedy 2015), and so goes into that layer's
    weights.
    """
    folded: list[tuple[Array, Array]] = []
    inputs, rest = PIXELS, weights
    for layer in describe_layers(config):
        own, rest = rest[: layer.parameters], rest[layer.parameters :]
        if layer.kind is LayerKind.DENSE:
            kernel, bias = own[: inputs * layer.units], own[inputs * layer.units :]
            folded.append((kernel.reshape(inputs, layer.units), bias))
            inputs = layer.units
        elif layer.kind is LayerKind.BATCH_NORMALIZATION:
            gamma, beta, mean, variance = own.reshape(4, layer.units)
            scale = gamma / np.sqrt(variance + _EPSILON)
            kernel, bias = folded.pop()
            folded.append((kernel * scale, (bias - mean) * scale + beta))
    return folded
