"""Computes networks' answers to a drawing, on a worker. Caches what takes long.

Images are float32 (28, 28) as `drawing.to_mnist` prepares them.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from core.config import CLASSES, PIXELS, RunConfig
from core.config.architecture import PIXELS_LAYER, hidden_layers
from core.data import Array, Floats, Indices, Mask, load_mnist, split_indices
from core.drawing.answers import Neighbours, Reading, RunAnswer
from core.network.build import build_model
from core.network.inspect import activations_and_gradient
from core.network.load import (
    as_pixels,
    layer_features,
    layer_outputs,
    load_network,
    load_parent_network,
)
from core.runs import Run
from core.runs.errors import RunError

_MAX_FEATURES = 16_000_000
"""At most this many features are kept of a network's training images: 64 MB."""
_MAX_IMAGES = 15_000
"""At most this many training images are searched: a network that is new is asked about each."""
_NEIGHBOURS = 5


def read_image(run: Run, epoch: int, image: Array, digit: int | None = None) -> Reading:
    """What the run's network after `epoch` makes of an image, and the evidence for `digit`.

    By default for its answer. Raises what `load_network` and `activations_and_gradient` raise.
    """
    values, evidence = activations_and_gradient(load_network(run, epoch), image, digit)
    activations = {name: values[name] for name in hidden_layers(run.config)}
    return Reading(values["output"], activations, evidence)


def answers_by_run(runs: Sequence[Run], image: Floats) -> tuple[RunAnswer, ...]:
    """The answer of each run's network as it stands, or why there is none."""
    return tuple(_answer(run, image) for run in runs)


def answers_by_epoch(run: Run, image: Floats) -> tuple[Indices, Floats]:
    """The epochs whose weights the run keeps, (n,), and its answers after them, (n, 10).

    The weights are rounded to float16, which moves an answer by less than 0.01.
    """
    epochs, _ = run.weights()
    if not len(epochs):
        return epochs, np.empty((0, CLASSES), np.float32)
    answers = _replay(run.config)(_weights(run.path, len(epochs)), tf.constant(as_pixels(image)))
    return epochs, answers.numpy()


def nearest_images(run: Run, epoch: int, image: Floats) -> Neighbours:
    """The training images whose last hidden layer, after `epoch`, is nearest to the image's.

    Searched are the first 15,000 of the run's training images, or as many as give 16 million
    features; without a hidden layer their pixels.
    """
    indices, features, squares = _training_features(run.path, epoch)
    own = _features(run, epoch, image)[0]
    squared = np.maximum(squares - 2 * (features @ own) + own @ own, 0)
    nearest = np.argpartition(squared, _NEIGHBOURS)[:_NEIGHBOURS]
    nearest = nearest[np.argsort(squared[nearest], kind="stable")]
    return Neighbours(indices[nearest], np.sqrt(squared[nearest]), len(indices))


def predict(run: Run, images: Array, epoch: int | None = None) -> Floats:
    """The answers of the run's network: images (n, 28, 28) to float32 (n, 10).

    As it stands, or after `epoch`. Raises what `load_network` raises.
    """
    return layer_outputs(load_network(run, epoch), "output", images)


def predict_before(run: Run, images: Array) -> Floats:
    """As `predict`, by the network that the run started from. Raises what loading it raises."""
    return layer_outputs(load_parent_network(run), "output", images)


def right_before(run: Run) -> Mask:
    """Which test images the network got right that the run started from: bool (10000,)."""
    mnist = load_mnist()
    right: Mask = predict_before(run, mnist.x_test).argmax(axis=1) == mnist.y_test
    return right


def _answer(run: Run, image: Floats) -> RunAnswer:
    try:
        return RunAnswer(run.id, predict(run, image)[0])
    except RunError as error:
        return RunAnswer(run.id, None, str(error))


@lru_cache(maxsize=2)
def _training_features(path: Path, epoch: int) -> tuple[Indices, Floats, Array]:
    """Indices of the run's training images, their features (n, units), and each one's square."""
    run = Run(path)
    units = (PIXELS, *run.config.hidden)[-1]
    indices = split_indices(run.config)[0][: min(_MAX_IMAGES, _MAX_FEATURES // units)]
    features = _features(run, epoch, load_mnist().x_train[indices])
    return indices, features, np.einsum("ij,ij->i", features, features)


def _features(run: Run, epoch: int, images: Array) -> Floats:
    """The last hidden layer's, (n, units); without a hidden layer, the pixels."""
    return layer_features(run, (PIXELS_LAYER, *hidden_layers(run.config))[-1], images, epoch)


@lru_cache(maxsize=2)
def _weights(path: Path, epochs: int) -> tf.Tensor:
    """The run's first `epochs` kept weights, float16 (epochs, parameters)."""
    return tf.constant(Run(path).weights()[1][:epochs])


@lru_cache(maxsize=8)
def _replay(config: RunConfig) -> Callable[[tf.Tensor, tf.Tensor], tf.Tensor]:
    """Kept weights (n, parameters) and pixels (1, 784) to the answers that they give, (n, 10)."""
    model = build_model(config)
    sizes = [int(np.prod(variable.shape)) for variable in model.weights]

    def answer(flat: tf.Tensor, pixels: tf.Tensor) -> tf.Tensor:
        parts = tf.split(tf.cast(flat, tf.float32), sizes)
        values = [
            (variable, tf.reshape(part, variable.shape))
            for variable, part in zip(model.weights, parts, strict=True)
        ]
        with keras.StatelessScope(state_mapping=values):
            return model(pixels, training=False)[0]

    replay: Callable[[tf.Tensor, tf.Tensor], tf.Tensor] = tf.function(
        lambda stored, pixels: tf.map_fn(
            lambda flat: answer(flat, pixels), stored, fn_output_signature=tf.float32
        ),
        input_signature=[
            tf.TensorSpec((None, sum(sizes)), tf.float16),
            tf.TensorSpec((1, PIXELS), tf.float32),
        ],
    )
    return replay
