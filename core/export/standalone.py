"""The program that a run is exported as: training in plain code, from top to bottom.

It needs only TensorFlow and NumPy, and does the arithmetic of `core.data`, `core.network.build` and
`core.training` to the last digit. `core.export` reads it as text, puts a run's configuration in the
place of the notebook's network and the module it imports in the place of the import; nothing
imports it.

Usage: python core/export/standalone.py [path of an mnist.npz]
"""

# %% The configuration of the run, and the course that it took.

import sys

import numpy as np
import tensorflow as tf
from tensorflow import keras

MNIST_PATH = sys.argv[1] if len(sys.argv) > 1 else None  # without one, Keras downloads MNIST

NAME = "notebook-baseline"
HIDDEN = [512, 256]  # units in each hidden layer
ACTIVATION = "relu"
DROPOUT = 0.0
INPUT_DROPOUT = 0.0
L2 = 0.0
BATCH_NORMALIZATION = False
OPTIMIZER = "adam"
LEARNING_RATE = 0.001
SCHEDULE = "constant"
BATCH_SIZE = 512
EPOCHS = 50
PRECISION = "float32"
EARLY_STOPPING = False
PATIENCE = 5
MIN_DELTA = 0.0
RESTORE_BEST_WEIGHTS = True
VALIDATION_SHARE = 0.3
TRAINING_IMAGES = 60000
ROTATION = 0.0
ZOOM = 0.0
SHEAR = 0.0
SHIFT = 0.0
ELASTIC = 0.0
SEED = 0

START_WEIGHTS: list[np.ndarray] = []  # of the network to train on; none: random ones
EPOCHS_BEFORE = 0  # that it has behind it
LEARNING_RATES = [LEARNING_RATE] * EPOCHS  # of each epoch, before the schedule
STEPS: int | None = None  # the step after which the run was stopped; None if it was not
RUN_RESULT: tuple[float, float] | None = None  # test accuracy and loss


# %% The data: 60,000 training images, of which some are held out, and 10,000 to test.

if MNIST_PATH:
    with np.load(MNIST_PATH) as arrays:
        x_train, y_train = arrays["x_train"], arrays["y_train"]
        x_test, y_test = arrays["x_test"], arrays["y_test"]
else:
    (x_train, y_train), (x_test, y_test) = keras.datasets.mnist.load_data()


def prepare(images: np.ndarray, labels: np.ndarray) -> tuple[tf.Tensor, tf.Tensor]:
    """Images as rows of 784 numbers from 0 to 1, labels one-hot."""
    x = images.reshape(-1, 784).astype(np.float32) / np.float32(255)
    y = np.eye(10, dtype=np.float32)[labels]
    return tf.constant(x), tf.constant(y)


# The split that scikit-learn's train_test_split draws from the seed.
order = np.random.RandomState(SEED).permutation(len(x_train))
validation_size = round(len(x_train) * VALIDATION_SHARE)
held_out, kept = order[:validation_size], order[validation_size:][:TRAINING_IMAGES]
x, y = prepare(x_train[kept], y_train[kept])
validation = prepare(x_train[held_out], y_train[held_out])
test = prepare(x_test, y_test)


# %% Augmentation: how each training image is changed, anew in every epoch.

from core.training.augmentation import Augmentation, epoch_key  # noqa: E402

changes = (ROTATION, ZOOM, SHEAR, SHIFT, ELASTIC)
augment = Augmentation(*changes) if any(changes) else None


# %% The network. Each layer draws its numbers from a seed of its own.

layers: list[keras.Layer] = []
policy = "mixed_bfloat16" if PRECISION == "bfloat16" else "float32"  # but for the output


def next_seed() -> int:
    """The seed of the layer that is added next."""
    place = len(layers)
    return int(np.random.SeedSequence(SEED).generate_state(place + 1)[place])


if INPUT_DROPOUT:
    layers.append(keras.layers.Dropout(INPUT_DROPOUT, seed=next_seed(), dtype=policy))
for units in HIDDEN:
    dense = keras.layers.Dense(
        units,
        None if BATCH_NORMALIZATION else ACTIVATION,
        kernel_initializer=keras.initializers.GlorotUniform(next_seed()),
        kernel_regularizer=keras.regularizers.L2(L2) if L2 else None,
        dtype=policy,
    )
    layers.append(dense)
    if BATCH_NORMALIZATION:
        layers.append(keras.layers.BatchNormalization(dtype=policy))
        layers.append(keras.layers.Activation(ACTIVATION, dtype=policy))
    if DROPOUT:
        layers.append(keras.layers.Dropout(DROPOUT, seed=next_seed(), dtype=policy))
glorot = keras.initializers.GlorotUniform(next_seed())
layers.append(keras.layers.Dense(10, "softmax", kernel_initializer=glorot, dtype="float32"))
model = keras.Sequential([keras.Input((784,)), *layers])
if START_WEIGHTS:
    model.set_weights(START_WEIGHTS)
model.summary()


# %% Steps of training: each goes down the gradient on one batch of images.

match OPTIMIZER:
    case "adam":
        optimizer = keras.optimizers.Adam()
    case "sgd":
        optimizer = keras.optimizers.SGD()
    case "sgd-momentum":
        optimizer = keras.optimizers.SGD(momentum=0.9)
    case "rmsprop":
        optimizer = keras.optimizers.RMSprop()
optimizer.build(model.trainable_variables)
averages = optimizer.variables[2:]  # after its steps and its rate; Adam's are two for each variable
cross_entropy = keras.losses.CategoricalCrossentropy()
# With these, TensorFlow compiles each function once, however many images and steps there are.
pixels, classes = tf.TensorSpec([None, 784]), tf.TensorSpec([None, 10])
numbers, rates_of_steps = tf.TensorSpec([None], tf.int32), tf.TensorSpec([None])
key_of_epoch = tf.TensorSpec([], tf.int64)


