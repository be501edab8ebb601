from typing import Any

import pytest

from core.config import RunConfig
from core.config.architecture import LayerKind, count_parameters, describe_layers, hidden_layers
from core.network.build import build_model

CONFIGS: list[dict[str, Any]] = [
    {},
    {"hidden": ()},
    {"hidden": (), "dropout": 0.5, "batch_normalization": True},
    {"hidden": (7,), "dropout": 0.5},
    {"hidden": (5, 4, 3), "batch_normalization": True},
    {"hidden": (32, 16), "batch_normalization": True, "dropout": 0.2, "l2": 1e-3},
    {"hidden": (8,) * 6, "activation": "gelu"},
    {"hidden": (8,), "input_dropout": 0.2},
]


@pytest.mark.parametrize("fields", CONFIGS)
def test_layers_and_parameters_are_those_that_keras_builds(fields: dict[str, Any]) -> None:
    config = RunConfig(**fields)
    model = build_model(config)
    layers = describe_layers(config)
    assert [(layer.name, layer.parameters) for layer in layers] == [
        (layer.name, layer.count_params()) for layer in model.layers
    ]
    assert [layer.units for layer in layers] == [layer.output.shape[1] for layer in model.layers]
    assert count_parameters(config) == model.count_params()


def test_notebooks_network_has_the_notebooks_parameters() -> None:
    layers = describe_layers(RunConfig(hidden=(512, 256)))
    assert [layer.parameters for layer in layers] == [401_920, 131_328, 2_570]
    assert count_parameters(RunConfig(hidden=(512, 256))) == 535_818


def test_order_of_layers() -> None:
    config = RunConfig(hidden=(8, 4), batch_normalization=True, dropout=0.5, activation="tanh")
    block = [
        (LayerKind.DENSE, None),
        (LayerKind.BATCH_NORMALIZATION, None),
        (LayerKind.ACTIVATION, "tanh"),
        (LayerKind.DROPOUT, None),
    ]
    assert [(layer.kind, layer.activation) for layer in describe_layers(config)] == [
        *block,
        *block,
        (LayerKind.DENSE, "softmax"),
    ]


def test_activation_belongs_to_the_dense_layer_without_batch_normalization() -> None:
    layers = describe_layers(RunConfig(hidden=(8,), activation="elu"))
    assert [(layer.name, layer.activation) for layer in layers] == [
        ("hidden_1", "elu"),
        ("output", "softmax"),
    ]


def test_input_dropout_comes_first_with_its_own_rate() -> None:
    layers = describe_layers(RunConfig(hidden=(8,), input_dropout=0.2, dropout=0.5))
    assert [(layer.name, layer.units, layer.rate) for layer in layers] == [
        ("input_dropout", 784, 0.2),
        ("hidden_1", 8, 0),
        ("dropout_1", 8, 0.5),
        ("output", 10, 0),
    ]


def test_names_are_unique() -> None:
    layers = describe_layers(RunConfig(hidden=(8,) * 6, batch_normalization=True, dropout=0.1))
    assert len({layer.name for layer in layers}) == len(layers) == 6 * 4 + 1


@pytest.mark.parametrize(
    ("config", "names"),
    [
        ({"hidden": (8, 4), "dropout": 0.5}, ("hidden_1", "hidden_2")),
        ({"hidden": (8, 4), "batch_normalization": True}, ("activation_1", "activation_2")),
        ({"hidden": ()}, ()),
    ],
)
def test_hidden_layers(config: dict[str, Any], names: tuple[str, ...]) -> None:
    assert hidden_layers(RunConfig(**config)) == names
