from collections.abc import Callable
from itertools import product

import pytest
from pydantic import ValidationError

from core.config import RunConfig, explain
from core.sweep.config import SweepConfig
from core.sweep.space import Choices, Range

Tiny = Callable[..., SweepConfig]


def test_it_is_read_back_from_json(tiny: Tiny, grid: dict) -> None:
    config = tiny(vary=grid, sampler="grid", seeds=3, pruner="median")
    assert SweepConfig.model_validate_json(config.model_dump_json()) == config


def test_the_grid_is_every_combination_once(tiny: Tiny, grid: dict) -> None:
    config = tiny(vary=grid, sampler="grid", trials=1)
    points = [tuple(point.values()) for point in config.grid()]
    assert points == list(product([0, 0.5], ["relu", "tanh", "elu"]))
    assert config.grid_size == config.planned_trials == 6
    assert tiny(vary=grid, trials=9).planned_trials == 9


def test_a_trials_run_is_the_base_with_its_values_and_seed(tiny: Tiny) -> None:
    config = tiny(base={"seed": 7}, seeds=2)
    run = config.run_config({"dropout": 0.25, "l2": 1e-3, "hidden": "32-16"}, seed=1)
    assert run == config.base.model_copy(
        update={"dropout": 0.25, "l2": 1e-3, "hidden": (32, 16), "seed": 8}
    )
    with pytest.raises(ValidationError):
        config.run_config({"dropout": 2.0})


def test_examples_lie_within_the_space(tiny: Tiny) -> None:
    vary = {
        "learning_rate": Range(low=1e-4, high=1e-1, log=True),
        "epochs": Range(low=2, high=4),
        "hidden": Choices(values=("8", "16-8")),
    }
    examples = tiny(vary=vary).example_configs(200)
    assert {example.epochs for example in examples} == {2, 3, 4}
    assert {example.hidden for example in examples} == {(8,), (16, 8)}
    rates = [example.learning_rate for example in examples]
    assert 1e-4 <= min(rates) < max(rates) <= 1e-1
    below = sum(rate < 10**-2.5 for rate in rates)
    assert 70 < below < 130  # half of them below the middle ratio


def test_examples_of_a_grid_are_its_points(tiny: Tiny, grid: dict) -> None:
    config = tiny(vary=grid, sampler="grid")
    points = {config.run_config(point) for point in config.grid()}
    assert set(config.example_configs()) == points
    assert len(config.example_configs()) == 6
    assert len(set(config.example_configs(4)) & points) == 4


def test_runs_may_end_early_by_pruning_or_early_stopping(tiny: Tiny) -> None:
    assert not tiny().may_end_early
    assert tiny(pruner="median").may_end_early
    assert tiny(base={"early_stopping": True}).may_end_early
    assert tiny(vary={"early_stopping": Choices(values=("off", "on"))}).may_end_early


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"trials": 0}, "0 is out of range; choose 1 to 1,000"),
        ({"seeds": 11}, "11 is out of range; choose 1 to 10"),
        ({"vary": {}}, "0 hyperparameters vary; choose 1 to 8"),
        ({"vary": {"dropout": Range(low=0, high=5)}}, "dropout: 5 is out of range"),
        ({"sampler": "cma"}, "'cma' is unknown; choose 'tpe', 'random' or 'grid'"),
        (
            {
                "sampler": "grid",
                "vary": {
                    name: Range(low=1, high=100, points=50) for name in ("epochs", "patience")
                },
            },
            "the grid has 2,500 points; choose fewer, at most 1,000",
        ),
        ({"base": {"seed": 2**31 - 1}, "seeds": 2}, "2,147,483,648 is out of range"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(tiny: Tiny, changes: dict, sentence: str) -> None:
    with pytest.raises(ValidationError) as error:
        tiny(**changes)
    (said,) = explain(error.value).values()
    assert sentence in said


def test_most_epochs_are_those_of_the_base_or_of_the_range(tiny: Tiny) -> None:
    assert tiny().most_epochs == 2
    assert tiny(vary={"epochs": Range(low=3, high=9)}).most_epochs == 9
    assert SweepConfig(vary={"dropout": Range(low=0, high=0.5)}).base == RunConfig()
