"""Runs of the same configuration but for the seed: what shows how much of a result is chance."""

from collections.abc import Iterable
from itertools import count as naturals
from itertools import filterfalse, islice

from core.config import RunConfig
from core.runs.status import State
from core.runs.summary import Summary


def siblings(config: RunConfig, summaries: Iterable[Summary]) -> list[Summary]:
    """The runs whose configuration differs from `config` in the seed at most, in their order.

    Those that start from another run, or learn from drawings, are none.
    """
    wanted = _without_seed(config)
    return [
        one
        for one in summaries
        if one.config and one.is_from_scratch and _without_seed(one.config) == wanted
    ]


def is_representative(summary: Summary) -> bool:
    """Whether the run shows what its configuration is worth: it started from nothing, has finished,
    and its learning rate was not changed while it trained.
    """
    has_finished = summary.status.state is State.FINISHED
    return has_finished and summary.is_from_scratch and summary.results.kept_learning_rate


def seed_accuracies(chosen: Summary, summaries: Iterable[Summary]) -> dict[int, float]:
    """Test accuracies by seed of `chosen` and of its siblings, from 0 to 1.

    Runs that are not whole are left out, `chosen` too; of several with the same seed the chosen one
    counts, or the first.
    """
    accuracies: dict[int, float] = {}
    alike = siblings(chosen.config, summaries) if chosen.config and chosen.is_from_scratch else []
    for one in [chosen, *alike]:
        accuracy = one.results.test_accuracy
        if one.config and accuracy is not None and is_representative(one):
            accuracies.setdefault(one.config.seed, accuracy)
    return accuracies


def next_seeds(used: Iterable[int], count: int = 3) -> list[int]:
    """The `count` smallest seeds not used yet, for two configurations to be trained from alike."""
    return list(islice(filterfalse(set(used).__contains__, naturals()), count))


def _without_seed(config: RunConfig) -> RunConfig:
    return config.model_copy(update={"seed": 0})
