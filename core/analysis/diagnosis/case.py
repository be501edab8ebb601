"""What a diagnosis looks at: a run's configuration and history, and what is known beside them."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from core.analysis.comparison import ImageComparison
from core.analysis.diagnosis import thresholds as limit
from core.analysis.ending import Ending, judge_ending
from core.analysis.histories import last_improved_epoch
from core.config import Activation, RunConfig

Columns: TypeAlias = Mapping[str, npt.NDArray[Any]] | pd.DataFrame
"""A history by its columns, those of `Run.history`, a value an epoch."""


@dataclass(frozen=True)
class Reference:
    """Another run that this one is held against."""

    id: str
    name: str
    history: pd.DataFrame
    comparison: ImageComparison | None = None
    """Of the other, A, with this run, B, on the test images."""


@dataclass(frozen=True)
class Case:
    """A run with at least one epoch."""

    config: RunConfig
    history: Columns
    has_ended: bool = True
    stopped_by_hand: bool = False
    restored_epoch: int | None = None
    """The epoch whose weights early stopping restored, where it is not the last."""
    units: pd.DataFrame | None = None
    """As `core.runs.diagnosis.unit_activity` gives it."""
    plain: Reference | None = None
    """A comparable run without regularisation."""
    earlier: Reference | None = None
    """The run before this one, with a comparison."""
    has_parent: bool = False
    """Whether it started from another run's network, and not from random weights."""

    @cached_property
    def columns(self) -> dict[str, npt.NDArray[np.float64]]:
        """The history by its columns, with cross-entropy alone in the losses."""
        history = {name: np.asarray(self.history[name], np.float64) for name in self.history}
        losses = ("running_loss", "train_loss", "validation_loss", "test_loss")
        return history | {name: history[name] - history["l2_penalty"] for name in losses}

    @property
    def epochs(self) -> int:
        """How many have ended."""
        return len(self.history["epoch"])

    @property
    def loss_name(self) -> str:
        """What the losses of `columns` are called, beside losses with the penalty."""
        is_penalised = self.config.l2 and self.config.hidden
        return "validation cross-entropy" if is_penalised else "validation loss"

    @property
    def stopped_early(self) -> bool:
        """Whether early stopping ended it."""
        is_short = self.config.patience < self.epochs < self.config.epochs
        may_be = self.has_ended and self.config.early_stopping
        return may_be and is_short and not self.stopped_by_hand

    @property
    def is_settled(self) -> bool:
        """Whether it has ended, and learned slowly enough by then to say what it cannot learn."""
        is_long = self.epochs >= limit.EPOCHS_TO_SETTLE
        return self.has_ended and is_long and self.still_falls_by < limit.STEEP

    @property
    def is_flat(self) -> bool:
        """Whether it is deep and of an activation through which little of the error passes."""
        flat = {Activation.SIGMOID, Activation.TANH}
        return self.config.activation in flat and len(self.config.hidden) > 2

    @property
    def network_epoch(self) -> int:
        """The epoch whose weights the network has."""
        return self.restored_epoch or self.epochs

    @cached_property
    def best_epoch(self) -> int:
        """The epoch with the lowest cross-entropy on the validation images."""
        return last_improved_epoch(self.columns["validation_loss"])

    @cached_property
    def highest_epoch(self) -> int:
        """The first epoch with the highest validation accuracy."""
        return int(self.columns["validation_accuracy"].argmax()) + 1

    def value(self, column: str, epoch: int | None = None) -> float:
        """Of `columns` after an epoch, by default after the network's."""
        return float(self.columns[column][(epoch or self.network_epoch) - 1])

    @cached_property
    def ending(self) -> Ending:
        """What is to be said of the network, as it is now."""
        highest = self.value("test_accuracy", self.highest_epoch)
        return judge_ending(self.value("test_accuracy"), highest)

    @cached_property
    def known_units(self) -> pd.DataFrame | None:
        """The rows of `units` up to the network's epoch; None if there are none."""
        if self.units is None:
            return None
        known = self.units[self.units["epoch"] <= self.network_epoch]
        return None if known.empty else known

    def worst_layer(self, column: str) -> pd.Series | None:
        """Of `known_units` the last epoch's row whose share in `column` is largest."""
        known = self.known_units
        if known is None:
            return None
        last = known[known["epoch"] == known["epoch"].max()]
        return last.loc[last[column].idxmax()]

    @cached_property
    def gap(self) -> float:
        """Training less validation accuracy, -1 to 1, after the last epoch."""
        train, validation = self.columns["train_accuracy"], self.columns["validation_accuracy"]
        return float(train[-1] - validation[-1])

    def late_loss(self, column: str, epoch: int, after: int = 0) -> float:
        """The median of a loss over the last fifth of the epochs up to `epoch`, at least three, and
        of those only what comes `after` an epoch: one bad epoch cannot move it.
        """
        first = max(epoch - max(epoch // 5, 3), after, 0)
        return float(np.median(self.columns[column][first:epoch]))

    @cached_property
    def still_falls_by(self) -> float:
        """The share by which the validation loss fell over the last fifth of the epochs, against
        the fifth before; at least one epoch each, infinite if there are not two.
        """
        losses, count = self.columns["validation_loss"], max(self.epochs // 5, 1)
        if self.epochs < 2:
            return math.inf
        last, before = losses[-count:].mean(), losses[-2 * count : -count].mean()
        return float(1 - last / before) if before > 0 else 0.0
