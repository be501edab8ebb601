"""The training loss of one and the same network with dropout on, as while it fits, and off."""

import keras
import numpy as np

from core.config import RunConfig
from core.data import Doubles, Floats, load_mnist, one_hot, scale_images, split_indices
from core.network.build import build_model
from core.network.load import load_network_and_epoch
from core.runs import Run

_MAX_OPERATIONS = 1e12
"""At most this many are spent: some 15 s on two cores."""
_BLOCK = 4096


def dropout_losses(run: Run, draws: int = 5) -> tuple[int, int, float, Doubles]:
    """Measure the loss over the training images, L2 penalty included, as a history has it.

    Returns the epoch whose weights the network has; of how many training images the losses are;
    the loss in inference mode; and the losses in training mode, float64 (draws,), each with other
    units switched off, as the run's seed has it. In training mode batch normalisation goes by each
    batch's own statistics: the batches are as large as the run's. Raises what `load_network`
    raises.
    """
    network, epoch = load_network_and_epoch(run)
    model = build_model(run.config)  # a copy: training mode moves what the shared one has
    model.set_weights(network.get_weights())
    pixels, labels = _training_images(run.config, model.count_params() * (draws + 1))
    block = run.config.batch_size if run.config.batch_normalization else _BLOCK
    off = _measure(model, pixels, labels, _BLOCK, training=False)
    on = [_measure(model, pixels, labels, block, training=True) for _ in range(draws)]
    return epoch, len(pixels), off, np.array(on)


def _training_images(config: RunConfig, operations: int) -> tuple[Floats, Floats]:
    """The images that the run learns from, (n, 784), and their labels: all of them, or fewer, if
    each takes so many `operations`, multiply-adds, that it would be too much work.
    """
    indices = split_indices(config)[0][: max(int(_MAX_OPERATIONS / operations / 2), 1)]
    mnist = load_mnist()
    return scale_images(mnist.x_train[indices]), one_hot(mnist.y_train[indices])


def _measure(
    model: keras.Sequential, pixels: Floats, labels: Floats, block: int, *, training: bool
) -> float:
    total = 0.0
    for start in range(0, len(pixels), block):
        outputs = model(pixels[start : start + block], training=training)
        losses = keras.losses.categorical_crossentropy(labels[start : start + block], outputs)
        total += float(keras.ops.sum(losses))
    return total / len(pixels) + sum(float(penalty) for penalty in model.losses)
