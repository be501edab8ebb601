import json
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from core.config import (
    PRESET_TITLES,
    PRESETS,
    Activation,
    Bounds,
    Optimizer,
    RunConfig,
    Schedule,
    bounds,
    hyperparameter,
    parse_config,
)

LIMITS = {
    "dropout": (0.0, 0.9),
    "input_dropout": (0.0, 0.9),
    "l2": (1e-6, 1e-1),
    "learning_rate": (1e-6, 10.0),
    "batch_size": (16, 4096),
    "epochs": (1, 200),
    "patience": (1, 100),
    "min_delta": (0.0, 1.0),
    "validation_share": (0.05, 0.5),
    "training_images": (1_000, 60_000),
    "rotation": (0.0, 45.0),
    "zoom": (0.0, 0.3),
    "shear": (0.0, 0.5),
    "shift": (0.0, 4.0),
    "elastic": (0.0, 3.0),
    "seed": (0, 2**31 - 1),
}
NUMBERS = sorted(LIMITS)


def just_outside(name: str) -> list[float]:
    low, high = LIMITS[name]
    if isinstance(low, int):
        return [low - 1, high + 1]
    return [math.nextafter(low, -math.inf), math.nextafter(high, math.inf)]


def numbers(name: str) -> st.SearchStrategy[Any]:
    low, high = LIMITS[name]
    if isinstance(low, int):
        return st.integers(low, high)
    values = st.floats(low, high)
    return st.just(0.0) | values if name == "l2" else values


configs = st.builds(
    RunConfig,
    hidden=st.lists(st.integers(1, 2048), max_size=6).map(tuple),
    activation=st.sampled_from(Activation),
    optimizer=st.sampled_from(Optimizer),
    schedule=st.sampled_from(Schedule),
    batch_normalization=st.booleans(),
    early_stopping=st.booleans(),
    restore_best_weights=st.booleans(),
    **{name: numbers(name) for name in NUMBERS},
)
hypothetically = settings(deadline=None, derandomize=True, max_examples=100)


def test_defaults_are_the_notebooks_network() -> None:
    config = RunConfig()
    assert config.hidden == (512, 256)
    assert (config.activation, config.optimizer) == ("relu", "adam")
    assert (config.learning_rate, config.batch_size, config.epochs) == (0.001, 512, 50)
    assert (config.dropout, config.l2, config.batch_normalization) == (0, 0, False)
    assert (config.training_size, config.validation_size) == (42_000, 18_000)
    assert config.batches == 83  # 82 of 512 images and one of 16


# --- bounds


@pytest.mark.parametrize("name", NUMBERS)
def test_number_takes_its_bounds(name: str) -> None:
    for value in LIMITS[name]:
        assert getattr(RunConfig.model_validate({name: value}), name) == value
        assert getattr(RunConfig.model_validate({name: str(value)}), name) == value


@pytest.mark.parametrize("name", NUMBERS)
def test_number_just_outside_its_bounds_is_refused(name: str) -> None:
    for value in just_outside(name):
        with pytest.raises(ValidationError):
            RunConfig.model_validate({name: value})


@pytest.mark.parametrize("name", NUMBERS)
def test_stated_bounds_are_those_enforced(name: str) -> None:
    assert (bounds(name).low, bounds(name).high) == LIMITS[name]


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, "nan", "inf", "-Infinity"])
def test_nan_and_infinity_are_refused(name: str, value: float | str) -> None:
    config, wrong = parse_config({name: value})
    assert config == RunConfig()
    assert list(wrong) == [name]


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_nan_and_infinity_are_refused_as_widths(value: float) -> None:
    with pytest.raises(ValidationError):
        RunConfig(hidden=(value,))  # type: ignore[arg-type]


def test_l2_is_zero_or_from_a_millionth() -> None:
    assert RunConfig(l2=0).l2 == 0
    assert bounds("l2").or_zero
    for value in (1e-7, -1e-6):
        with pytest.raises(ValidationError, match=r"0 or 1e-06 to 0\.1"):
            RunConfig(l2=value)


def test_widths_from_1_to_2048() -> None:
    assert RunConfig(hidden=(1, 2048)).hidden == (1, 2048)
    assert (bounds("hidden").low, bounds("hidden").high) == (1, 2048)
    for width in (0, -1, 2049):
        with pytest.raises(ValidationError, match="1 to 2,048"):
            RunConfig(hidden=(width,))


