"""How long a run will take on this machine, learned from the runs that it has trained."""

import platform
import statistics
from collections.abc import Iterable

from core.config import TEST_SET, RunConfig
from core.config.architecture import count_parameters
from core.runs.errors import RunError
from core.runs.run import Run

# What a machine is taken for before it has trained anything; see `epoch_seconds`.
_OPERATIONS_PER_SECOND = 1e11
_BATCH_SECONDS = 1e-3
_PARAMETER_SECONDS = 1e-8
_LEARN_FROM = 20


def epoch_seconds(config: RunConfig) -> float:
    """Seconds that an epoch would take on a plain laptop.

    Six operations a parameter for each image trained on (forward, and backward to inputs and
    weights), two for each image of the three evaluated splits, and a step's own costs: starting
    it, and passing over every parameter to update it.
    """
    parameters = count_parameters(config)
    evaluated = config.training_size + config.validation_size + TEST_SET
    operations = parameters * (6 * config.training_size + 2 * evaluated)
    step = _BATCH_SECONDS + _PARAMETER_SECONDS * parameters
    return operations / _OPERATIONS_PER_SECOND + config.batches * step


def machine_factor(runs: Iterable[Run]) -> float | None:
    """How many times as long as `epoch_seconds` this machine takes, or None before its first run.

    The median over the newest runs that were trained here.
    """
    factors: list[float] = []
    for run in runs:
        try:
            status = run.status
            if status.host == platform.node() and status.seconds_per_epoch:
                factors.append(status.seconds_per_epoch / epoch_seconds(run.config))
        except RunError:
            continue
        if len(factors) == _LEARN_FROM:
            break
    return statistics.median(factors) if factors else None
