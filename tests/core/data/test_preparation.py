import numpy as np
import pytest
from sklearn.preprocessing import MinMaxScaler

from core.config import RunConfig
from core.data import load_mnist, prepare_splits
from core.data.preparation import (
    ArrayFacts,
    ScalerDifference,
    describe_arrays,
    preparation_steps,
    scaler_difference,
)


def facts(array: np.ndarray) -> ArrayFacts:
    return ArrayFacts(array.shape, str(array.dtype), float(array.min()), float(array.max()))


def test_the_arrays_as_they_come() -> None:
    table = describe_arrays()
    assert table["array"].tolist() == ["x_train", "y_train", "x_test", "y_test"]
    assert table["shape"].tolist() == [(60_000, 28, 28), (60_000,), (10_000, 28, 28), (10_000,)]
    assert set(table["dtype"]) == {"uint8"}
    assert table["low"].tolist() == [0, 0, 0, 0]
    assert table["high"].tolist() == [255, 9, 255, 9]


def test_the_steps_are_the_notebooks() -> None:
    steps = preparation_steps(RunConfig())
    assert [(step.name, step.before.shape, step.after.shape) for step in steps] == [
        ("flatten", (60_000, 28, 28), (60_000, 784)),
        ("float32", (60_000, 784), (60_000, 784)),
        ("scale", (60_000, 784), (60_000, 784)),
        ("one-hot", (60_000,), (60_000, 10)),
        ("split: train", (60_000, 784), (42_000, 784)),
        ("split: validation", (60_000, 784), (18_000, 784)),
    ]
    assert [(step.after.dtype, step.after.low, step.after.high) for step in steps] == [
        ("uint8", 0, 255),
        ("float32", 0, 255),
        ("float32", 0, 1),
        ("float32", 0, 1),
        ("float32", 0, 1),
        ("float32", 0, 1),
    ]


def test_the_last_steps_give_what_a_run_trains_on() -> None:
    config = RunConfig(training_images=1_000, validation_share=0.05, seed=3)
    *_, train, validation = preparation_steps(config)
    splits = prepare_splits(config)
    assert train.after == facts(splits.train.x)
    assert validation.after == facts(splits.validation.x)


# --- the notebook's scaler


@pytest.fixture(scope="module")
def difference() -> ScalerDifference:
    return scaler_difference()


@pytest.fixture(scope="module")
def scaler() -> MinMaxScaler:
    """Fitted as the notebook fits it: to all training images, one after another."""
    scaler = MinMaxScaler()
    for block in np.array_split(load_mnist().x_train.reshape(-1, 784), 60):
        scaler.partial_fit(block)
    return scaler


def test_stretch_is_that_of_a_scaler_fitted_to_all_images(
    difference: ScalerDifference, scaler: MinMaxScaler
) -> None:
    blank = scaler.data_max_ == 0
    np.testing.assert_array_equal(np.isnan(difference.stretch).ravel(), blank)
    np.testing.assert_allclose(
        difference.stretch.ravel()[~blank], 255 / scaler.data_max_[~blank], rtol=1e-6
    )
    assert difference.blank_pixels == blank.sum() == 67
    assert difference.stretched_pixels == ((scaler.data_max_ < 255) & ~blank).sum() == 125


def test_the_example_is_the_test_image_that_differs_most(
    difference: ScalerDifference, scaler: MinMaxScaler
) -> None:
    test = load_mnist().x_test.reshape(-1, 784)
    rescaled, divided = scaler.transform(test), test / 255
    assert difference.values_above_one == (rescaled > 1).sum()
    image = difference.image_index
    assert image == np.abs(rescaled - divided).sum(axis=1).argmax()
    np.testing.assert_allclose(difference.rescaled.ravel(), rescaled[image], atol=1e-6)
    np.testing.assert_allclose(difference.divided.ravel(), divided[image], atol=1e-6)
