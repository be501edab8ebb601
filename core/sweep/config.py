"""A sweep's configuration: what varies around which network, how it is searched, how often."""

from enum import StrEnum
from itertools import product
from typing import Annotated, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from core.config import Bounds, RunConfig, bounds, hyperparameter
from core.sweep.space import Choices, Space, Value, check_space, grid_values

MAX_VARIED = 8
MAX_TRIALS = 1_000
TRIALS = Bounds(1, MAX_TRIALS, logarithmic=True)
SEEDS = Bounds(1, 10)


class Sampler(StrEnum):
    """How the next trial is chosen."""

    TPE = "tpe"
    RANDOM = "random"
    GRID = "grid"


class Pruner(StrEnum):
    """How weak trials are cut short, by their validation accuracy after each epoch."""

    NONE = "none"
    MEDIAN = "median"
    HYPERBAND = "hyperband"


class SweepConfig(BaseModel):
    """A sweep, validated and frozen. Its objective is validation accuracy, never test."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    base: RunConfig = Field(RunConfig(), title="Base", description="Everything that does not vary.")
    vary: dict[str, Space] = Field(
        title="What varies",
        description="The hyperparameters that are searched. The more of them, the more trials it "
        "takes to learn anything about each.",
    )
    sampler: Sampler = Field(
        Sampler.TPE,
        title="Search",
        description="How the values of the next trial are chosen.\n\n"
        "TPE (tree-structured Parzen estimator) begins with ten random trials. After that it looks "
        "at where the best tenth of all trials lie and where the rest do, and tries values that "
        "are common among the best and rare among the rest. It needs fewer trials to find good "
        "values; what it seldom tries it learns little about.\n\n"
        "Random draws every value by chance, whatever came before. It is hard to beat with few "
        "trials, and fair to every hyperparameter.\n\n"
        "Grid tries every combination of evenly spaced values, once each: complete, and soon too "
        "many.",
    )
    trials: Annotated[int, TRIALS] = Field(
        20,
        title="Trials",
        description="How many combinations are tried. A grid has its own number.",
    )
    seeds: Annotated[int, SEEDS] = Field(
        1,
        title="Seeds per trial",
        description="How many seeds each combination is trained with; their mean judges it. One "
        "seed finds more in the same time; several tell a real difference from a lucky start.",
    )
    pruner: Pruner = Field(
        Pruner.NONE,
        title="Cut short",
        description="Whether weak trials are stopped early, by their validation accuracy after "
        "each epoch, which leaves time for more trials.\n\n"
        "Never: each trains to its end.\n\n"
        "Median: once five trials have come to their end, another is stopped as soon as its best "
        "accuracy so far is below the median of those at the same epoch.\n\n"
        "Hyperband holds knock-out rounds after 1, 3, 9, 27 … epochs: of the trials that have come "
        "to a round, only those in the best third go on. Some trials are let off the first rounds, "
        "for a network that learns slowly may be the best in the end. It saves the most time, "
        "with many trials and epochs.\n\n"
        "The first seed of a trial is judged; the others begin once it has come through.",
    )

    @field_validator("vary")
    @classmethod
    def _check_vary(cls, vary: dict[str, Space]) -> dict[str, Space]:
        if not 1 <= len(vary) <= MAX_VARIED:
            raise ValueError(f"{len(vary)} hyperparameters vary; choose 1 to {MAX_VARIED}")
        return {name: check_space(name, space) for name, space in vary.items()}

    @model_validator(mode="after")
    def _check_whole(self) -> Self:
        if self.sampler is Sampler.GRID and self.grid_size > MAX_TRIALS:
            raise ValueError(
                f"the grid has {self.grid_size:,} points; choose fewer, at most {MAX_TRIALS:,}"
            )
        bounds("seed").check(self.base.seed + self.seeds - 1)
        return self

    @property
    def grid_size(self) -> int:
        """How many combinations a grid over this space has."""
        return int(np.prod([len(values) for values in self._grid_axes()], dtype=object))

    @property
    def planned_trials(self) -> int:
        """How many trials are planned at first: those of the configuration, or of the grid."""
        return self.grid_size if self.sampler is Sampler.GRID else self.trials

    @property
    def may_end_early(self) -> bool:
        """Whether runs may end before their last epoch, by pruning or early stopping."""
        stops = self.base.early_stopping or "early_stopping" in self.vary
        return stops or self.pruner is not Pruner.NONE

    @property
    def seed_numbers(self) -> range:
        """The seeds that every trial is trained from."""
        return range(self.base.seed, self.base.seed + self.seeds)

    @property
    def most_epochs(self) -> int:
        """The most epochs that a run of this sweep may take."""
        space = self.vary.get("epochs")
        return max(map(int, grid_values("epochs", space))) if space else self.base.epochs

    def grid(self) -> list[dict[str, Value]]:
        """Every combination of the grid, in order; the last hyperparameter moves fastest."""
        return [dict(zip(self.vary, values, strict=True)) for values in product(*self._grid_axes())]

    def run_config(self, values: dict[str, Value], seed: int = 0) -> RunConfig:
        """The configuration of a trial's run: the base with `values`, and the seed-th seed from 0.

        Raises pydantic's ValidationError, a ValueError, for values out of bounds.
        """
        fields = self.base.model_dump() | values | {"seed": self.base.seed + seed}
        return RunConfig.model_validate(fields)

    def example_configs(self, count: int = 30) -> list[RunConfig]:
        """Configurations evenly drawn from the space, always the same: to estimate a sweep by.

        Of a grid, that many of its points, or all.
        """
        random = np.random.default_rng(0)
        if self.sampler is Sampler.GRID:
            grid = self.grid()
            return [self.run_config(grid[i]) for i in random.permutation(len(grid))[:count]]
        return [
            self.run_config({name: _draw(name, space, random) for name, space in self.vary.items()})
            for _ in range(count)
        ]

    def _grid_axes(self) -> list[list[Value]]:
        return [grid_values(name, space) for name, space in self.vary.items()]


def _draw(name: str, space: Space, random: np.random.Generator) -> Value:
    if isinstance(space, Choices):
        return space.values[random.integers(len(space.values))]
    low, high = (np.log([space.low, space.high])) if space.log else (space.low, space.high)
    number = random.uniform(low, high)
    number = min(max(float(np.exp(number)) if space.log else number, space.low), space.high)
    return round(number) if hyperparameter(name).is_integer else number
