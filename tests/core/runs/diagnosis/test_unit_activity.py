"""How many units are dead or saturated, against Keras's own answers."""

from collections.abc import Callable

import keras
import numpy as np
import pytest

from core.config import RunConfig
from core.config.architecture import hidden_layers
from core.data import load_mnist
from core.network.inspect import dead_units
from core.network.load import layer_features
from core.runs import Run, RunStore
from core.runs.diagnosis.unit_activity import IMAGES, SATURATED, read_unit_activity
from core.runs.status import State
from core.training import train

FIRST_IMAGES = load_mnist().x_test[:IMAGES]


@pytest.fixture
def train_run(store: RunStore, small: Callable[..., RunConfig]) -> Callable[..., Run]:
    def train_one(**changes: object) -> Run:
        run = store.create(small(**changes), state=State.RUNNING)
        assert train(run).state is State.FINISHED
        return run

    return train_one


@pytest.mark.parametrize("batch_normalization", [False, True])
def test_dead_units_are_those_that_keras_finds(
    train_run: Callable[..., Run], batch_normalization: bool
) -> None:
    run = train_run(hidden=(48, 24), learning_rate=0.1, batch_normalization=batch_normalization)
    units = read_unit_activity(run)
    assert units["epoch"].unique().tolist() == [1, 2, 3]
    last = units[units["epoch"] == 3].set_index("layer")
    expected = dead_units(run, images=FIRST_IMAGES).set_index("layer")
    assert list(last.index) == list(expected.index) == list(hidden_layers(run.config))
    assert last["units"].tolist() == [48, 24]
    np.testing.assert_allclose(last["dead"], expected["share"])
    assert last["dead"].max() > 0 or batch_normalization
    assert not last["saturated"].any()


@pytest.mark.parametrize("activation", ["tanh", "sigmoid"])
def test_saturated_is_what_lies_at_an_end(train_run: Callable[..., Run], activation: str) -> None:
    run = train_run(activation=activation, learning_rate=0.1)
    row = read_unit_activity(run).set_index("epoch").loc[3]
    values = layer_features(run, row["layer"], FIRST_IMAGES)
    middle = values if activation == "tanh" else 2 * values - 1
    near = 0.01 * (np.abs(middle) > SATURATED - 0.005).mean()  # what float16 may move
    assert row["saturated"] == pytest.approx((np.abs(middle) > SATURATED).mean(), abs=near + 1e-3)
    assert row["saturated"] > 0.1
    assert row["dead"] == 0


def test_of_many_epochs_twelve_are_judged_and_the_first_and_last_are_among_them(
    train_run: Callable[..., Run],
) -> None:
    epochs = read_unit_activity(train_run(epochs=30))["epoch"].tolist()
    assert len(epochs) <= 12
    assert {1, 30} <= {*epochs}


@pytest.mark.parametrize("changes", [{"hidden": ()}, {"activation": "elu"}])
def test_what_can_neither_die_nor_saturate_has_no_rows(
    train_run: Callable[..., Run], changes: dict[str, object]
) -> None:
    assert read_unit_activity(train_run(epochs=1, **changes)).empty


def test_a_tanh_is_saturated_where_its_slope_is_below_a_tenth() -> None:
    slope = 1 - keras.ops.convert_to_numpy(keras.ops.tanh(np.arctanh(SATURATED))) ** 2
    assert slope < 0.1
