"""A run's network as a browser computes it: dense layers alone, their weights as bytes."""

from typing import NamedTuple

import keras
import numpy as np

from core.data import Floats
from core.network.load import load_network
from core.runs import Run
from core.runs.run import LARGEST_WEIGHT


class DenseLayer(NamedTuple):
    """`inputs @ kernel + bias`, before the activation."""

    kernel: Floats
    """float32 (inputs, units)"""
    bias: Floats
    """float32 (units,)"""


def fold_layers(model: keras.Sequential) -> list[DenseLayer]:
    """The dense layers that give what `model` does in inference mode.

    Dropout does nothing then. Batch normalisation scales and shifts each unit of the layer before
    it, by its moving mean and variance (Ioffe and Szegedy 2015), and so goes into that layer's
    weights.
    """
    folded: list[DenseLayer] = []
    for layer in model.layers:
        if isinstance(layer, keras.layers.Dense):
            folded.append(DenseLayer(*map(keras.ops.convert_to_numpy, (layer.kernel, layer.bias))))
        elif isinstance(layer, keras.layers.BatchNormalization):
            gamma, beta, mean, variance = map(keras.ops.convert_to_numpy, layer.weights)
            scale = gamma / np.sqrt(variance + np.float32(layer.epsilon))
            kernel, bias = folded.pop()
            folded.append(DenseLayer(kernel * scale, (bias - mean) * scale + beta))
    return folded


def browser_weights(run: Run, epoch: int) -> bytes:
    """Kernel and bias of each dense layer of the run's network after `epoch`, in order.

    As little-endian float16, row by row; what is beyond float16 is its largest number. Raises what
    `load_network` raises.
    """
    arrays = [array for layer in fold_layers(load_network(run, epoch)) for array in layer]
    flat = np.concatenate([array.ravel() for array in arrays])
    content: bytes = np.clip(flat, -LARGEST_WEIGHT, LARGEST_WEIGHT).astype("<f2").tobytes()
    return content
