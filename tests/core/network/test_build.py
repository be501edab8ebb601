import keras
import numpy as np
import pytest

from core.config import Activation, RunConfig
from core.config.architecture import describe_layers
from core.network.build import build_model, build_optimizer


def equal_weights(one: keras.Model, other: keras.Model) -> bool:
    pairs = zip(one.get_weights(), other.get_weights(), strict=True)
    return all(np.array_equal(a, b) for a, b in pairs)


def test_same_seed_same_weights() -> None:
    config = RunConfig(hidden=(8, 4), seed=5)
    assert equal_weights(build_model(config), build_model(config))


def test_other_seed_other_kernels() -> None:
    one = build_model(RunConfig(hidden=(8, 4), seed=5))
    other = build_model(RunConfig(hidden=(8, 4), seed=6))
    for ours, theirs in zip(one.layers, other.layers, strict=True):
        assert not np.any(ours.kernel.numpy() == theirs.kernel.numpy())


def test_weights_do_not_depend_on_what_the_process_has_drawn() -> None:
    config = RunConfig(hidden=(8, 4))
    keras.utils.set_random_seed(1)
    one = build_model(config)
    keras.utils.set_random_seed(2)
    keras.random.normal((3,))
    assert equal_weights(one, build_model(config))


def test_dropout_does_not_depend_on_what_the_process_has_drawn() -> None:
    config = RunConfig(hidden=(64,), dropout=0.5)
    image = np.ones((1, 784), np.float32)
    keras.utils.set_random_seed(1)
    one = build_model(config)(image, training=True)
    keras.utils.set_random_seed(2)
    other = build_model(config)(image, training=True)
    np.testing.assert_array_equal(one, other)


def test_layers_of_equal_shape_start_differently() -> None:
    model = build_model(RunConfig(hidden=(32, 32, 32)))
    second, third = model.get_layer("hidden_2"), model.get_layer("hidden_3")
    assert not np.any(second.kernel.numpy() == third.kernel.numpy())


def test_kernels_start_glorot_uniform_and_biases_at_zero() -> None:
    for layer in build_model(RunConfig(hidden=(512, 256))).layers:
        kernel = layer.kernel.numpy()
        limit = np.sqrt(6 / sum(kernel.shape))
        assert np.abs(kernel).max() <= limit
        assert kernel.std() == pytest.approx(limit / np.sqrt(3), rel=0.05)
        assert not layer.bias.numpy().any()


def test_outputs_are_probabilities() -> None:
    images = np.random.default_rng(0).random((20, 784), np.float32)
    outputs = build_model(RunConfig(hidden=(8,))).predict(images, verbose=0)
    assert outputs.shape == (20, 10)
    assert (outputs > 0).all()
    np.testing.assert_allclose(outputs.sum(axis=1), 1, rtol=1e-6)


def test_l2_is_on_hidden_kernels_only() -> None:
    model = build_model(RunConfig(hidden=(8, 4), l2=1e-3, batch_normalization=True))
    hidden = [layer.kernel.numpy() for layer in model.layers if layer.name.startswith("hidden")]
    assert len(model.losses) == len(hidden) == 2
    expected = 1e-3 * sum(np.square(kernel).sum() for kernel in hidden)
    assert float(sum(model.losses)) == pytest.approx(expected, rel=1e-5)


def test_no_l2_no_penalty() -> None:
    assert build_model(RunConfig(hidden=(8, 4), l2=0)).losses == []


def test_dropout_rates() -> None:
    model = build_model(RunConfig(hidden=(8, 4), dropout=0.3, input_dropout=0.1))
    rates = [layer.rate for layer in model.layers if isinstance(layer, keras.layers.Dropout)]
    assert rates == [0.1, 0.3, 0.3]


@pytest.mark.parametrize(
    ("name", "kind", "momentum"),
    [
        ("adam", keras.optimizers.Adam, None),
        ("sgd", keras.optimizers.SGD, 0.0),
        ("sgd-momentum", keras.optimizers.SGD, 0.9),
        ("rmsprop", keras.optimizers.RMSprop, 0.0),
    ],
)
def test_optimizer(name: str, kind: type, momentum: float | None) -> None:
    optimizer = build_optimizer(RunConfig(optimizer=name, learning_rate=0.02))
    assert type(optimizer) is kind
    assert getattr(optimizer, "momentum", None) == momentum
    assert float(optimizer.learning_rate) == pytest.approx(0.02)


def test_model_is_compiled_with_the_optimizer_of_the_config() -> None:
    model = build_model(RunConfig(hidden=(8,), optimizer="sgd-momentum", learning_rate=0.5))
    assert isinstance(model.optimizer, keras.optimizers.SGD)
    assert float(model.optimizer.learning_rate) == 0.5


@pytest.mark.parametrize("activation", Activation)
def test_activation_is_computed(activation: Activation) -> None:
    model = build_model(RunConfig(hidden=(8,), activation=activation))
    layer = model.get_layer("hidden_1")
    images = np.random.default_rng(0).random((5, 784), np.float32)
    z = images @ layer.kernel.numpy()
    expected = {
        "relu": np.maximum(z, 0),
        "tanh": np.tanh(z),
        "sigmoid": 1 / (1 + np.exp(-z)),
        "elu": np.where(z > 0, z, np.exp(z) - 1),
        "gelu": keras.ops.convert_to_numpy(keras.activations.gelu(z)),
    }
    np.testing.assert_allclose(layer(images), expected[activation], atol=1e-5)


def test_dense_then_batch_normalization_then_activation_then_dropout() -> None:
    config = RunConfig(hidden=(8, 4), batch_normalization=True, dropout=0.5, activation="tanh")
    model = build_model(config)
    block = [
        keras.layers.Dense,
        keras.layers.BatchNormalization,
        keras.layers.Activation,
        keras.layers.Dropout,
    ]
    assert [type(layer) for layer in model.layers] == [*block, *block, keras.layers.Dense]
    assert [layer.name for layer in model.layers] == [x.name for x in describe_layers(config)]
    assert model.get_layer("hidden_1").activation is keras.activations.linear
    assert model.get_layer("activation_1").activation is keras.activations.tanh


def test_bfloat16_computes_in_it_keeps_its_weights_and_answers_in_float32() -> None:
    values = {"hidden": (16, 8), "batch_normalization": True, "dropout": 0.2}
    model = build_model(RunConfig(precision="bfloat16", **values))
    plain = build_model(RunConfig(**values))
    assert {variable.dtype for variable in model.trainable_variables} == {"float32"}
    for ours, theirs in zip(model.get_weights(), plain.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    computed = {layer.name: layer.compute_dtype for layer in model.layers}
    assert computed.pop("output") == "float32"
    assert set(computed.values()) == {"bfloat16"}
    images = np.random.default_rng(0).random((50, 784), np.float32)
    answers, expected = (np.asarray(one(images, training=False)) for one in (model, plain))
    assert answers.dtype == np.float32
    np.testing.assert_allclose(answers, expected, atol=0.02)
    assert not np.array_equal(answers, expected)
