"""What a diagnosis consists of: findings, each with its evidence and what to try."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Any, NamedTuple


class Kind(StrEnum):
    """What a finding is about, as a page and the command line call it."""

    AT_CHANCE = "no better than chance"
    RATE_TOO_HIGH = "learning rate too high"
    RATE_CHANGED = "learning rate changed"
    HAD_BEEN_BETTER = "had been better"
    OVERFITS = "overfits"
    RATE_TOO_LOW = "learning rate too low"
    OVER_REGULARIZED = "regularised too strongly"
    TOO_SMALL = "too small"
    LEARNED_LITTLE = "learned little"
    DEAD_UNITS = "dead units"
    SATURATED_UNITS = "saturated units"
    FEW_IMAGES = "few images"
    TINY_BATCHES = "tiny batches"
    STOPPED_TOO_EARLY = "stopped too early"
    UNFINISHED = "not finished learning"
    BEST_EARLIER = "best epoch before the last"
    GAP_NARROWED = "regularisation narrowed the gap"
    DIFFERENCE = "difference to another run"
    CLEAN = "a clean run"


class Severity(IntEnum):
    """How much a finding matters."""

    GOOD = 0
    """Something went well."""
    NOTE = 1
    """Worth knowing; the run is none the worse for it."""
    FAULT = 2
    """It cost accuracy or trust, and can be mended."""
    GRAVE = 3
    """The network is of no use, or lost much."""


class View(StrEnum):
    """Where one sees it: the address of a page."""

    CURVES = "curves"
    LAYERS = "layers"
    COMPARE = "compare"
    EVALUATE = "evaluate"


class Try(NamedTuple):
    """What to train next: its label, and the changes to the configuration."""

    label: str
    changes: Mapping[str, Any]


@dataclass(frozen=True)
class Finding:
    """One thing that happened in a run."""

    kind: Kind
    severity: Severity
    sentence: str
    """At most two sentences in plain English."""
    epoch: int | None = None
    """The epoch that it is about: from which on it is so, or that was the best."""
    evidence: Mapping[str, float] = field(default_factory=dict)
    """The numbers that it rests on: accuracies and shares from 0 to 1, losses in nats."""
    tries: tuple[Try, ...] = ()
    view: View = View.CURVES
    """Where one sees it."""
    other: str = ""
    """The id of the run that this one is held against, if it is."""

    @property
    def is_fault(self) -> bool:
        """Whether there is something to mend."""
        return self.severity >= Severity.FAULT
