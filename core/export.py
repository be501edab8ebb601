"""A run as a program of its own, script or notebook, that needs only TensorFlow and NumPy.

It does the arithmetic of `core.data`, `core.model`, `core.steps` and `core.training` in plain code,
and so ends in the run's numbers, to the last digit, on the machine that trained the run.
"""

import json
from importlib.metadata import version
from typing import NamedTuple

from core.architecture import Layer, LayerKind, block_size, count_parameters, describe_layers
from core.config import MOMENTUM, Optimizer, RunConfig, Schedule
from core.run_errors import NoNetworkError
from core.runs import Run
from core.status import State
from core.summary import is_steady

_WIDTH = 100


class Cell(NamedTuple):
    """A part of the program: what it is about, and its code."""

    text: str
    code: str


def export_script(run: Run) -> str:
    """The run as a Python script. Raises NoNetworkError unless the run has ended with a network."""
    first, *rest = _cells(run, path="sys.argv[1] if len(sys.argv) > 1 else None")
    head = f'"""{first.text}\n\nUsage: python {run.id}.py [path of an mnist.npz]\n"""'
    parts = [f"{head}\n\nimport sys\n\n{first.code}"]
    parts += [f"# {cell.text}\n\n{cell.code}" for cell in rest]
    return "\n\n\n".join(parts) + "\n"


def export_notebook(run: Run) -> str:
    """The run as a Jupyter notebook, format 4.5. Raises NoNetworkError as `export_script` does."""
    cells = []
    for number, cell in enumerate(_cells(run, path="None")):
        cells += [
            {
                "cell_type": "markdown",
                "id": f"text-{number}",
                "metadata": {},
                "source": cell.text,
            },
            {
                "cell_type": "code",
                "id": f"code-{number}",
                "metadata": {},
                "source": cell.code,
                "execution_count": None,
                "outputs": [],
            },
        ]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    notebook = {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {"kernelspec": kernel, "language_info": {"name": "python"}},
        "cells": cells,
    }
    return json.dumps(notebook, indent=1)


def is_exact(run: Run) -> bool:
    """Whether the program ends in the run's very numbers: not if a person moved its learning rate.

    Where within an epoch that happened is not kept.
    """
    (rates,) = run.history_columns("base_learning_rate")
    return is_steady(run, rates)


def has_result(run: Run) -> bool:
    """Whether the run has ended with a network that a program can repeat: if it was stopped before
    its first step, there is nothing to repeat.
    """
    status = run.status
    return status.state in {State.FINISHED, State.STOPPED} and bool(status.final_epoch)


def _cells(run: Run, path: str) -> list[Cell]:
    status, history = run.status, run.history
    if not has_result(run):
        raise NoNetworkError(f"run {run.id} has not ended with a network that could be repeated")
    config = run.config
    epochs, last_batches = config.epochs, config.batches
    if status.state is State.STOPPED:  # maybe in the middle of an epoch
        epochs, last_batches = len(history), status.batch or config.batches
    result = history.set_index("epoch").loc[status.final_epoch]
    exact = (
        "On the machine that trained the run it ends in the same numbers, to the last digit."
        if is_exact(run)
        else "A person moved the learning rate while the run trained; the program changes it only\n"
        "from epoch to epoch, so it ends near the run's numbers, not in the same."
    )
    return [
        Cell(
            "A dense network on MNIST: a run of Digit Lab as a program of its own.\n\n"
            "It needs nothing but TensorFlow and NumPy, and was written for the versions "
            f"{version('tensorflow')} and {version('numpy')}.\n{exact}",
            _settings(run, path, epochs),
        ),
        Cell(
            "The data: 60,000 training images, of which some are held out, and 10,000 to test.",
            _DATA,
        ),
        Cell("The network. Each layer draws its numbers from a seed of its own.", _network(config)),
        Cell("One step of training, and the judgement of a whole split.", _steps(config)),
        Cell(
            "Training: every epoch goes through the training images in an order of its own.",
            _training(
                config,
                last_batches,
                is_exact(run),
            ),
        ),
        Cell(
            "The result, beside that of the run.",
            _RESULT.format(
                accuracy=float(result["test_accuracy"]), loss=float(result["test_loss"])
            ),
        ),
    ]


