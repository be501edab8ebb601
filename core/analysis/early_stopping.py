"""The rule of early stopping: when a training has improved. Needs no Keras."""

import math
from collections.abc import Iterable


def last_improvement(losses: Iterable[float], min_delta: float = 0.0) -> int:
    """The epoch (from 1) of the last improvement by more than `min_delta`; 0 for no epochs.

    An improvement is judged as `keras.callbacks.EarlyStopping` does.
    """
    best, epoch = math.inf, 0
    for number, loss in enumerate(losses, start=1):
        if loss + min_delta < best or epoch == 0:
            best, epoch = loss, number
    return epoch
