"""Teaching a network a hand: what a run learns from a collection, and what it is measured on."""

from collections.abc import Iterable, Sequence

from core.config import RunConfig, Schedule
from core.drawing.archive import DrawingError
from core.drawing.collection import Drawing, as_arrays
from core.drawing.halves import LEAST_DRAWINGS
from core.runs import Run
from core.runs.origin import Drawings, read_drawings

_AUGMENTATION = {"rotation": 10.0, "zoom": 0.1, "shear": 0.1, "shift": 1.0, "elastic": 0.5}
"""So that a few drawings stand for all that the same hand may draw: of 2,000 others of a hand that
the preset `quick` reads with 90.1 %, it reads 95.5 % after it has learned ten."""
_EPOCHS = 5

USUAL_SHARE = 0.25
"""The share of an epoch that drawings take, unless somebody chooses another."""


def drawings_to_learn(
    collection: Iterable[Drawing], owner: str | None, share: float = USUAL_SHARE
) -> Drawings:
    """The half to learn from of a person's drawings, or of everybody's, for a run to start with.

    Raises DrawingError with how many are missing.
    """
    own = select_drawings(collection, owner)
    to_learn = [drawing for drawing in own if drawing.is_to_learn]
    if missing := count_missing(own):
        raise DrawingError(
            f"{missing} more {'drawing is' if missing == 1 else 'drawings are'} needed: a network "
            f"learns from half of at least {LEAST_DRAWINGS}, and is measured on the other half"
        )
    if not 0 < len(to_learn) < len(own):
        raise DrawingError("all of the drawings are in one half; draw a few more")
    return Drawings(*as_arrays(to_learn), owner, share)


def count_missing(own: Sequence[Drawing]) -> int:
    """How many drawings are missing for a network to learn from half of them."""
    return max(LEAST_DRAWINGS - len(own), 0)


def select_drawings(collection: Iterable[Drawing], owner: str | None) -> list[Drawing]:
    """The drawings of a person; of everybody if `owner` is None."""
    return [drawing for drawing in collection if owner in (None, drawing.owner)]


def drawings_to_measure(drawings: Iterable[Drawing], run: Run) -> list[Drawing]:
    """Those of the drawings in the half that nobody learns from, but for pictures that the run has
    learned after all. Raises DamagedRunError.
    """
    learned = read_drawings(run)
    pictures = {image.tobytes() for image in learned.images} if learned else set()
    return [
        drawing
        for drawing in drawings
        if not drawing.is_to_learn and drawing.image.tobytes() not in pictures
    ]


def teaching_config(config: RunConfig) -> RunConfig:
    """How a network of `config` is taught: a few epochs, at a rate that falls from its own to zero,
    on images that are changed, so that it learns the hand and not these drawings.
    """
    changes: dict[str, object] = {} if config.is_augmented else dict(_AUGMENTATION)
    changes |= {"epochs": _EPOCHS, "early_stopping": False, "schedule": Schedule.COSINE}
    return config.model_copy(update=changes)
