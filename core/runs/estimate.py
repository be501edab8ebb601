"""How long a run will take, learned from the runs that were trained before.

A run's time is a sum of parts, each a count that follows from its configuration times a cost: so
many batches, so many operations and so on. The costs are fitted to what the runs took, by least
squares of the errors' logarithms: so they are positive, and twice as long is as wrong as half.
"""

import math
import platform
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from scipy.optimize import least_squares  # type: ignore[import-untyped]

from core.config import TEST_SET, Optimizer, Precision, RunConfig
from core.config.architecture import LayerKind, count_parameters, describe_layers
from core.data import Doubles
from core.runs.summary import Summary

_USUAL = {
    "run": 0.6,
    "layer": 0.15,
    "writing": 0.01,
    "kept value": 1e-8,
    "epoch": 0.02,
    "batch": 2e-4,
    "image": 1e-6,
    "operation": 4e-12,
    "bfloat16 operation": 8e-12,  # unless it is known how fast the machine is at it
    "updated value": 1e-9,
    "dropped unit": 7e-9,
    "augmented image": 3e-6,
}
"""Seconds that one of each takes on two cores of an AMD EPYC: what is assumed before a run was
trained, and of what no run tells. See `_count` for what they are."""
_OVERHEAD = {"run", "layer", "writing", "kept value"}
"""Those that are no part of an epoch."""
_OPTIMIZER_VALUES = {
    Optimizer.ADAM: 2,
    Optimizer.RMSPROP: 1,
    Optimizer.SGD_MOMENTUM: 1,
    Optimizer.SGD: 0,
}
"""How many values an optimizer keeps beside each parameter."""

_OTHER_MACHINE_WEIGHT = 0.1
"""The weight of a run that another machine trained."""
_AGE_DECAY = 0.8
"""The factor on a run's weight for each newer one of its kind."""
_MOST_OF_A_KIND = 12
_RUN_VARIES, _COST_VARIES, _MACHINE_VARIES = 0.2, 0.7, 1.0
"""By how much a run's time usually differs from what its parts cost, a cost from the usual one of a
machine as fast in all, and a machine from the usual one: standard deviations of the logarithm."""


@dataclass(frozen=True)
class Timing:
    """What a run took, in seconds."""

    config: RunConfig
    epochs: int
    """How many it has trained."""
    epoch: float | None
    """The median of its epochs but the first; None if there are no others."""
    overhead: float | None
    """All besides: before the first epoch, and what that took longer than others, and between
    epochs. Of a run of one epoch that epoch too. None if not known."""
    is_here: bool = True
    """Whether it was trained on this machine."""


@dataclass(frozen=True)
class Costs:
    """What the parts of a run cost, in seconds."""

    seconds: dict[str, float]
    is_learned: bool
    """Whether runs of this machine were learned from."""

    def run_seconds(self, config: RunConfig) -> float:
        """Seconds that a run takes; with early stopping, at most."""
        return sum(
            count * self.seconds[part] for part, count in _count(config, config.epochs).items()
        )


def read_timing(run: Summary) -> Timing | None:
    """What the run tells of its time; None if nothing."""
    results, status = run.results, run.status
    first, epoch = results.first_epoch_seconds, results.epoch_seconds
    if run.config is None or first is None:
        return None
    overhead = status.overhead_seconds
    if overhead is not None:
        overhead += max(first - (epoch or 0.0), 0.0)
    is_here = status.host == platform.node()
    return Timing(run.config, results.epochs_done, epoch, overhead, is_here)


