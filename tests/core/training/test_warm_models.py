import gc
from collections.abc import Callable, Iterator

import numpy as np
import pytest
import tensorflow as tf

from core.config import Optimizer, Rebuilt, RunConfig
from core.network.build import build_model
from core.runs import RunStore
from core.training import train, warm_models
from core.training.warm_models import WarmModel, claim_warm_model, release_warm_model

Small = Callable[..., RunConfig]


@pytest.fixture(autouse=True)
def nothing_warm() -> Iterator[None]:
    warm_models._kept.clear()
    yield
    warm_models._kept.clear()


def variables(warm: WarmModel) -> list[np.ndarray]:
    held = [*warm.model.variables, *warm.model.optimizer.variables]
    return [variable.numpy() for variable in held]


@pytest.mark.parametrize(
    "changes",
    [
        {"dropout": 0.5, "input_dropout": 0.1, "l2": 1e-4},
        {"batch_normalization": True, "optimizer": "sgd-momentum"},
        {"rotation": 10, "elastic": 0.5},
    ],
    ids=["dropout and L2", "batch normalisation", "augmentation"],
)
def test_a_run_ends_the_same_on_a_used_model(
    store: RunStore, small: Small, changes: dict[str, object]
) -> None:
    config = small(seed=1, **changes)
    runs = [store.create(c) for c in (config, small(seed=2, learning_rate=0.1, **changes), config)]
    used = []
    for run in runs:
        train(run)
        used += warm_models._kept.values()
    assert len({id(warm) for warm in used}) == 1  # all three on the same one
    first, other, again = (run.history.drop(columns="seconds") for run in runs)
    assert first.equals(again)
    assert not first.equals(other)
    assert np.array_equal(runs[0].weights()[1], runs[2].weights()[1])
    assert np.array_equal(runs[0].test_probabilities(), runs[2].test_probabilities())


def test_a_used_model_is_as_a_new_one(small: Small) -> None:
    config = small(dropout=0.3, batch_normalization=True)
    new = variables(claim_warm_model(config))
    warm = claim_warm_model(config)
    for variable in [*warm.model.variables, *warm.model.optimizer.variables]:
        variable.assign(variable + 1)
    release_warm_model(warm, config)
    used = claim_warm_model(config)
    assert used is warm
    assert all(map(np.array_equal, variables(used), new))
    assert all(
        np.array_equal(variable.numpy(), fresh.numpy())
        for variable, fresh in zip(used.model.variables, build_model(config).variables, strict=True)
    )


def test_nobody_shares_a_warm_model(small: Small) -> None:
    warm = claim_warm_model(small())
    release_warm_model(warm, small())
    assert claim_warm_model(small()) is warm
    assert claim_warm_model(small()) is not warm


@pytest.mark.parametrize(
    "changes",
    [{"hidden": (17,)}, {"l2": 1e-3}, {"dropout": 0.1}, {"batch_size": 64}, {"optimizer": "sgd"}],
    ids=str,
)
def test_another_shape_has_another_model(small: Small, changes: dict[str, object]) -> None:
    warm = claim_warm_model(small())
    release_warm_model(warm, small())
    assert claim_warm_model(small(**changes)) is not warm


def test_no_more_than_a_few_are_kept_and_none_with_images(small: Small) -> None:
    for units in range(10, 16):
        release_warm_model(claim_warm_model(small(hidden=(units,))), small(hidden=(units,)))
    assert len(warm_models._kept) == 4
    assert all(not warm.loops._splits for warm in warm_models._kept.values())
    assert len(warm_models._splits) == 1
    large = small(hidden=(2048, 256))
    release_warm_model(claim_warm_model(large), large)
    assert len(warm_models._kept) == 4
    assert warm_models._values(large, Rebuilt.GRAPH) not in warm_models._kept


@pytest.mark.parametrize("optimizer", list(Optimizer))
def test_nothing_of_a_network_stays_that_is_no_longer_kept(
    store: RunStore, small: Small, optimizer: Optimizer
) -> None:
    """TensorFlow holds on to a graph for good if anything in it registers a gradient."""
    config = small(optimizer=optimizer, dropout=0.5, batch_normalization=True, l2=1e-4, epochs=1)
    before = count_graphs()
    train(store.create(config))
    assert count_graphs() > before
    warm_models._kept.clear()
    assert count_graphs() == before


def count_graphs() -> int:
    gc.collect()
    return sum(isinstance(thing, tf.Graph) for thing in gc.get_objects())
