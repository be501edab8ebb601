"""A network as a browser computes it: as dense layers alone, against Keras; and its bytes."""

from collections.abc import Callable, Sequence

import keras
import numpy as np
import pytest

from core.config import Activation, RunConfig
from core.data import load_mnist, scale_images
from core.network.browser import DenseLayer, browser_weights, fold_layers
from core.network.build import build_model
from core.network.load import load_network
from core.runs import Run
from core.runs.errors import RunError

IMAGES = scale_images(load_mnist().x_test[:200])
DEPTHS = [(), (64,), (40, 30), (24, 20, 16), (20, 18, 16, 14, 12, 10)]


def answer(layers: Sequence[DenseLayer], activation: str, pixels: np.ndarray) -> np.ndarray:
    """Dense layers with an activation between them, and softmax at the end."""
    values = pixels
    for layer in layers[:-1]:
        values = getattr(keras.activations, activation)(values @ layer.kernel + layer.bias)
    scores = values @ layers[-1].kernel + layers[-1].bias
    return keras.ops.convert_to_numpy(keras.ops.softmax(scores))


def build_network(**values: object) -> keras.Sequential:
    """A network as if it had learned something: no bias, mean or variance is as it began."""
    model = build_model(RunConfig.model_validate(values))
    rng = np.random.default_rng(0)
    for weights in model.weights:
        if len(weights.shape) == 1:
            weights.assign(rng.uniform(0.3, 1.5, weights.shape) * weights.numpy().max(initial=0.5))
    return model


@pytest.mark.parametrize("activation", list(Activation))
@pytest.mark.parametrize("batch_normalization", [False, True])
def test_folded_layers_answer_as_keras_does(activation: str, batch_normalization: bool) -> None:
    for hidden in DEPTHS:
        model = build_network(
            hidden=hidden,
            activation=activation,
            batch_normalization=batch_normalization,
            dropout=0.3,
            input_dropout=0.1,
        )
        layers = fold_layers(model)
        assert [layer.kernel.shape for layer in layers] == list(
            zip((784, *hidden), (*hidden, 10), strict=True)
        )
        expected = keras.ops.convert_to_numpy(model(IMAGES, training=False))
        np.testing.assert_allclose(answer(layers, activation, IMAGES), expected, atol=1e-5)


def test_bytes_are_kernel_and_bias_of_each_layer_in_order(trained: Run) -> None:
    values = np.frombuffer(browser_weights(trained, trained.network_epoch), "<f2")
    for layer in fold_layers(load_network(trained)):
        kernel, bias, values = np.split(values, np.cumsum([layer.kernel.size, layer.bias.size]))
        np.testing.assert_allclose(kernel.reshape(layer.kernel.shape), layer.kernel, atol=1e-3)
        np.testing.assert_allclose(bias, layer.bias, atol=1e-3)
    assert not values.size


def test_bytes_of_an_earlier_epoch_are_of_the_weights_kept_then(trained: Run) -> None:
    epochs, weights = trained.weights()
    first = np.frombuffer(browser_weights(trained, int(epochs[0])), "<f2")
    np.testing.assert_array_equal(first, weights[0])
    with pytest.raises(RunError):
        browser_weights(trained, 99)


def test_what_is_beyond_float16_is_its_largest_number(
    untrained: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    model = build_model(RunConfig(hidden=(2,)))
    model.layers[0].bias.assign([1e30, -1e30])
    monkeypatch.setattr("core.network.browser.load_network", lambda run, epoch: model)
    values = np.frombuffer(browser_weights(untrained(hidden=(2,)), 1), "<f2")
    assert values[784 * 2 : 784 * 2 + 2].tolist() == [65504, -65504]
