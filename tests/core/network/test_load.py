from collections.abc import Callable

import keras
import numpy as np
import pytest

from core.config import RunConfig
from core.data import load_mnist, scale_images
from core.network.build import build_model
from core.network.checkpoint import Progress, pack_checkpoint
from core.network.load import NoNetworkError, as_pixels, layer_outputs, load_network
from core.runs import Run, RunStore
from core.runs.errors import DamagedRunError, RunNotFoundError
from core.runs.status import State, Status

X_TEST = load_mnist().x_test


def test_the_network_is_the_one_that_the_run_ended_with(trained: Run) -> None:
    outputs = layer_outputs(load_network(trained), "output", X_TEST)
    np.testing.assert_allclose(outputs, trained.test_probabilities(2), atol=1e-6)


def test_a_network_is_read_once_until_it_changes(untrained: Callable[..., Run]) -> None:
    run = untrained()
    first = load_network(run)
    assert load_network(run) is first
    other = build_model(run.config.model_copy(update={"seed": 1}))
    run.write_model(other.save)
    second = load_network(run)
    assert second is not first
    np.testing.assert_array_equal(second.layers[0].kernel, other.layers[0].kernel)


def test_a_run_that_trains_shows_its_latest_checkpoint(
    store: RunStore, small: Callable[..., RunConfig]
) -> None:
    run = store.create(small(), state=State.RUNNING)
    with pytest.raises(NoNetworkError, match="wait for its first epoch"):
        load_network(run)
    model = build_model(small(seed=5))
    run.write_checkpoint(pack_checkpoint(model, Progress(1, 0.001)))
    found = load_network(run)
    for layer, expected in zip(found.layers, model.layers, strict=True):
        for value, other in zip(layer.get_weights(), expected.get_weights(), strict=True):
            np.testing.assert_array_equal(value, other)


def test_a_run_that_failed_before_its_first_epoch_ended_has_no_network(
    store: RunStore, small: Callable[..., RunConfig]
) -> None:
    run = store.create(small())
    run.write_status(Status(state=State.FAILED, error="It broke."))
    with pytest.raises(NoNetworkError, match="ended before its first epoch did"):
        load_network(run)


def test_a_checkpoint_of_the_right_shapes_and_nothing_right_in_them(
    store: RunStore, small: Callable[..., RunConfig]
) -> None:
    run = store.create(small())
    arrays = pack_checkpoint(build_model(run.config), Progress(1, 0.001))
    run.write_checkpoint(arrays | {"epochs": np.array("many")})
    with pytest.raises(DamagedRunError, match=f"checkpoint of run {run.id} cannot be read"):
        load_network(run)


def test_a_run_that_is_gone(store: RunStore, small: Callable[..., RunConfig]) -> None:
    run = store.create(small())
    store.delete(run.id)
    with pytest.raises(RunNotFoundError):
        load_network(run)


@pytest.mark.parametrize("content", [b"", b"no zip", b"PK\x03\x04 cut short"])
def test_a_damaged_network(
    store: RunStore, small: Callable[..., RunConfig], content: bytes
) -> None:
    run = store.create(small())
    run.write_model(lambda path: path.write_bytes(content))
    with pytest.raises(DamagedRunError, match=f"network of run {run.id} cannot be read"):
        load_network(run)


def test_code_in_a_network_file_is_not_run(
    store: RunStore, small: Callable[..., RunConfig]
) -> None:
    run = store.create(small())
    model = keras.Sequential([keras.Input((784,)), keras.layers.Lambda(lambda x: x)])
    run.write_model(model.save)
    with pytest.raises(DamagedRunError, match="safe"):
        load_network(run)


def test_pixels_of_all_accepted_forms_are_alike() -> None:
    expected = scale_images(X_TEST[:3])
    for images in (X_TEST[:3], expected, expected.reshape(3, 28, 28), X_TEST[:3] / 255):
        pixels = as_pixels(images)
        assert (pixels.dtype, pixels.shape) == (np.float32, (3, 784))
        np.testing.assert_allclose(pixels, expected, rtol=1e-6)
    assert as_pixels(X_TEST[0]).shape == (1, 784)


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (X_TEST[:3].astype(np.float32), "expected grey values from 0 to 1"),
        (np.full((1, 784), np.nan), "expected grey values from 0 to 1"),
        (X_TEST[:3, :, :27], r"not \(3, 28, 27\)"),
    ],
)
def test_other_pixels_are_refused(images: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        as_pixels(images)
