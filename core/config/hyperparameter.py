"""How the form, sweeps and warm models use a field of `RunConfig`: what the field states as its
`Traits`, and what follows from its type and bounds where it states nothing.
"""

import math
from dataclasses import dataclass
from enum import Enum, Flag, StrEnum, auto
from typing import get_args

from pydantic.fields import FieldInfo

from core.config.bounds import Bounds

_SLIDER_STEPS = 20


class Group(StrEnum):
    """Where the form shows a control: at once, or under a heading of this name."""

    MAIN = ""
    AUGMENTATION = "Augmentation"
    MORE = "More options"


class ControlKind(Enum):
    """The kinds of control in the form."""

    LAYERS = auto()
    """A number for each hidden layer."""
    SLIDER = auto()
    ONE_TWO_FIVE = auto()
    """A slider over 1, 2, 5, 10, 20 …"""
    POWERS_OF_TWO = auto()
    """A slider over 1, 2, 4, 8 …"""
    NUMBER = auto()
    CHOICE = auto()
    SWITCH = auto()


class Rebuilt(Flag):
    """What a training prepares before its first step, and its process keeps for later runs."""

    NOTHING = 0
    GRAPH = auto()
    """The compiled network and training loop."""
    IMAGES = auto()
    """The images of each split."""


@dataclass(frozen=True)
class Traits:
    """What a field of `RunConfig` may state beside its type, bounds, default, title and help."""

    rebuilds: Rebuilt = Rebuilt.GRAPH | Rebuilt.IMAGES
    """The parts that a run rebuilds if this value differs from the previous run's."""
    group: Group = Group.MORE
    control: ControlKind | None = None
    """None: the one that suits the type and bounds."""
    step: float | None = None
    """How far apart the values of a slider or number are. None: 1, or a twentieth of the bounds."""
    shown_with: str | None = None
    """The form shows this control only while the switch of this name is on."""
    sweep_range: tuple[float, float] | None = None
    """The range that the sweep form proposes. None: the bounds."""
    sweep_values: tuple[str, ...] = ()
    """The values that the sweep form proposes for the hidden layers."""
    not_swept: str | None = None
    """Why it cannot vary in a sweep."""


@dataclass(frozen=True)
class Hyperparameter:
    """A field of `RunConfig` or of a model like it, with all that is stated or follows about it."""

    name: str
    info: FieldInfo

    @property
    def title(self) -> str:
        """Its label on a page."""
        return self.info.title or self.name

    @property
    def description(self) -> str:
        """What it does to learning."""
        return self.info.description or ""

    @property
    def traits(self) -> Traits:
        """What the field states, or the defaults."""
        stated = (item for item in self.info.metadata if isinstance(item, Traits))
        return next(stated, Traits())

    @property
    def bounds(self) -> Bounds:
        """Of a number, its bounds; of layers, those of a width. Raises KeyError if it has none."""
        item, *_ = get_args(self.info.annotation) or (None,)
        for limits in [*self.info.metadata, *get_args(item)]:
            if isinstance(limits, Bounds):
                return limits
        raise KeyError(f"{self.name} has no bounds")

    @property
    def is_number(self) -> bool:
        """Whether it is a number, for which there are ranges."""
        return self.info.annotation in (int, float)

    @property
    def is_integer(self) -> bool:
        """Whether it is a whole number."""
        return self.info.annotation is int

    @property
    def choices(self) -> list[str]:
        """The names that it may have, or off and on; none of a number or of layers."""
        kind = self.info.annotation
        if isinstance(kind, type) and issubclass(kind, StrEnum):
            return [member.value for member in kind]
        return ["off", "on"] if kind is bool else []

    @property
    def control(self) -> ControlKind:
        """The kind of its control in the form."""
        if self.traits.control:
            return self.traits.control
        if self.choices:
            return ControlKind.SWITCH if self.info.annotation is bool else ControlKind.CHOICE
        if self.is_integer:
            return ControlKind.NUMBER
        return ControlKind.ONE_TWO_FIVE if self.bounds.logarithmic else ControlKind.SLIDER

    @property
    def step(self) -> float:
        """How far apart the values of its slider or number are."""
        share = (self.bounds.high - self.bounds.low) / _SLIDER_STEPS
        return self.traits.step or (1 if self.is_integer else float(f"{share:.1g}"))

    def slider_steps(self, *others: float) -> list[float]:
        """The values of its slider, if its bounds are logarithmic, and `others`."""
        if self.control is not ControlKind.POWERS_OF_TWO:
            return self.bounds.steps(*others)
        low, high = (round(math.log2(end)) for end in (self.bounds.low, self.bounds.high))
        return sorted({*others, *(2**power for power in range(low, high + 1))})
