"""What a run starts from beside its configuration: another run's network, and people's drawings.

Both are copied into the new run, so that nothing that is deleted later is missed.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from core.config import CLASSES, IMAGE_SIDE, RunConfig, field_text, hyperparameter
from core.data import ByteLabels, Images
from core.runs.errors import NoNetworkError, RunError
from core.runs.run import Run
from core.runs.run_files import load_arrays
from core.runs.status import LearnedDrawings, Parent, State

_PARENT_NETWORK = "parent.keras"
_DRAWINGS = "drawings.npz"

KEPT_LAYERS = ("hidden", "activation", "batch_normalization")
"""The hyperparameters that decide the layers: a run has them in common with its parent."""
KEPT_SPLIT = ("seed", "validation_share")
"""Those that decide which images are held out: a run has these in common with its parent too."""

MOST_DRAWINGS_SHARE = 0.5
"""At most this share of what a run learns from in an epoch are drawings."""


class Drawings(NamedTuple):
    """Drawings that a run learns from."""

    images: Images
    """Uint8 (n, 28, 28), 0 paper to 255 ink."""
    labels: ByteLabels
    """Uint8 (n,)"""
    owner: str | None
    """Whose they are; None: everybody's."""
    share: float
    """Of what the run learns from in an epoch, above 0 and at most a half."""


@dataclass(frozen=True)
class Origin:
    """What a run starts from: by default from nothing, on MNIST alone."""

    parent: Run | None = None
    drawings: Drawings | None = None

    def check(self, config: RunConfig) -> None:
        """Raise RunError if a run of `config` cannot start from it, with a sentence.

        Raises ValueError for drawings that are none.
        """
        if self.parent:
            require_trainable(self.parent)
            if problem := explain_misfit(config, self.parent):
                raise RunError(problem)
        if self.drawings:
            _check_drawings(self.drawings)

    def describe(self) -> tuple[Parent | None, LearnedDrawings | None]:
        """What the run's record says of it."""
        parent = drawings = None
        if self.parent:
            before = self.parent.record.parent
            epoch = self.parent.status.final_epoch or 0
            seconds = float(self.parent.history_columns("seconds")[0][:epoch].sum())
            parent = Parent(
                run=self.parent.id,
                name=self.parent.name,
                epoch=epoch,
                epochs_before=epoch + (before.epochs_before if before else 0),
                seconds_before=seconds + (before.seconds_before if before else 0.0),
                learned_drawings=has_learned_drawings(self.parent),
            )
        if self.drawings:
            count, owner, share = len(self.drawings.labels), *self.drawings[2:]
            drawings = LearnedDrawings(owner=owner, count=count, share=share)
        return parent, drawings

    def copy_into(self, folder: Path) -> None:
        """Write what it consists of into the folder of a new run. Raises OSError."""
        if self.parent:
            try:
                shutil.copyfile(self.parent.model_path, folder / _PARENT_NETWORK)
            except FileNotFoundError:
                raise NoNetworkError(f"run {self.parent.id} was deleted meanwhile") from None
        if self.drawings:
            images, labels = self.drawings[:2]
            np.savez_compressed(folder / _DRAWINGS, images=images, labels=labels)


def parent_network_path(run: Run) -> Path | None:
    """Where the network is that the run starts from; None if it starts from random weights."""
    return run.path / _PARENT_NETWORK if run.record.parent else None


def read_drawings(run: Run) -> Drawings | None:
    """The drawings that the run learns from; None if from MNIST alone.

    Raises DamagedRunError, RunNotWritableError.
    """
    learned = run.record.drawings
    if learned is None:
        return None
    with run.explain_start_errors(_DRAWINGS):
        arrays = load_arrays(run.path / _DRAWINGS)
        drawings = Drawings(arrays["images"], arrays["labels"], learned.owner, learned.share)
        _check_drawings(drawings)
        return drawings


def _check_drawings(drawings: Drawings) -> None:
    """Raise ValueError if they are none to learn from."""
    images, labels, _, share = drawings
    if images.dtype != np.uint8 or images.shape != (len(labels), IMAGE_SIDE, IMAGE_SIDE):
        raise ValueError(f"expected images uint8 (n, 28, 28), not {images.dtype} {images.shape}")
    if labels.dtype != np.uint8 or not len(labels) or labels.max() >= CLASSES:
        raise ValueError(f"expected labels uint8 from 0 to 9, not {labels.dtype} {labels.shape}")
    if not 0 < share <= MOST_DRAWINGS_SHARE:
        raise ValueError(f"{share:g} of an epoch is out of range; choose up to a half")


def has_learned_drawings(run: Run) -> bool:
    """Whether the run's network has learned from drawings, in this run or one before it."""
    record = run.record
    return bool(record.drawings or (record.parent and record.parent.learned_drawings))


def can_train_on(run: Run) -> bool:
    """Whether the run has ended with a network that another can start from."""
    status = run.status
    return status.state in {State.FINISHED, State.STOPPED} and bool(status.final_epoch)


def require_trainable(parent: Run) -> None:
    """Raise NoNetworkError unless `can_train_on`."""
    if not can_train_on(parent):
        raise NoNetworkError(
            f"run {parent.id} has not ended with a network that could be trained on"
        )


def explain_misfit(config: RunConfig, parent: Run) -> str | None:
    """Why a run of `config` cannot start from the parent's network, as a sentence; None if it can.

    Raises RunError for a parent that cannot be read.
    """
    for name in KEPT_LAYERS + KEPT_SPLIT:
        wanted, found = getattr(config, name), getattr(parent.config, name)
        if wanted == found:
            continue
        why = (
            "a run that is trained on keeps its layers"
            if name in KEPT_LAYERS
            else "the images held out must stay the same, or the network would be judged by images "
            "that it has learned from"
        )
        new, old = (field_text(value) or "none" for value in (wanted, found))
        return f"{hyperparameter(name).title} {new} instead of {old}: {why}"
    return None
