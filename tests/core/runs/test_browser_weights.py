"""A network as a browser computes it: as dense layers alone, against Keras; and its bytes."""

from collections.abc import Sequence

import keras
import numpy as np
import pytest

from core.config import Activation, RunConfig
from core.data import load_mnist, scale_images
from core.network.build import build_model, flatten_weights
from core.runs import Run
from core.runs.browser_weights import fold_layers, kept_browser_weights, pack_weights

IMAGES = scale_images(load_mnist().x_test[:200])
DEPTHS = [(), (64,), (40, 30), (24, 20, 16), (20, 18, 16, 14, 12, 10)]


Layers = Sequence[tuple[np.ndarray, np.ndarray]]


def answer(layers: Layers, activation: str, pixels: np.ndarray) -> np.ndarray:
    """Dense layers with an activation between them, and softmax at the end."""
    values = pixels
    for kernel, bias in layers[:-1]:
        values = getattr(keras.activations, activation)(values @ kernel + bias)
    kernel, bias = layers[-1]
    scores = values @ kernel + bias
    return keras.ops.convert_to_numpy(keras.ops.softmax(scores))


def build_network(config: RunConfig) -> keras.Sequential:
    """A network as if it had learned something: no bias, mean or variance is as it began."""
    model = build_model(config)
    rng = np.random.default_rng(0)
    for weights in model.weights:
        if len(weights.shape) == 1:
            weights.assign(rng.uniform(0.3, 1.5, weights.shape) * weights.numpy().max(initial=0.5))
    return model


@pytest.mark.parametrize("activation", list(Activation))
@pytest.mark.parametrize("batch_normalization", [False, True])
def test_folded_layers_answer_as_keras_does(activation: str, batch_normalization: bool) -> None:
    for hidden in DEPTHS:
        config = RunConfig(
            hidden=hidden,
            activation=activation,
            batch_normalization=batch_normalization,
            dropout=0.3,
            input_dropout=0.1,
        )
        model = build_network(config)
        layers = fold_layers(config, flatten_weights(model))
        shapes = [kernel.shape for kernel, _ in layers]
        assert shapes == list(zip((784, *hidden), (*hidden, 10), strict=True))
        expected = keras.ops.convert_to_numpy(model(IMAGES, training=False))
        np.testing.assert_allclose(answer(layers, activation, IMAGES), expected, atol=1e-5)


def test_of_a_plain_network_the_bytes_are_the_weights_kept_after_an_epoch(trained: Run) -> None:
    epochs, weights = trained.weights()
    for epoch, kept in zip(epochs.tolist(), weights, strict=True):
        content = kept_browser_weights(trained, epoch)
        assert content is not None
        np.testing.assert_array_equal(np.frombuffer(content, "<f2"), kept)
    assert kept_browser_weights(trained, 99) is None


def test_what_is_beyond_float16_is_its_largest_number() -> None:
    config = RunConfig(hidden=(2,))
    weights = flatten_weights(build_model(config))
    weights[784 * 2 : 784 * 2 + 2] = 1e30, -1e30
    values = np.frombuffer(pack_weights(config, weights), "<f2")
    assert values[784 * 2 : 784 * 2 + 2].tolist() == [65504, -65504]
