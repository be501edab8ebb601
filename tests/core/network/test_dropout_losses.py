from collections.abc import Callable

import numpy as np
import pytest

from core.config import RunConfig
from core.data import Floats, prepare_splits
from core.network import dropout_losses as module
from core.network.dropout_losses import dropout_losses
from core.network.load import load_network
from core.runs import Run, RunStore
from core.runs.status import State
from core.training import train

IMAGES = 2_000


def softmax_loss(scores: Floats, labels: Floats) -> float:
    """Mean cross-entropy, by its formula."""
    logits = scores - scores.max(axis=1, keepdims=True)
    return float((np.log(np.exp(logits).sum(axis=1)) - (logits * labels).sum(axis=1)).mean())


def forward(run: Run, pixels: Floats, generator: np.random.Generator | None) -> Floats:
    """The scores before softmax; with a generator, hidden units are dropped by it."""
    hidden, output = (layer.get_weights() for layer in load_network(run).layers if layer.weights)
    values = np.maximum(pixels @ hidden[0] + hidden[1], 0)
    if generator:
        kept = 1 - run.config.dropout
        values = values * (generator.random(values.shape) < kept) / kept
    return values @ output[0] + output[1]


def test_without_dropout_both_losses_are_the_historys(trained: Run) -> None:
    epoch, images, off, on = dropout_losses(trained)
    assert (epoch, images, on.shape) == (2, IMAGES, (5,))
    assert off == pytest.approx(trained.history["train_loss"].iloc[1], rel=1e-5)
    np.testing.assert_allclose(on, off, rtol=1e-6)


def test_dropout_raises_the_loss_as_much_as_numpy_says(store: RunStore) -> None:
    config = RunConfig(
        hidden=(32,),
        dropout=0.5,
        l2=1e-3,
        training_images=IMAGES,
        validation_share=0.05,
        epochs=2,
        batch_size=64,
    )
    run = store.create(config)
    assert train(run).state is State.FINISHED
    pixels, labels = prepare_splits(config).train
    row = run.history.iloc[1]
    _, _, off, on = dropout_losses(run)
    assert off == pytest.approx(row["train_loss"], rel=1e-5)
    assert off == pytest.approx(
        softmax_loss(forward(run, pixels, None), labels) + row["l2_penalty"], rel=1e-4
    )
    generator = np.random.default_rng(0)
    expected = [softmax_loss(forward(run, pixels, generator), labels) for _ in range(20)]
    assert np.std(expected) < 0.02 < np.mean(expected) - off
    assert on.mean() == pytest.approx(np.mean(expected) + row["l2_penalty"], abs=0.03)
    assert len(set(on)) == 5
    np.testing.assert_array_equal(dropout_losses(run)[3], on)  # the same the next time


def test_the_network_that_is_shared_stays_as_it_was(untrained: Callable[..., Run]) -> None:
    """Batch normalisation moves its averages in training mode."""
    run = untrained(batch_normalization=True, dropout=0.3, training_images=1_000)
    before = [value.copy() for value in load_network(run).get_weights()]
    _, images, off, on = dropout_losses(run)
    assert images == 1_000
    assert off != pytest.approx(on[0], rel=1e-3)
    for value, old in zip(load_network(run).get_weights(), before, strict=True):
        np.testing.assert_array_equal(value, old)


def test_of_a_large_network_fewer_images_are_measured(
    trained: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    parameters = 784 * 32 + 32 + 32 * 16 + 16 + 16 * 10 + 10
    monkeypatch.setattr(module, "_MAX_OPERATIONS", 2 * 6 * parameters * 100)
    _, images, off, on = dropout_losses(trained)
    assert images == 100
    np.testing.assert_allclose(on, off, rtol=1e-6)
