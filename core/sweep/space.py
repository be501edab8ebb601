"""What varies in a sweep: a range of numbers, or a choice of values, for each hyperparameter.

Bounds are the configuration's own; nothing here knows how the space is searched.
"""

from typing import Annotated, Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.config import (
    Bounds,
    Hyperparameter,
    RunConfig,
    explain,
    field_text,
    hyperparameter,
    hyperparameters,
)

Value = int | float | str
"""What a search proposes for a hyperparameter; layer sizes, names and switches are texts."""

MAX_CHOICES = 30
POINTS = Bounds(2, 50)


class Range(BaseModel):
    """Numbers from `low` to `high`, both included; a grid takes `points` of them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    low: float
    high: float
    log: bool = False
    points: Annotated[int, POINTS] = Field(
        5,
        title="Points of the grid",
        description="How many values between the two ends, both included, the grid takes.",
    )

    def __str__(self) -> str:
        return f"{self.low:g} to {self.high:g}{', logarithmic' if self.log else ''}"


class Choices(BaseModel):
    """A few values, as a search takes them: any of them, equally likely to begin with."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    values: Annotated[tuple[Value, ...], Field(min_length=2, max_length=MAX_CHOICES)]

    def __str__(self) -> str:
        return ", ".join(map(str, self.values))


Space = Range | Choices


def varied_fields() -> list[str]:
    """The hyperparameters that may vary, in the configuration's order."""
    return [field.name for field in hyperparameters() if not field.traits.not_swept]


def grid_values(name: str, space: Space) -> list[Value]:
    """The values of a hyperparameter that a grid takes, each once.

    Numbers are evenly spaced, in ratio if the range is logarithmic.
    """
    if isinstance(space, Choices):
        return list(space.values)
    spread = np.geomspace if space.log else np.linspace
    numbers = spread(space.low, space.high, space.points)
    if hyperparameter(name).is_integer:
        return [int(number) for number in np.unique(numbers.round())]
    rounded = [float(f"{number:.6g}") for number in numbers]
    return [space.low, *rounded[1:-1], space.high]


def check_space(name: str, space: Space) -> Space:
    """Return the space with values as the hyperparameter has them, each once.

    Raises ValueError with a sentence that begins with the name.
    """
    if name not in RunConfig.model_fields:
        names = ", ".join(varied_fields())
        raise ValueError(f"{name!r:.60} is no hyperparameter; choose from {names}")
    field = hyperparameter(name)
    if reason := field.traits.not_swept:
        raise ValueError(f"{name} cannot vary: {reason}")
    if isinstance(space, Choices):
        values = tuple(_check_value(field, value) for value in space.values)
        for value in values:
            if values.count(value) > 1:
                raise ValueError(f"{name}: {value!s:.60} is there twice")
        return Choices.model_construct(values=values)
    _check_range(field, space)
    return space


def parse_vary(text: str) -> tuple[str, Space]:
    """Read `dropout=0:0.7`, `l2=1e-6:1e-2:log`, `epochs=5:20:4` or `hidden=128,256-128`.

    A range is low:high, then `log` or the number of points of a grid or both; anything else is
    values with commas. Raises ValueError with a sentence.
    """
    name, equals, rest = text.partition("=")
    name = name.strip().replace("-", "_")
    if not equals:
        raise ValueError(
            f"{text!r:.60} says no range; write for example dropout=0:0.7, "
            "l2=1e-6:1e-2:log or activation=relu,tanh"
        )
    if ":" not in rest:
        values = tuple(part.strip() for part in rest.split(",") if part.strip())
        if not 2 <= len(values) <= MAX_CHOICES:
            raise ValueError(
                f"{name:.60}: {len(values)} values given; choose 2 to {MAX_CHOICES}, "
                "with commas between them"
            )
        return name, check_space(name, Choices.model_construct(values=values))
    return name, check_space(name, _parse_range(name, rest))


def _parse_range(name: str, text: str) -> Range:
    low, high, *more = text.split(":")
    log = "log" in more
    points = [part for part in more if part != "log"]
    try:
        if len(points) > 1:
            raise ValueError(f"{text!r:.60} has too many parts")
        numbers = float(low), float(high)
        count = POINTS.check(int(points[0])) if points else Range.model_fields["points"].default
    except ValueError as error:
        raise ValueError(f"{name:.60}: {error}; write low:high, low:high:log") from None
    return Range.model_construct(low=numbers[0], high=numbers[1], log=log, points=count)


def _check_range(field: Hyperparameter, space: Range) -> None:
    name = field.name
    if not field.is_number:
        raise ValueError(f"{name} is no number; write the values to try, with commas between them")
    limits = field.bounds
    for end in (space.low, space.high):
        if not limits.low <= end <= limits.high:  # a 0 apart from the rest is a choice, no range
            raise ValueError(
                f"{name}: {end:g} is out of range; choose {limits.low:g} to {limits.high:,.10g}"
            )
        if field.is_integer and end != int(end):
            raise ValueError(f"{name}: {end:g} is not a whole number")
    if space.low >= space.high:
        raise ValueError(f"{name}: {space.low:g} is not below {space.high:g}")
    if space.log and space.low <= 0:
        raise ValueError(f"{name}: a logarithmic range begins above 0, not at {space.low:g}")


def _check_value(field: Hyperparameter, value: Value) -> Value:
    """The value as a run's configuration has it; what is no number, as a text."""
    try:
        checked: Any = getattr(RunConfig.model_validate({field.name: value}), field.name)
    except ValidationError as error:
        raise ValueError(f"{field.name}: {explain(error)[field.name]}") from None
    return checked if field.is_number else field_text(checked)