def count_right(labels: tf.Tensor, outputs: tf.Tensor) -> tf.Tensor:
    """How many answers are right."""
    right = tf.equal(tf.argmax(labels, axis=1), tf.argmax(outputs, axis=1))
    return tf.reduce_sum(tf.cast(right, tf.float32))


def apply_adam(gradients: list[tf.Tensor]) -> None:
    """A step of Adam, by TensorFlow's one kernel instead of a dozen for each variable."""
    step = tf.cast(optimizer.iterations, tf.float32) + 1
    variables = model.trainable_variables
    for gradient, variable, mean, square in zip(
        gradients, variables, averages[::2], averages[1::2], strict=True
    ):
        tf.raw_ops.ResourceApplyAdam(
            var=variable.value.handle,
            m=mean.value.handle,
            v=square.value.handle,
            beta1_power=optimizer.beta_1**step,
            beta2_power=optimizer.beta_2**step,
            lr=optimizer.learning_rate.value,
            beta1=optimizer.beta_1,
            beta2=optimizer.beta_2,
            epsilon=optimizer.epsilon,
            grad=gradient,
        )
    optimizer.iterations.assign_add(1)


@tf.function(input_signature=[pixels, classes, numbers, rates_of_steps, key_of_epoch])
def train_steps(
    x: tf.Tensor, y: tf.Tensor, order: tf.Tensor, rates: tf.Tensor, key: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    """A step for each learning rate, on one batch of the order after another.

    The summed loss and the right answers on the way are shown while a run trains. Here nobody
    looks at them, but without them TensorFlow would compile a step to other last digits.
    """
    loss_sum = correct = tf.constant(0.0)
    for step in tf.range(tf.shape(rates)[0]):
        indices = order[step * BATCH_SIZE : (step + 1) * BATCH_SIZE]
        images, labels = tf.gather(x, indices), tf.gather(y, indices)
        if augment:
            images = augment(images, key, step)
        optimizer.learning_rate.assign(rates[step])
        with tf.GradientTape() as tape:
            outputs = model(images, training=True)
            loss = sum([cross_entropy(labels, outputs), *model.losses])  # with L2 penalties
        gradients = tape.gradient(loss, model.trainable_variables)
        if OPTIMIZER == "adam":
            apply_adam(gradients)
        else:
            optimizer.apply(gradients, model.trainable_variables)
        loss_sum += loss * tf.cast(len(indices), tf.float32)
        correct += count_right(labels, outputs)
    return loss_sum, correct


# %% The judgement of a whole split, without dropout.

# Images judged at once. The last digits of a sum depend on its parts: these are the run's own.
block_size = max(256, int(4e9 / model.count_params()))


@tf.function(input_signature=[pixels, classes])
def judge(images: tf.Tensor, labels: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """The summed cross-entropy of some images, and how many answers are right."""
    outputs = model(images, training=False)
    losses = keras.losses.categorical_crossentropy(labels, outputs)
    return tf.reduce_sum(losses), count_right(labels, outputs)


@tf.function
def l2_penalty() -> tf.Tensor:
    """What the weights add to the loss."""
    return tf.add_n(model.losses) if model.losses else tf.zeros([])


def evaluate(images: tf.Tensor, labels: tf.Tensor) -> tuple[float, float]:
    """Loss, with the L2 penalty, and accuracy over a whole split."""
    loss = correct = 0.0
    for start in range(0, len(images), block_size):
        block = slice(start, start + block_size)
        block_loss, block_correct = judge(images[block], labels[block])
        loss += float(block_loss)
        correct += float(block_correct)
    return loss / len(images) + float(l2_penalty()), correct / len(images)


# %% Training: every epoch goes through the training images in an order of its own.

batches = -(-len(x) // BATCH_SIZE)  # of an epoch; the last one may hold fewer images
rates = np.repeat(LEARNING_RATES, batches).astype(np.float32)
if SCHEDULE == "cosine":
    progress = np.arange(len(rates)) / (EPOCHS * batches)
    rates *= ((1 + np.cos(np.pi * progress)) / 2).astype(np.float32)
rates = rates[:STEPS]

best: list[np.ndarray] = []
best_loss, best_epoch = np.inf, 0
for epoch, first in enumerate(range(0, len(rates), batches), start=1):
    order = np.random.default_rng((SEED, EPOCHS_BEFORE + epoch)).permutation(len(x))
    key = np.int64(epoch_key(SEED, EPOCHS_BEFORE + epoch))
    train_steps(x, y, order.astype(np.int32), rates[first : first + batches], key)
    loss, accuracy = evaluate(*validation)
    print(f"epoch {epoch}: validation loss {loss:.4f}, accuracy {accuracy:.4f}")
    if not EARLY_STOPPING:
        continue
    if epoch == 1 or loss + MIN_DELTA < best_loss:
        best_loss, best_epoch = loss, epoch
        best = [variable.numpy() for variable in model.variables]
    elif epoch - best_epoch >= PATIENCE:
        break
if EARLY_STOPPING and RESTORE_BEST_WEIGHTS:
    for variable, value in zip(model.variables, best, strict=True):
        variable.assign(value)


# %% The result, beside that of the run.

loss, accuracy = evaluate(*test)
print(f"test accuracy {accuracy}, test loss {loss}")
if RUN_RESULT:
    print(f"of the run:   {RUN_RESULT[0]}, test loss {RUN_RESULT[1]}")