def _settings(run: Run, path: str, epochs: int) -> str:
    config = run.config
    lines = [
        "import numpy as np",
        "import tensorflow as tf",
        "from tensorflow import keras",
        "",
        f"MNIST_PATH = {path}  # without one, Keras downloads MNIST",
        f"NAME = {run.name!r}",
        f"SEED = {config.seed}",
        f"VALIDATION_SIZE = {config.validation_size}",
        f"TRAINING_SIZE = {config.training_size}",
        f"BATCH_SIZE = {config.batch_size}",
        f"BATCHES = {config.batches}",
        f"EPOCHS = {epochs}",
    ]
    if is_exact(run):
        lines.append(f"LEARNING_RATE = {config.learning_rate!r}")
    else:
        rates = [float(rate) for rate in run.history["base_learning_rate"]]
        rates += rates[-1:] * (epochs - len(rates))
        lines.append(f"LEARNING_RATES = {rates!r}")
    if config.early_stopping:
        lines += [f"PATIENCE = {config.patience}", f"MIN_DELTA = {config.min_delta!r}"]
    return "\n".join(lines)


_DATA = '''\
if MNIST_PATH:
    with np.load(MNIST_PATH) as arrays:
        x_train, y_train = arrays["x_train"], arrays["y_train"]
        x_test, y_test = arrays["x_test"], arrays["y_test"]
else:
    (x_train, y_train), (x_test, y_test) = keras.datasets.mnist.load_data()


def prepare(images, labels):
    """Images as rows of 784 numbers from 0 to 1, labels one-hot."""
    x = images.reshape(-1, 784).astype(np.float32) / np.float32(255)
    y = np.eye(10, dtype=np.float32)[labels]
    return tf.constant(x), tf.constant(y)


# The split that scikit-learn's train_test_split draws from the seed.
order = np.random.RandomState(SEED).permutation(len(x_train))
held_out, kept = order[:VALIDATION_SIZE], order[VALIDATION_SIZE:][:TRAINING_SIZE]
x, y = prepare(x_train[kept], y_train[kept])
validation = prepare(x_train[held_out], y_train[held_out])
test = prepare(x_test, y_test)'''


def _network(config: RunConfig) -> str:
    layers = describe_layers(config)
    lines = [f"        {_layer(layer, config, i)}," for i, layer in enumerate(layers)]
    return "\n".join(
        [
            f"seeds = np.random.SeedSequence(SEED).generate_state({len(layers)}).tolist()",
            "model = keras.Sequential(",
            "    [",
            "        keras.Input((784,)),",
            *lines,
            "    ]",
            ")",
            "model.summary()",
        ]
    )


def _layer(layer: Layer, config: RunConfig, place: int) -> str:
    match layer.kind:
        case LayerKind.DENSE:
            parts = [str(layer.units)]
            if layer.activation:
                parts.append(f'"{layer.activation}"')
            parts.append(f"kernel_initializer=keras.initializers.GlorotUniform(seeds[{place}])")
            if config.l2 and layer.name != "output":
                parts.append(f"kernel_regularizer=keras.regularizers.L2({config.l2!r})")
            call = f"keras.layers.Dense({', '.join(parts)})"
            if len(call) > _WIDTH - 10:
                indent = "\n            "
                call = f"keras.layers.Dense({indent}{f',{indent}'.join(parts)},\n        )"
            return call
        case LayerKind.BATCH_NORMALIZATION:
            return "keras.layers.BatchNormalization()"
        case LayerKind.ACTIVATION:
            return f'keras.layers.Activation("{layer.activation}")'
        case LayerKind.DROPOUT:
            return f"keras.layers.Dropout({layer.rate!r}, seed=seeds[{place}])"


_OPTIMIZERS = {
    Optimizer.ADAM: "Adam()",
    Optimizer.SGD: "SGD()",
    Optimizer.SGD_MOMENTUM: f"SGD(momentum={MOMENTUM})",
    Optimizer.RMSPROP: "RMSprop()",
}


def _steps(config: RunConfig) -> str:
    block = block_size(count_parameters(config))
    return _STEPS.format(optimizer=_OPTIMIZERS[config.optimizer], block=block)


