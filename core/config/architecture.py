"""Describes a config's layers as plain data: `core.network.build` builds them, pages draw them."""

from dataclasses import dataclass
from enum import StrEnum

from core.config.run_config import CLASSES, PIXELS, RunConfig

PIXELS_LAYER = "pixels"
"""The name of the input among the layers: the raw pixels, to compare with."""


class LayerKind(StrEnum):
    """The kinds of layer that a run's network is made of."""

    DENSE = "dense"
    BATCH_NORMALIZATION = "batch_normalization"
    ACTIVATION = "activation"
    DROPOUT = "dropout"


@dataclass(frozen=True)
class Layer:
    """One layer: its Keras name, output units and parameters (weights and biases).

    `rate` is the share of units that a dropout layer switches off.
    """

    name: str
    kind: LayerKind
    units: int
    parameters: int = 0
    activation: str | None = None
    rate: float = 0.0


def describe_layers(config: RunConfig) -> tuple[Layer, ...]:
    """The layers of `config`'s network after the input, in order.

    Parameters count everything that Keras's `count_params` does: kernels and biases, and of batch
    normalisation the two trained and the two moving vectors.
    """
    layers: list[Layer] = []
    inputs = PIXELS
    if config.input_dropout:
        layers.append(Layer("input_dropout", LayerKind.DROPOUT, PIXELS, rate=config.input_dropout))
    activation = config.activation.value
    for number, units in enumerate(config.hidden, start=1):
        parameters = (inputs + 1) * units
        if config.batch_normalization:
            layers += [
                Layer(f"hidden_{number}", LayerKind.DENSE, units, parameters),
                Layer(
                    f"batch_normalization_{number}",
                    LayerKind.BATCH_NORMALIZATION,
                    units,
                    4 * units,
                ),
                Layer(f"activation_{number}", LayerKind.ACTIVATION, units, activation=activation),
            ]
        else:
            layers.append(Layer(f"hidden_{number}", LayerKind.DENSE, units, parameters, activation))
        if config.dropout:
            name = f"dropout_{number}"
            layers.append(Layer(name, LayerKind.DROPOUT, units, rate=config.dropout))
        inputs = units
    layers.append(Layer("output", LayerKind.DENSE, CLASSES, (inputs + 1) * CLASSES, "softmax"))
    return tuple(layers)


def hidden_layers(config: RunConfig) -> tuple[str, ...]:
    """The name of the layer that gives each hidden layer's activations, from first to last.

    With batch normalisation this is not the dense layer but the activation after it. Dropout does
    nothing in inference mode, and is left out.
    """
    *hidden, _ = (layer.name for layer in describe_layers(config) if layer.activation)
    return tuple(hidden)


def count_parameters(config: RunConfig) -> int:
    """All parameters of the network: 535,818 for 512-256."""
    return sum(layer.parameters for layer in describe_layers(config))
