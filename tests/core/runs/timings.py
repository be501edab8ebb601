"""What runs took that were trained for it, and how well runs are estimated from others."""

import json
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

import numpy as np

from core.config import RunConfig
from core.runs.estimate import Timing, fit_costs

TIMINGS = Path(__file__).with_name("timings.jsonl")
"""A line that says on what machine they were measured, and a run a line: in what its configuration
differs from the default, how many epochs, seconds of one, seconds beside them.
`tests.benchmarks.estimates` writes it."""
_HALVES = 20


@cache
def load_timings() -> tuple[Timing, ...]:
    """The kept timings, in the order in which they were measured."""
    _, *lines = map(json.loads, TIMINGS.read_text().splitlines())
    return tuple(
        Timing(RunConfig.model_validate(line.pop("config")), **line, is_here=True) for line in lines
    )


def run_seconds(timing: Timing) -> float:
    """What the whole run took."""
    return (timing.overhead or 0.0) + timing.epochs * (timing.epoch or 0.0)


def held_out_factors(timings: Sequence[Timing], learned: int) -> Iterator[float]:
    """How many times as long as estimated each held-out run took: of many random choices of
    `learned` runs to learn from, always the same choices.
    """
    for seed in range(_HALVES):
        order = np.random.default_rng(seed).permutation(len(timings))
        costs = fit_costs(timings[place] for place in order[:learned])
        for place in order[learned:]:
            timing = timings[place]
            yield run_seconds(timing) / costs.run_seconds(timing.config)


def share_within(
    timings: Sequence[Timing], learned: int | None = None, factor: float = 1.5
) -> float:
    """The share of held-out runs that took at most `factor` times as long as estimated, or as
    short; learned from half of them, unless told.
    """
    factors = np.array([*held_out_factors(timings, learned or len(timings) // 2)])
    return float(np.mean(np.abs(np.log(factors)) <= np.log(factor)))
