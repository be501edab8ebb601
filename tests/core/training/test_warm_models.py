import gc
from collections.abc import Callable, Iterator

import numpy as np
import pytest
import tensorflow as tf

from core.config import Optimizer, RunConfig
from core.network.build import build_model
from core.runs import RunStore
from core.training import train, warm_models
from core.training.warm_models import Workbench, put_back, take_workbench

Small = Callable[..., RunConfig]


@pytest.fixture(autouse=True)
def nothing_laid_ready() -> Iterator[None]:
    warm_models._ready.clear()
    yield
    warm_models._ready.clear()


def variables(bench: Workbench) -> list[np.ndarray]:
    held = [*bench.model.variables, *bench.model.optimizer.variables]
    return [variable.numpy() for variable in held]


@pytest.mark.parametrize(
    "changes",
    [
        {"dropout": 0.5, "input_dropout": 0.1, "l2": 1e-4},
        {"batch_normalization": True, "optimizer": "sgd-momentum"},
    ],
    ids=["dropout and L2", "batch normalisation"],
)
def test_a_run_ends_the_same_on_a_used_workbench(
    store: RunStore, small: Small, changes: dict[str, object]
) -> None:
    config = small(seed=1, **changes)
    runs = [store.create(c) for c in (config, small(seed=2, learning_rate=0.1, **changes), config)]
    used = []
    for run in runs:
        train(run)
        used += warm_models._ready.values()
    assert len({id(bench) for bench in used}) == 1  # all three on the same one
    first, other, again = (run.history.drop(columns="seconds") for run in runs)
    assert first.equals(again)
    assert not first.equals(other)
    assert np.array_equal(runs[0].weights()[1], runs[2].weights()[1])
    assert np.array_equal(runs[0].test_probabilities(), runs[2].test_probabilities())


def test_a_used_workbench_is_as_a_new_one(small: Small) -> None:
    config = small(dropout=0.3, batch_normalization=True)
    new = variables(take_workbench(config))
    bench = take_workbench(config)
    for variable in [*bench.model.variables, *bench.model.optimizer.variables]:
        variable.assign(variable + 1)
    put_back(bench, config)
    used = take_workbench(config)
    assert used is bench
    assert all(map(np.array_equal, variables(used), new))
    assert all(
        np.array_equal(variable.numpy(), fresh.numpy())
        for variable, fresh in zip(used.model.variables, build_model(config).variables, strict=True)
    )


def test_nobody_shares_a_workbench(small: Small) -> None:
    bench = take_workbench(small())
    put_back(bench, small())
    assert take_workbench(small()) is bench
    assert take_workbench(small()) is not bench


@pytest.mark.parametrize(
    "changes",
    [{"hidden": (17,)}, {"l2": 1e-3}, {"dropout": 0.1}, {"batch_size": 64}, {"optimizer": "sgd"}],
    ids=str,
)
def test_another_shape_has_another_workbench(small: Small, changes: dict[str, object]) -> None:
    bench = take_workbench(small())
    put_back(bench, small())
    assert take_workbench(small(**changes)) is not bench


def test_no_more_than_a_few_are_kept_and_none_with_images(small: Small) -> None:
    for units in range(10, 16):
        put_back(take_workbench(small(hidden=(units,))), small(hidden=(units,)))
    assert len(warm_models._ready) == 4
    assert all(not bench.steps._splits for bench in warm_models._ready.values())
    assert len(warm_models._splits) == 1
    large = small(hidden=(2048, 256))
    put_back(take_workbench(large), large)
    assert len(warm_models._ready) == 4
    assert warm_models._shape(large) not in warm_models._ready


@pytest.mark.parametrize("optimizer", list(Optimizer))
def test_nothing_of_a_network_stays_that_is_no_longer_kept(
    store: RunStore, small: Small, optimizer: Optimizer
) -> None:
    """TensorFlow holds on to a graph for good if anything in it registers a gradient."""
    config = small(optimizer=optimizer, dropout=0.5, batch_normalization=True, l2=1e-4, epochs=1)
    before = count_graphs()
    train(store.create(config))
    assert count_graphs() > before
    warm_models._ready.clear()
    assert count_graphs() == before


def count_graphs() -> int:
    gc.collect()
    return sum(isinstance(thing, tf.Graph) for thing in gc.get_objects())
