"""What a diagnosis looks at: a run's configuration and history, and what is known beside them."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from core.analysis.comparison import ImageComparison
from core.analysis.ending import Ending, judge_ending
from core.analysis.histories import last_improved_epoch
from core.config import RunConfig

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

    def largest_share(self, column: str) -> float:
        """The largest share, 0 to 1, of `units` that is known of a layer after the last epoch."""
        units = self.units
        if units is None or units.empty:
            return 0.0
        return float(units.loc[units["epoch"] == units["epoch"].max(), column].max())

    @cached_property
    def gap(self) -> float:
        """Training less validation accuracy, -1 to 1, after the last epoch."""
        train, validation = self.columns["train_accuracy"], self.columns["validation_accuracy"]
        return float(train[-1] - validation[-1])

    def late_loss(self, column: str, epoch: int | None = None) -> float:
        """The median of a loss over the last fifth of the epochs up to `epoch`, by default the
        last: one bad epoch cannot move it.
        """
        epoch = epoch or self.epochs
        return float(np.median(self.columns[column][epoch - max(epoch // 5, 1) : epoch]))

    @cached_property
    def still_falls_by(self) -> float:
        """The share by which the validation loss fell over the last fifth of the epochs, against
        the fifth before; at least one epoch each, 0 if there are not two.
        """
        losses, count = self.columns["validation_loss"], max(self.epochs // 5, 1)
        if self.epochs < 2:
            return 0.0
        last, before = losses[-count:].mean(), losses[-2 * count : -count].mean()
        return float(1 - last / before) if before > 0 else 0.0
