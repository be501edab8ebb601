"""Training alone against its arithmetic: the network's operations at the rate of this machine.

The rate is that of TensorFlow's own product of two large matrices, measured in turns with epochs.
"""

import statistics
import time
from collections.abc import Iterator

import numpy as np
import tensorflow as tf

from core.config import PIXELS, RunConfig
from core.config.architecture import count_parameters
from core.data import prepare_splits
from core.network.build import build_model
from core.network.checkpoint import RunningTotals
from core.training.loops import TrainingLoops
from tests.benchmarks.report import Figure, print_head, run_topic

_SIDE = 2048
_ROUNDS = 9
_AUGMENTATION = {"rotation": 15.0, "zoom": 0.1, "shear": 0.1, "shift": 2.0, "elastic": 1.0}
_CALL = 20  # batches a call, about as many as a training takes between two looks at its control


def measure(rounds: int = _ROUNDS) -> Iterator[Figure]:
    """GFLOP/s of matrix multiplication, seconds of an epoch's training, their ratio, and what
    augmentation adds.
    """
    config = RunConfig()
    splits = prepare_splits(config)
    loops = TrainingLoops(build_model(config), splits, config)
    augmented = config.model_copy(update=_AUGMENTATION)
    augmented_loops = TrainingLoops(build_model(augmented), splits, augmented)
    matrix = tf.random.uniform((_SIDE, _SIDE))
    order = np.arange(config.training_size, dtype=np.int32)
    products: list[float] = []
    epochs: list[float] = []
    augmented_epochs: list[float] = []
    for _ in range(rounds + 1):
        started = time.perf_counter()
        float(tf.reduce_sum(tf.matmul(matrix, matrix)))
        between = time.perf_counter()
        train_epoch(loops, config, order)
        products.append(between - started)
        after = time.perf_counter()
        epochs.append(after - between)
        train_epoch(augmented_loops, augmented, order)
        augmented_epochs.append(time.perf_counter() - after)
    rate = 2 * _SIDE**3 / statistics.median(products[1:])
    seconds = statistics.median(epochs[1:])
    parameters = count_parameters(config)
    yield Figure("matrix multiplication", rate / 1e9, "GFLOP/s")
    yield Figure("an epoch's training alone, notebook's network", seconds, "s")
    every = 6 * parameters * config.training_size
    yield Figure("– ÷ 6 operations a parameter and image", seconds * rate / every, at_most=1.3)
    # The pixels need no gradient, so the first layer costs 4.
    needed = every - 2 * PIXELS * config.hidden[0] * config.training_size
    yield Figure("– ÷ the operations that are needed", seconds * rate / needed)
    ratio = statistics.median(augmented_epochs[1:]) / seconds
    yield Figure("all five augmentations: training alone ÷ that without", ratio, at_most=1.4)


def train_epoch(loops: TrainingLoops, config: RunConfig, order: np.ndarray) -> None:
    """Take every gradient step of an epoch, as a training does, and nothing else."""
    sums = RunningTotals()
    for first in range(0, config.batches, _CALL):
        count = min(_CALL, config.batches - first)
        rates = np.full(count, config.learning_rate, np.float32)
        sums = loops.train(order, first, rates, sums)


if __name__ == "__main__":
    print_head()
    run_topic("arithmetic")