@pytest.mark.parametrize("layers", range(7))
def test_up_to_six_hidden_layers(layers: int) -> None:
    assert RunConfig(hidden=(8,) * layers).hidden == (8,) * layers


def test_seven_hidden_layers_are_refused() -> None:
    with pytest.raises(ValidationError, match="7 layers are too many; choose 0 to 6"):
        RunConfig(hidden=(8,) * 7)


@pytest.mark.parametrize(
    ("text", "hidden"),
    [("512-256", (512, 256)), ("512 256", (512, 256)), ("64", (64,)), ("", ())],
)
def test_hidden_as_text(text: str, hidden: tuple[int, ...]) -> None:
    assert RunConfig.model_validate({"hidden": text}).hidden == hidden


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("-5", "-5 is out of range; choose 1 to 2,048"),
        ("64 -32", "-32 is out of range; choose 1 to 2,048"),
        ("64--32", "'64--32' is not a valid integer"),
        ("64-", "'64-' is not a valid integer"),
        ("-", "'-' is not a valid integer"),
    ],
)
def test_a_sign_is_not_taken_for_a_dash(text: str, sentence: str) -> None:
    assert parse_config({"hidden": text}) == (RunConfig(), {"hidden": sentence})


def test_steps_of_a_logarithmic_slider() -> None:
    assert hyperparameter("l2").slider_steps(0.03)[:4] == [0, 1e-6, 2e-6, 5e-6]
    assert hyperparameter("l2").slider_steps(0.03)[-4:] == [0.02, 0.03, 0.05, 0.1]
    assert hyperparameter("batch_size").slider_steps(24) == [16, 24, *(2**n for n in range(5, 13))]


def test_field_without_bounds_has_none() -> None:
    with pytest.raises(KeyError):
        bounds("activation")


def test_bounds_name_value_and_range() -> None:
    with pytest.raises(ValueError, match=r"^4,097 is out of range; choose 16 to 4,096$"):
        Bounds(16, 4096).check(4097)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("batch_size", 4097),
        ("epochs", 201),
        ("seed", 2**31),
        ("learning_rate", 10.0000001),
        ("l2", 0.10000001),
        ("dropout", 0.95),
    ],
)
def test_refusal_names_the_value_received(name: str, value: float) -> None:
    _, wrong = parse_config({name: value})
    received, _, accepted = wrong[name].replace(",", "").partition(" ")
    assert received == str(value)
    assert accepted.startswith("is out of range")


def test_refusal_of_a_seed_names_the_exact_range() -> None:
    _, wrong = parse_config({"seed": -1})
    assert "0 to 2147483647" in wrong["seed"].replace(",", "")


@pytest.mark.parametrize("digits", [400, 5_000])
def test_enormous_number_is_refused_with_a_sentence(digits: int) -> None:
    config, wrong = parse_config({"epochs": "9" * digits})
    assert config == RunConfig()
    assert wrong["epochs"].replace(",", "").startswith(("999", "'999"))
    assert "Unable" not in wrong["epochs"]


# --- reading and writing


def test_config_is_frozen() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        RunConfig().epochs = 3  # type: ignore[misc]


def test_unknown_field_is_refused_with_a_sentence() -> None:
    config, wrong = parse_config({"momentum": 0.9})
    assert config == RunConfig()
    assert list(wrong) == ["momentum"]
    assert wrong["momentum"].startswith("there is no hyperparameter of this name; choose from")
    assert "learning_rate" in wrong["momentum"]


@hypothetically
@given(configs)
def test_json_round_trip(config: RunConfig) -> None:
    assert RunConfig.model_validate_json(config.model_dump_json()) == config


def test_json_holds_plain_values() -> None:
    stored = json.loads(RunConfig(hidden=(64, 32), optimizer=Optimizer.SGD).model_dump_json())
    assert stored["hidden"] == [64, 32]
    assert stored["optimizer"] == "sgd"
    assert stored["learning_rate"] == 0.001


@hypothetically
@given(configs)
def test_differences_round_trip(config: RunConfig) -> None:
    texts = config.differences()
    assert all(isinstance(text, str) for text in texts.values())
    assert parse_config(texts) == (config, {})


@pytest.mark.parametrize("name", PRESETS)
def test_differences_round_trip_of_presets(name: str) -> None:
    assert parse_config(PRESETS[name].differences()) == (PRESETS[name], {})


