"""What networks make of a drawing, as plain arrays; needs no Keras, so that a page can hold it.

`reading` computes it, on a worker.
"""

from typing import NamedTuple

from core.data import Floats, Indices


class RunAnswer(NamedTuple):
    """What one run's network, as it stands, says of a drawing."""

    run_id: str
    probabilities: Floats | None
    """float32 (10,), or None if the run has no network to answer."""
    problem: str = ""
    """Why not, as a sentence without its full stop."""


class Reading(NamedTuple):
    """What one network makes of an image."""

    probabilities: Floats
    """float32 (10,)"""
    activations: dict[str, Floats]
    """Each hidden layer's, float32 (units,), by its name, in order."""
    evidence: Floats
    """float32 (28, 28): which pixels speak for the digit (positive) or against it."""


class Neighbours(NamedTuple):
    """The training images nearest to a drawing in the last hidden layer, the nearest first."""

    indices: Indices
    """Into the 60,000 training images, (n,)."""
    distances: Floats
    """Euclidean, float32 (n,)."""
    searched: int
    """Among how many of the run's training images."""
