"""The two compiled loops of a training: many gradient steps, and the metrics of a whole split;
and the learning rate of each step.

`Model.fit` comes back to Python after every batch, or not for a fixed number of them, and its
`evaluate` runs in batches of 32. Here one call runs as many steps as the caller has time for, and
a split is evaluated in blocks as large as the answer may take.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from core.config import CLASSES, PIXELS, RunConfig, Schedule
from core.data import Array, Floats, Split, Splits
from core.network.checkpoint import RunningTotals
from core.training.variants import build_augmentation

_BLOCK_OPERATIONS = 4e9  # multiply-adds of a block of images that is evaluated: 0.1 s or less
_IMAGES = tf.TensorSpec([None, PIXELS], tf.float32)
_LABELS = tf.TensorSpec([None, CLASSES], tf.float32)
_ORDER = tf.TensorSpec([None], tf.int32)
_RATES = tf.TensorSpec([None], tf.float32)
_NUMBER = tf.TensorSpec([], tf.int32)
_KEY = tf.TensorSpec([], tf.int64)
_TOTAL = tf.TensorSpec([], tf.float32)


@dataclass(frozen=True)
class Evaluation:
    """Inference-mode metrics of a split, as `model.evaluate` gives them, and its probabilities."""

    loss: float
    accuracy: float
    probabilities: Floats


def learning_rate_factors(config: RunConfig, first: int, count: int) -> Floats:
    """The factors at the `count` steps from `first` on, float32 (count,).

    Cosine: (1 + cos(pi t / T)) / 2 at step t of T (Loshchilov and Hutter 2017, no restarts).
    """
    if config.schedule is Schedule.CONSTANT:
        return np.ones(count, np.float32)
    steps = np.arange(first, first + count) / (config.epochs * config.batches)
    return ((1 + np.cos(np.pi * steps)) / 2).astype(np.float32)


def draw_order(config: RunConfig, epoch: int, drawings: int = 0, share: float = 0.0) -> Array:
    """Indices of the images of an epoch, int32 (training_size,), in its order.

    Of a run that learns from so many `drawings` they take this share: each comes equally often, as
    an index after those of the training images. As many of these are left out, others each epoch.
    """
    rng = np.random.default_rng((config.seed, epoch))
    size = config.training_size
    order = rng.permutation(size)
    if drawings:
        drawn = round(share * size)
        repeated = size + rng.permutation(drawings)[np.arange(drawn) % drawings]
        order = rng.permutation(np.concatenate([order[drawn:], repeated]))
    return order.astype(np.int32)


class TrainingLoops:
    """The loops of a compiled `model` over the splits that it trains on and is measured on."""

    def __init__(self, model: keras.Model, splits: Splits, config: RunConfig) -> None:
        """Raises ValueError for a model with options that the loops would ignore."""
        _refuse_ignored_options(model)
        model.optimizer.build(model.trainable_variables)
        self.set_splits(splits)
        self._model = model
        self._batch_size = config.batch_size
        self._block = max(256, int(_BLOCK_OPERATIONS / model.count_params()))
        self._train_steps = _compile_training(model, config)
        self._evaluate_block = _compile_evaluation(model)

    def set_splits(self, splits: Splits | None) -> None:
        """Train on and measure by other splits from now on; with None, let go of the images."""
        # As tensors once and for all: copying them for each evaluation takes half as long again.
        self._splits = {
            name: tuple(map(tf.convert_to_tensor, split))
            for name, split in (splits._asdict() if splits else {}).items()
        }
        self._learned = self._splits.get("train", ())

    def add_images(self, extra: Split) -> None:
        """Let `order` of `train` name these images too, after those of the training split.

        That split is measured without them.
        """
        pairs = zip(self._learned, extra, strict=True)
        self._learned = tuple(tf.concat(pair, axis=0) for pair in pairs)

    def train(
        self, order: Array, first: int, rates: Floats, so_far: RunningTotals, key: int = 0
    ) -> RunningTotals:
        """Take a step for each of `rates`, from batch `first` of the epoch's `order` on.

        `order` are indices of training images, int32 (n,); `rates` float32 (steps,). The totals go
        on from `so_far`, so that they do not depend on how an epoch was cut into calls.
        What changes the images is drawn from `key`, the epoch's, and the number of the batch.
        """
        loss, correct = self._train_steps(
            *self._learned,
            tf.constant(order),
            tf.constant(first),
            tf.constant(rates),
            tf.constant(so_far.loss),
            tf.constant(so_far.correct),
            tf.constant(key, tf.int64),
        )
        images = min((first + len(rates)) * self._batch_size, len(order))
        return RunningTotals(images, float(loss), float(correct))

    def l2_penalty(self) -> float:
        """The L2 penalty of the weights as they are, 0 without regularisation."""
        losses = self._model.losses
        return float(tf.add_n(losses)) if losses else 0.0

    def evaluate_all(self, after_block: Callable[[], object]) -> dict[str, Evaluation]:
        """The evaluation of each split by its name; arguments as `evaluate` has them."""
        return {name: self.evaluate(name, after_block) for name in self._splits}

    def evaluate(self, split: str, after_block: Callable[[], object]) -> Evaluation:
        """Loss (with penalty), accuracy and probabilities of a whole split, dropout off.

        `split` is train, validation or test; `after_block` is called several times on the way.
        """
        images, labels = self._splits[split]
        outputs, loss, correct = [], 0.0, 0.0
        count = len(images)
        for start in range(0, count, self._block):
            end = min(start + self._block, count)
            probabilities, block_loss, block_correct = self._evaluate_block(
                images, labels, tf.constant(start), tf.constant(end)
            )
            outputs.append(probabilities.numpy())
            loss += float(block_loss)
            correct += float(block_correct)
            after_block()
        return Evaluation(
            loss / count + self.l2_penalty(), correct / count, np.concatenate(outputs)
        )


def _refuse_ignored_options(model: keras.Model) -> None:
    """Raise ValueError for what `optimizer.apply` does, and `update_step`, which we call, not."""
    names = ["clipnorm", "clipvalue", "global_clipnorm", "weight_decay", "use_ema"]
    names += ["loss_scale_factor", "gradient_accumulation_steps"]
    values = {name: getattr(model.optimizer, name) for name in names}
    values["amsgrad"] = getattr(model.optimizer, "amsgrad", False)  # an option of Adam alone
    ignored = [f"{name}={value} of the optimizer" for name, value in values.items() if value]
    ignored += [f"the constraint on {v.path}" for v in model.trainable_variables if v.constraint]
    if ignored:
        raise ValueError(
            f"the training loop would ignore {' and '.join(ignored)}, for it updates the weights "
            "itself; build the model without, or have `core.training.loops` do it"
        )


def _compile_training(model: keras.Model, config: RunConfig) -> Any:
    optimizer = model.optimizer
    update = _update_by_adam if type(optimizer) is keras.optimizers.Adam else _update
    batch_size = config.batch_size
    augment = build_augmentation(config)

    @tf.function(input_signature=[_IMAGES, _LABELS, _ORDER, _NUMBER, _RATES, _TOTAL, _TOTAL, _KEY])
    def train_steps(
        x: Any,
        y: Any,
        order: Any,
        first: Any,
        rates: Any,
        loss_sum: Any,
        correct_sum: Any,
        key: Any,
    ) -> Any:
        for step in tf.range(tf.shape(rates)[0]):
            start = (first + step) * batch_size
            indices = order[start : start + batch_size]
            images, labels = tf.gather(x, indices), tf.gather(y, indices)
            if augment:
                images = augment(images, key, first + step)
            optimizer.learning_rate.assign(rates[step])
            with tf.GradientTape() as tape:
                outputs = model(images, training=True)
                loss = model.compute_loss(x=images, y=labels, y_pred=outputs)
            update(optimizer, tape.gradient(loss, model.trainable_variables), model)
            optimizer.iterations.assign_add(1)
            loss_sum += loss * tf.cast(tf.shape(indices)[0], tf.float32)
            correct_sum += _count_correct(labels, outputs)
        return loss_sum, correct_sum

    return train_steps


def _update(optimizer: keras.Optimizer, gradients: Any, model: keras.Model) -> None:
    """What `optimizer.apply` does on one machine.

    Its all-reduce for several registers a gradient with TensorFlow for good, and with it the graph
    of every shape trained.
    """
    for gradient, variable in zip(gradients, model.trainable_variables, strict=True):
        optimizer.update_step(gradient, variable.value, optimizer.learning_rate)


def _update_by_adam(optimizer: keras.optimizers.Adam, gradients: Any, model: keras.Model) -> None:
    """The same for Adam, by TensorFlow's one kernel instead of a dozen for each variable."""
    step = tf.cast(optimizer.iterations, tf.float32) + 1
    averages = optimizer.variables[2:]  # after its steps and its rate: two for each variable
    for gradient, variable, mean, square in zip(
        gradients, model.trainable_variables, averages[::2], averages[1::2], strict=True
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


def _compile_evaluation(model: keras.Model) -> Any:
    @tf.function(input_signature=[_IMAGES, _LABELS, _NUMBER, _NUMBER])
    def evaluate_block(images: Any, labels: Any, start: Any, end: Any) -> Any:
        labels = labels[start:end]
        outputs = model(images[start:end], training=False)
        losses = keras.losses.categorical_crossentropy(labels, outputs)
        return outputs, tf.reduce_sum(losses), _count_correct(labels, outputs)

    return evaluate_block


def _count_correct(labels: Any, outputs: Any) -> Any:
    hits = tf.equal(tf.argmax(labels, axis=1), tf.argmax(outputs, axis=1))
    return tf.reduce_sum(tf.cast(hits, tf.float32))