def fit_costs(timings: Iterable[Timing], bfloat16_speed: float | None = None) -> Costs:
    """The costs that explain the timings best, which are given newest first.

    Of runs of a kind the newest count most. Where the timings say little, costs are the usual ones,
    times as much as the machine is slower in all. `bfloat16_speed` is how many times as fast as in
    float32 it multiplies, if that was measured.
    """
    weighted = list(_weigh(timings))
    equations = [(*equation, weight) for timing, weight in weighted for equation in _equate(timing)]
    costs = dict(_USUAL)
    if bfloat16_speed:
        costs["bfloat16 operation"] = costs["operation"] / bfloat16_speed
    usual = np.array(list(costs.values()))
    counts = np.array([counts for counts, *_ in equations]).reshape(-1, len(usual)) * usual
    known, wanted, weights = np.array([rest for _, *rest in equations]).reshape(-1, 3).T
    precisions = np.sqrt(weights) / _RUN_VARIES

    def errors(logarithms: Doubles) -> Doubles:
        """Of the runs, the costs and the machine, at these logarithms of costs and machine."""
        costs, machine = logarithms[:-1], logarithms[-1:]
        estimated = known + counts @ np.exp(costs)
        of_runs = np.log(estimated / wanted) * precisions
        return np.concatenate(
            [of_runs, (costs - machine) / _COST_VARIES, machine / _MACHINE_VARIES]
        )

    start = np.zeros(len(usual) + 1)
    fitted = least_squares(errors, start, loss="soft_l1").x[:-1]  # that outliers count less
    seconds = dict(zip(_USUAL, (usual * np.exp(fitted)).tolist(), strict=True))
    return Costs(seconds, is_learned=any(timing.is_here for timing, _ in weighted))


def _weigh(timings: Iterable[Timing]) -> Iterator[tuple[Timing, float]]:
    """The timings to learn from, newest first, and what each counts."""
    kinds: Counter[tuple[object, ...]] = Counter()
    for timing in timings:
        kind = _find_kind(timing)
        if kinds[kind] < _MOST_OF_A_KIND:
            yield (
                timing,
                _AGE_DECAY ** kinds[kind] * (1.0 if timing.is_here else _OTHER_MACHINE_WEIGHT),
            )
        kinds[kind] += 1


def _find_kind(timing: Timing) -> tuple[object, ...]:
    """What runs have in common that teach nearly the same."""
    counts = _count(timing.config, 1)
    operations = counts["operation"] + counts["bfloat16 operation"]
    sizes = (operations, counts["batch"], counts["dropped unit"])
    config = timing.config
    return (
        timing.is_here,
        config.precision,
        config.is_augmented,
        *(round(2 * math.log10(1 + size)) for size in sizes),
    )


def _equate(timing: Timing) -> Iterator[tuple[Doubles, float, float]]:
    """What follows from the timing: counts of parts, and seconds that with them amount to others.

    First what an epoch takes, then the whole run, in which the epochs are known by then.
    """
    counts, epochs = _count(timing.config, timing.epochs), timing.epochs
    of_overhead = np.array([counts[part] * (part in _OVERHEAD) for part in _USUAL])
    of_epochs = np.array([counts[part] * (part not in _OVERHEAD) for part in _USUAL])
    if timing.epoch:
        yield of_epochs / epochs, 0.0, timing.epoch
        if timing.overhead is not None:
            known = epochs * timing.epoch
            yield of_overhead, known, known + timing.overhead
    elif timing.overhead:
        yield of_overhead + of_epochs, 0.0, timing.overhead


def _count(config: RunConfig, epochs: int) -> dict[str, float]:
    """How many of each part a run of `epochs` epochs has."""
    layers, parameters = describe_layers(config), count_parameters(config)
    values = parameters * (1 + _OPTIMIZER_VALUES[config.optimizer])
    trained, batches = config.training_size, config.batches
    measured = trained + config.validation_size + TEST_SET
    # Of matrix products: forward, and backward to inputs and weights; forward to measure.
    operations = parameters * (6 * trained + 2 * measured)
    in_bfloat16 = config.precision is Precision.BFLOAT16
    once: dict[str, float] = {"run": 1, "layer": len(layers)}  # to build and compile them
    per_epoch: dict[str, float] = {
        "writing": 1,  # of results
        "kept value": values,  # of the checkpoint
        "epoch": 1,
        "batch": batches,
        "image": trained + measured,
        "operation": 0 if in_bfloat16 else operations,
        "bfloat16 operation": operations if in_bfloat16 else 0,
        "updated value": batches * values,
        # Whatever else is done unit by unit, batch normalisation too
        "dropped unit": trained * sum(layer.units for layer in layers if layer.kind in _UNITWISE),
        "augmented image": trained * config.is_augmented,
    }
    return once | {part: epochs * count for part, count in per_epoch.items()}


_UNITWISE = {LayerKind.DROPOUT, LayerKind.BATCH_NORMALIZATION}