def test_differences_hold_only_what_differs() -> None:
    config = RunConfig(hidden=(64, 32), dropout=0.25, early_stopping=True)
    assert RunConfig().differences() == {}
    assert config.differences() == {"hidden": "64-32", "dropout": "0.25", "early_stopping": "on"}
    assert config.differences(RunConfig(dropout=0.25, early_stopping=True)) == {"hidden": "64-32"}


def test_parse_keeps_what_is_valid_and_explains_the_rest() -> None:
    config, wrong = parse_config(
        {
            "hidden": "64-abc",
            "dropout": "0.5",
            "epochs": "0",
            "optimizer": "adamw",
            "early_stopping": "perhaps",
            "batch_size": "128",
        }
    )
    assert config == RunConfig(dropout=0.5, batch_size=128)
    assert wrong == {
        "hidden": "'abc' is not a valid integer",
        "epochs": "0 is out of range; choose 1 to 200",
        "optimizer": "'adamw' is unknown; choose 'adam', 'sgd', 'sgd-momentum' or 'rmsprop'",
        "early_stopping": "'perhaps' is not a valid boolean",
    }


def test_summary() -> None:
    assert RunConfig().summary() == "512-256"
    assert RunConfig(hidden=()).summary() == "linear"
    assert RunConfig(dropout=0.5, l2=1e-4).summary() == "512-256, dropout 0.5, l2 0.0001"
    assert RunConfig(hidden=(8,), early_stopping=True).summary() == "8, early stopping"
    config = RunConfig(hidden=(8,), dropout=0.5, epochs=3)
    assert config.summary(without=["dropout"]) == "8, epochs 3"
    assert config.summary(without=["hidden", "epochs"]) == "dropout 0.5"
    assert config.summary(without=["hidden", "epochs", "dropout"]) == ""


# --- derived sizes


@hypothetically
@given(configs)
def test_sizes_fit_the_training_set(config: RunConfig) -> None:
    assert config.validation_size == round(60_000 * config.validation_share)
    assert 1_000 <= config.training_size <= config.training_images
    assert config.training_size + config.validation_size <= 60_000
    assert (config.batches - 1) * config.batch_size < config.training_size
    assert config.batches * config.batch_size >= config.training_size


# --- presets


def test_notebook_presets() -> None:
    baseline = PRESETS["notebook-baseline"]
    assert baseline.hidden == (512, 256)
    assert (baseline.activation, baseline.optimizer) == ("relu", "adam")
    assert (baseline.learning_rate, baseline.batch_size, baseline.epochs) == (0.001, 512, 50)
    assert (baseline.dropout, baseline.l2, baseline.early_stopping) == (0, 0, False)
    assert PRESETS["notebook-regularized"].differences(baseline) == {
        "dropout": "0.5",
        "l2": "0.0001",
    }
    assert PRESETS["notebook-early-stopping"].differences(baseline) == {
        "dropout": "0.5",
        "l2": "0.0001",
        "epochs": "100",
        "early_stopping": "on",
    }


def test_each_preset_has_a_title() -> None:
    assert list(PRESET_TITLES) == list(PRESETS)


def test_overfit_preset_has_few_images_and_no_regularisation() -> None:
    overfit = PRESETS["overfit"]
    assert overfit.training_size == 1_000
    assert (overfit.dropout, overfit.l2, overfit.early_stopping) == (0, 0, False)


def test_best_dense_preset_exists() -> None:
    assert "best-dense" in PRESETS


@pytest.mark.parametrize("name", PRESETS)
def test_presets_are_valid(name: str) -> None:
    assert RunConfig.model_validate(PRESETS[name].model_dump()) == PRESETS[name]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, False),
        ({"dropout": 0.5}, True),
        ({"l2": 1e-4}, True),
        ({"input_dropout": 0.1}, True),
        ({"hidden": (), "dropout": 0.5, "l2": 1e-4}, False),
        ({"hidden": (), "input_dropout": 0.1}, True),
    ],
)
def test_what_regularises(changes: dict[str, Any], expected: bool) -> None:
    assert RunConfig(**changes).is_regularized is expected


@pytest.mark.parametrize("name", ["rotation", "zoom", "shear", "shift", "elastic"])
def test_what_augments(name: str) -> None:
    assert RunConfig(**{name: 0.1}).is_augmented
    assert not RunConfig(dropout=0.5).is_augmented
