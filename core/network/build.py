"""RunConfig -> a compiled keras.Model, with every random draw taken from the run's seed."""

import keras
import numpy as np

from core.config import MOMENTUM, PIXELS, Optimizer, Precision, RunConfig
from core.config.architecture import Layer, LayerKind, describe_layers
from core.data import Floats

_POLICIES = {Precision.FLOAT32: "float32", Precision.BFLOAT16: "mixed_bfloat16"}


def build_model(config: RunConfig) -> keras.Sequential:
    """Build and compile the network of `config`: (n, 784) float32 in [0, 1] to (n, 10) softmax.

    Weights start Glorot-uniform, as Keras's default, but each layer draws from a seed of its own,
    derived from `config.seed`: nothing depends on what else the process has drawn.
    """
    layers = describe_layers(config)
    seeds = np.random.SeedSequence(config.seed).generate_state(len(layers)).tolist()
    model = keras.Sequential(
        [
            keras.Input((PIXELS,), name="pixels"),
            *(_build_layer(layer, config, seed) for layer, seed in zip(layers, seeds, strict=True)),
        ]
    )
    model.compile(
        optimizer=build_optimizer(config),
        loss=keras.losses.CategoricalCrossentropy(),
        metrics=[keras.metrics.CategoricalAccuracy(name="accuracy")],
    )
    return model


def build_optimizer(config: RunConfig) -> keras.optimizers.Optimizer:
    """The optimizer of `config` at its initial learning rate; the schedule is the training's."""
    rate = config.learning_rate
    match config.optimizer:
        case Optimizer.ADAM:
            return keras.optimizers.Adam(rate)
        case Optimizer.SGD:
            return keras.optimizers.SGD(rate)
        case Optimizer.SGD_MOMENTUM:
            return keras.optimizers.SGD(rate, momentum=MOMENTUM)
        case Optimizer.RMSPROP:
            return keras.optimizers.RMSprop(rate)


def flatten_weights(model: keras.Model) -> Floats:
    """Every layer's weights one after another: float32 (parameters,)."""
    return np.concatenate([weights.numpy().ravel() for weights in model.weights])


def _build_layer(layer: Layer, config: RunConfig, seed: int) -> keras.Layer:
    # The probabilities are float32 in any case, as Keras advises.
    policy = "float32" if layer.name == "output" else _POLICIES[config.precision]
    match layer.kind:
        case LayerKind.DENSE:
            penalised = config.l2 and layer.name != "output"
            return keras.layers.Dense(
                layer.units,
                activation=layer.activation,
                kernel_initializer=keras.initializers.GlorotUniform(seed=seed),
                kernel_regularizer=keras.regularizers.L2(config.l2) if penalised else None,
                dtype=policy,
                name=layer.name,
            )
        case LayerKind.BATCH_NORMALIZATION:
            return keras.layers.BatchNormalization(dtype=policy, name=layer.name)
        case LayerKind.ACTIVATION:
            return keras.layers.Activation(layer.activation, dtype=policy, name=layer.name)
        case LayerKind.DROPOUT:
            return keras.layers.Dropout(layer.rate, seed=seed, dtype=policy, name=layer.name)
