"""Learning-rate schedules: what the base learning rate is multiplied by at each step."""

import numpy as np

from core.config import RunConfig, Schedule
from core.data import Floats


def learning_rate_factors(config: RunConfig, first: int, count: int) -> Floats:
    """The factors at the `count` steps from `first` on, float32 (count,).

    Cosine: (1 + cos(pi t / T)) / 2 at step t of T (Loshchilov and Hutter 2017, no restarts).
    """
    if config.schedule is Schedule.CONSTANT:
        return np.ones(count, np.float32)
    steps = np.arange(first, first + count) / (config.epochs * config.batches)
    return ((1 + np.cos(np.pi * steps)) / 2).astype(np.float32)
