import numpy as np
import pytest

from core.config import Bounds, RunConfig, bounds, hyperparameter
from core.sweep.space import (
    Choices,
    Range,
    check_space,
    grid_values,
    parse_vary,
    varied_fields,
)


@pytest.mark.parametrize(
    ("text", "name", "space"),
    [
        ("dropout=0:0.7", "dropout", Range(low=0, high=0.7)),
        ("l2=1e-6:1e-2:log", "l2", Range(low=1e-6, high=1e-2, log=True)),
        ("epochs=5:20:4", "epochs", Range(low=5, high=20, points=4)),
        ("batch-size=32:512:log:5", "batch_size", Range(low=32, high=512, log=True, points=5)),
        ("l2=0,1e-4,0.01", "l2", Choices(values=(0.0, 1e-4, 0.01))),
        ("activation=relu, tanh", "activation", Choices(values=("relu", "tanh"))),
        ("hidden=128,256-128", "hidden", Choices(values=("128", "256-128"))),
        ("batch_normalization=yes,no", "batch_normalization", Choices(values=("on", "off"))),
    ],
)
def test_what_varies_is_read_from_a_text(text: str, name: str, space: Range | Choices) -> None:
    assert parse_vary(text) == (name, space)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("dropout", "'dropout' says no range; write for example dropout=0:0.7"),
        ("dropout=0:2", "dropout: 2 is out of range; choose 0 to 0.9"),
        ("l2=0:0.1", "l2: 0 is out of range; choose 1e-06 to 0.1"),
        ("dropout=0:0.5:log", "dropout: a logarithmic range begins above 0, not at 0"),
        ("dropout=0.5:0.1", "dropout: 0.5 is not below 0.1"),
        ("dropout=nan:0.5", "dropout: nan is out of range"),
        ("dropout=a:b", "dropout: could not convert string to float: 'a'; write low:high"),
        ("dropout=0:0.5:3:4", "dropout: '0:0.5:3:4' has too many parts"),
        ("dropout=0:0.5:1", "dropout: 1 is out of range; choose 2 to 50"),
        ("epochs=1.5:3", "epochs: 1.5 is not a whole number"),
        ("activation=relu:tanh", "activation: could not convert"),
        ("activation=1:2", "activation is no number; write the values to try, with commas"),
        ("activation=relu", "activation: 1 values given; choose 2 to 30"),
        ("activation=relu,relu", "activation: relu is there twice"),
        ("activation=relu,swish", "activation: 'swish' is unknown; choose 'relu'"),
        ("hidden=64,9999", "hidden: 9,999 is out of range; choose 1 to 2,048"),
        ("seed=0:9", "seed cannot vary: seeds are chance and not a choice"),
        ("validation_share=0.1:0.3", "validation_share cannot vary: trials are compared"),
        ("momentum=0:1", "'momentum' is no hyperparameter; choose from hidden, activation"),
        (f"{'x' * 500}=0:1", "is no hyperparameter"),
    ],
)
def test_what_cannot_vary_so_is_said_in_a_sentence(text: str, sentence: str) -> None:
    with pytest.raises(ValueError) as error:
        parse_vary(text)
    assert sentence in str(error.value)
    assert len(str(error.value)) < 500


def test_every_number_may_vary_over_its_whole_bounds_and_not_beyond() -> None:
    numbers = [name for name in varied_fields() if hyperparameter(name).is_number]
    for name in numbers:
        limits: Bounds = bounds(name)
        whole = Range(low=limits.low, high=limits.high)
        assert check_space(name, whole) == whole
        for low, high in ((limits.low - 1, limits.high), (limits.low, limits.high + 1)):
            with pytest.raises(ValueError, match="out of range"):
                check_space(name, Range(low=low, high=high))


def test_all_other_hyperparameters_may_vary() -> None:
    assert {*varied_fields(), "seed", "validation_share"} == set(RunConfig.model_fields)


def test_a_grid_takes_even_steps_or_even_ratios_and_both_ends() -> None:
    assert grid_values("dropout", Range(low=0, high=0.7, points=3)) == [0, 0.35, 0.7]
    exponents = np.log10(grid_values("l2", Range(low=1e-6, high=1e-2, log=True)))
    np.testing.assert_allclose(exponents, [-6, -5, -4, -3, -2])
    assert grid_values("patience", Range(low=1, high=3, points=5)) == [1, 2, 3]
    assert grid_values("hidden", Choices(values=("8", "16-8"))) == ["8", "16-8"]
