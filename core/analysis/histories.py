"""A run's history made ready to draw: cross-entropy alone, smoothing, training time, best epoch.

Also the rule of early stopping, by which the best epoch is judged.
"""

import math
from collections.abc import Iterable, Mapping

import pandas as pd

BEST_EPOCH = (
    "The epoch with the best validation loss, L2 penalty included, as early stopping judges: the "
    "last that bettered it by more than the run's least improvement."
)
"""What "best epoch" means wherever it is said."""

_LOSSES = ["running_loss", "train_loss", "validation_loss", "test_loss"]
_ACCURACIES = [name.replace("loss", "accuracy") for name in _LOSSES]


def subtract_l2_penalty(history: pd.DataFrame) -> pd.DataFrame:
    """The history with cross-entropy alone in its losses: less the L2 penalty.

    `running_loss` is a mean over the epoch; the penalty at the epoch's end stands in for its mean.
    """
    return history.assign(**{name: history[name] - history["l2_penalty"] for name in _LOSSES})


def smooth(history: pd.DataFrame, weight: float) -> pd.DataFrame:
    """The history with every loss and accuracy averaged with those before it.

    Each epoch further back counts `weight` times as much, from 0 (no smoothing) to below 1.
    """
    columns = [*_LOSSES, *_ACCURACIES]
    return history.assign(**history[columns].ewm(alpha=1 - weight).mean())


def add_elapsed(history: pd.DataFrame) -> pd.DataFrame:
    """The history with a column `elapsed`: seconds spent training by the end of each epoch."""
    return history.assign(elapsed=history["seconds"].cumsum())


def last_improved_epoch(losses: Iterable[float], min_delta: float = 0.0) -> int:
    """The epoch (from 1) of the last improvement by more than `min_delta`; 0 for no epochs.

    An improvement is judged as `keras.callbacks.EarlyStopping` does.
    """
    best, epoch = math.inf, 0
    for number, loss in enumerate(losses, start=1):
        if loss + min_delta < best or epoch == 0:
            best, epoch = loss, number
    return epoch


def best_epoch(history: pd.DataFrame, min_delta: float = 0.0) -> int:
    """The epoch of the last improvement of the validation loss, penalty included, by more than
    `min_delta`, as early stopping judges; by default the first with the lowest loss.

    0 if no epoch has ended, or none with a finite loss.
    """
    losses = history.set_index("epoch")["validation_loss"].dropna()
    place = last_improved_epoch(losses, min_delta)
    return int(losses.index[place - 1]) if place else 0


def compute_best_epochs(
    histories: Mapping[str, pd.DataFrame], min_deltas: Mapping[str, float] | None = None
) -> pd.DataFrame:
    """Each run's best epoch, a row a name: run, epochs, best_epoch, validation_loss,
    validation_accuracy (0 to 1), elapsed (seconds up to its end). Left out: runs without one.

    `min_deltas` are the runs' own least improvements, by name; 0 for a run without.
    """
    rows = []
    for name, history in histories.items():
        if epoch := best_epoch(history, (min_deltas or {}).get(name, 0.0)):
            best = add_elapsed(history).set_index("epoch").loc[epoch]
            values = best[["validation_loss", "validation_accuracy", "elapsed"]].to_dict()
            rows.append({"run": name, "epochs": len(history), "best_epoch": epoch, **values})
    return pd.DataFrame(rows)
