"""The values that a number may take, as pydantic checks them and a person reads them."""

import math
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

Number = TypeVar("Number", int, float)


@dataclass(frozen=True)
class Bounds:
    """The values a number may take: `low` to `high`, both included, and 0 too if `or_zero`.

    `logarithmic` says that ratios matter more than differences, for sliders and searches.
    """

    low: float
    high: float
    logarithmic: bool = False
    or_zero: bool = False

    def __str__(self) -> str:
        zero = "0 or " if self.or_zero else ""
        return f"{zero}{_number_text(self.low)} to {_number_text(self.high)}"

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high or (self.or_zero and value == 0)

    def steps(self, *others: float) -> list[float]:
        """1, 2 and 5 times the powers of ten that are allowed, 0 if allowed, and `others`."""
        powers = range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)
        steps = {0.0, *(float(f"{step}e{power}") for power in powers for step in (1, 2, 5))}
        return sorted({*others, *filter(self.__contains__, steps)})

    def check(self, value: Number) -> Number:
        """Return `value`, or raise ValueError naming it and the range."""
        if value not in self:
            raise ValueError(f"{_number_text(value)} is out of range; choose {self}")
        return value

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self.check, handler(source))


def _number_text(value: float) -> str:
    """A number to the last digit, cut after 60 characters."""
    return f"{value:,}".removesuffix(".0")[:60]
