"""What networks make of an image, against Keras called directly and searches by hand."""

from collections.abc import Callable

import keras
import numpy as np
import pytest

from core.config import RunConfig
from core.config.architecture import hidden_layers
from core.data import load_mnist, scale_images, split_indices
from core.drawing.reading import (
    answers_by_epoch,
    answers_by_run,
    nearest_images,
    predict,
    read_image,
)
from core.network.inspect import activations_and_gradient
from core.network.load import layer_features, load_network
from core.runs import Run, RunStore
from core.runs.errors import RunError
from core.runs.status import State
from core.training import train

IMAGE = load_mnist().x_test[8] / np.float32(255)


@pytest.fixture(scope="module", params=["dropout", "batch normalisation"])
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """784-16-8-10, three epochs over 1,000 images."""
    batch = request.param == "batch normalisation"
    config = RunConfig(
        hidden=(16, 8),
        training_images=1_000,
        validation_share=0.05,
        batch_size=64,
        epochs=3,
        dropout=0.2,
        batch_normalization=batch,
    )
    run = RunStore(tmp_path_factory.mktemp("reading")).create(config)
    assert train(run).state is State.FINISHED
    return run


def test_the_network_after_each_epoch_answers_as_it_did_then(run: Run) -> None:
    for epoch in (1, 2, 3):
        answers = load_network(run, epoch)(scale_images(load_mnist().x_test), training=False)
        np.testing.assert_allclose(answers, run.test_probabilities(epoch), atol=5e-3)


def test_the_network_as_it_stands_is_the_one_that_was_saved(run: Run) -> None:
    assert load_network(run, 3) is load_network(run)


def test_an_epoch_that_is_not_kept(run: Run) -> None:
    assert run.network_epochs == (1, 2, 3)
    with pytest.raises(RunError, match="does not keep its network after epoch 4"):
        load_network(run, 4)


def test_an_older_run_has_its_last_network_only(untrained: Callable[..., Run]) -> None:
    run = untrained(epochs=3)
    run.write_history([])
    run.write_status(run.status.model_copy(update={"state": State.FINISHED, "final_epoch": 3}))
    assert run.network_epochs == (3,)
    epochs, history = answers_by_epoch(run, IMAGE)
    assert (len(epochs), history.shape) == (0, (0, 10))
    assert read_image(run, 3, IMAGE).probabilities.sum() == pytest.approx(1)


def test_a_reading_is_what_the_layers_page_says(run: Run) -> None:
    reading = read_image(run, 3, IMAGE)
    values, evidence = activations_and_gradient(load_network(run), IMAGE)
    np.testing.assert_allclose(reading.probabilities, values.pop("output"), atol=1e-6)
    hidden = {name: values[name] for name in reading.activations}
    assert [len(units) for units in hidden.values()] == [16, 8]
    for name, units in hidden.items():
        np.testing.assert_allclose(reading.activations[name], units, atol=1e-6)
    np.testing.assert_allclose(reading.evidence, evidence, atol=1e-6)
    digit = int(reading.probabilities.argmax())
    for other in (digit, (digit + 1) % 10):
        same = np.array_equal(read_image(run, 3, IMAGE, other).evidence, reading.evidence)
        assert same == (other == digit)


def test_the_answers_by_epoch_are_those_of_each_epochs_network(run: Run) -> None:
    epochs, history = answers_by_epoch(run, IMAGE)
    assert epochs.tolist() == [1, 2, 3]
    np.testing.assert_allclose(history, run.test_probabilities()[:, 8], atol=5e-3)
    for epoch in (1, 2):
        expected = read_image(run, epoch, IMAGE).probabilities
        np.testing.assert_allclose(history[epoch - 1], expected, atol=1e-5)


def test_several_runs_are_asked_at_once(run: Run, untrained: Callable[..., Run]) -> None:
    other = untrained(hidden=())
    waiting = RunStore(other.path.parent).create(RunConfig())
    first, second, third = answers_by_run([run, other, waiting], IMAGE)
    np.testing.assert_allclose(first.probabilities, predict(run, IMAGE)[0])
    np.testing.assert_allclose(
        second.probabilities, load_network(other)(IMAGE.reshape(1, 784))[0], atol=1e-6
    )
    assert third.probabilities is None
    assert "has no network yet" in third.problem
    assert [opinion.run_id for opinion in (first, second, third)] == [run.id, other.id, waiting.id]


def test_nearest_images_by_hand(run: Run) -> None:
    indices = split_indices(run.config)[0]
    images = load_mnist().x_train[indices]
    last = hidden_layers(run.config)[-1]
    distances = np.linalg.norm(
        layer_features(run, last, images) - layer_features(run, last, IMAGE), axis=1
    )
    nearest = np.argsort(distances, kind="stable")[:5]
    found = nearest_images(run, 3, IMAGE)
    assert found.searched == 1_000
    assert found.indices.tolist() == indices[nearest].tolist()
    np.testing.assert_allclose(found.distances, distances[nearest], rtol=1e-2, atol=1e-2)


def test_a_training_image_is_nearest_to_itself(untrained: Callable[..., Run]) -> None:
    run = untrained(hidden=(), training_images=1_000, validation_share=0.05)
    run.write_status(run.status.model_copy(update={"state": State.FINISHED, "final_epoch": 0}))
    index = split_indices(run.config)[0][17]
    found = nearest_images(run, 0, load_mnist().x_train[index] / np.float32(255))
    assert found.indices[0] == index
    assert found.distances[0] == pytest.approx(0, abs=1e-2)


def test_weights_of_another_shape_are_not_mixed_up(run: Run) -> None:
    """Every array of every layer is where it was, gamma and moving variance included."""
    last = load_network(run)
    epochs, stored = run.weights()
    assert epochs[-1] == 3
    flat = np.concatenate([keras.ops.convert_to_numpy(w).ravel() for w in last.weights])
    np.testing.assert_array_equal(stored[-1], flat.astype(np.float16))