_STEPS = '''\
optimizer = keras.optimizers.{optimizer}
optimizer.build(model.trainable_variables)
cross_entropy = keras.losses.CategoricalCrossentropy()
pixels, classes = tf.TensorSpec([None, 784]), tf.TensorSpec([None, 10])
numbers, rates_of_steps = tf.TensorSpec([None], tf.int32), tf.TensorSpec([None])


def count_right(labels, outputs):
    right = tf.equal(tf.argmax(labels, axis=1), tf.argmax(outputs, axis=1))
    return tf.reduce_sum(tf.cast(right, tf.float32))


@tf.function(input_signature=[pixels, classes, numbers, rates_of_steps])
def train_steps(x, y, order, rates):
    """A step down the gradient for each rate, on one batch of the order after another."""
    loss_sum = correct = tf.constant(0.0)
    for step in tf.range(tf.shape(rates)[0]):
        indices = order[step * BATCH_SIZE : (step + 1) * BATCH_SIZE]
        images, labels = tf.gather(x, indices), tf.gather(y, indices)
        optimizer.learning_rate.assign(rates[step])
        with tf.GradientTape() as tape:
            outputs = model(images, training=True)
            loss = sum([cross_entropy(labels, outputs), *model.losses])  # with L2 penalties
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply(gradients, model.trainable_variables)
        loss_sum += loss * tf.cast(len(indices), tf.float32)
        correct += count_right(labels, outputs)
    return loss_sum, correct


@tf.function(input_signature=[pixels, classes])
def judge(images, labels):
    """The summed cross-entropy of some images, and how many answers are right."""
    outputs = model(images, training=False)
    losses = keras.losses.categorical_crossentropy(labels, outputs)
    return tf.reduce_sum(losses), count_right(labels, outputs)


@tf.function
def l2_penalty():
    return tf.add_n(model.losses) if model.losses else tf.zeros([])


def evaluate(images, labels, block={block}):
    """Loss, with the L2 penalty, and accuracy over a whole split, without dropout."""
    loss, correct = 0.0, 0.0
    for start in range(0, len(images), block):
        part = slice(start, start + block)
        block_loss, block_correct = judge(images[part], labels[part])
        loss += float(block_loss)
        correct += float(block_correct)
    return loss / len(images) + float(l2_penalty()), correct / len(images)'''


def _training(config: RunConfig, last_batches: int, is_steady: bool) -> str:
    """The loop over epochs; in the last one the run took `last_batches` steps."""
    base = "LEARNING_RATE" if is_steady else "np.repeat(LEARNING_RATES, BATCHES)"
    lines = [f"rates = np.full(EPOCHS * BATCHES, {base}, np.float32)"]
    if config.schedule is Schedule.COSINE:
        lines += [
            f"progress = np.arange(EPOCHS * BATCHES) / ({config.epochs} * BATCHES)",
            "rates *= ((1 + np.cos(np.pi * progress)) / 2).astype(np.float32)",
        ]
    if last_batches < config.batches:
        lines.append(
            f"rates = rates[: (EPOCHS - 1) * BATCHES + {last_batches}]  # the run was stopped there"
        )
    if config.early_stopping:
        lines.append("best_loss, best_epoch = np.inf, 0")
    lines += [
        "for epoch in range(1, EPOCHS + 1):",
        "    order = np.random.default_rng((SEED, epoch)).permutation(TRAINING_SIZE)",
        "    steps = slice((epoch - 1) * BATCHES, epoch * BATCHES)",
        "    train_steps(x, y, order.astype(np.int32), rates[steps])",
        "    loss, accuracy = evaluate(*validation)",
        '    print(f"epoch {epoch}: validation loss {loss:.4f}, accuracy {accuracy:.4f}")',
    ]
    if config.early_stopping:
        lines += [
            "    if epoch == 1 or loss + MIN_DELTA < best_loss:",
            "        best_loss, best_epoch = loss, epoch",
            "        best = [variable.numpy() for variable in model.variables]",
            "    elif epoch - best_epoch >= PATIENCE:",
            "        break",
        ]
        if config.restore_best_weights:
            lines += [
                "for variable, value in zip(model.variables, best):",
                "    variable.assign(value)",
            ]
    return "\n".join(lines)


_RESULT = """\
loss, accuracy = evaluate(*test)
print(f"test accuracy {{accuracy}}, test loss {{loss}}")
print("of the run:   {accuracy}, test loss {loss}")"""
