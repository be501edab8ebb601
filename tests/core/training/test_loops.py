from collections.abc import Callable
from itertools import pairwise
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import pytest
import tensorflow as tf

from core.config import RunConfig
from core.data import Splits, prepare_splits
from core.network.build import build_model
from core.network.checkpoint import RunningTotals
from core.training.augmentation import Augmentation
from core.training.loops import TrainingLoops

AUGMENTED = {"rotation": 20.0, "zoom": 0.2, "shear": 0.2, "shift": 2.0, "elastic": 1.0}


@pytest.fixture(scope="module")
def splits(small: Callable[..., RunConfig]) -> Splits:
    return prepare_splits(small())


def draw_order(seed: int) -> npt.NDArray[np.int32]:
    return np.random.default_rng(seed).permutation(1_000).astype(np.int32)


def train_epochs(loops: TrainingLoops, config: RunConfig, epochs: int) -> RunningTotals:
    rates = np.full(config.batches, config.learning_rate, np.float32)
    for epoch in range(epochs):
        sums = loops.train(draw_order(epoch), 0, rates, RunningTotals())
    return sums


@pytest.mark.parametrize(
    "changes",
    [
        {"hidden": (32, 16), "dropout": 0.5, "l2": 1e-3},
        {"hidden": (16,), "batch_normalization": True},
        {"hidden": ()},
        AUGMENTED,
    ],
    ids=["dropout and L2", "batch normalisation", "linear", "augmentation"],
)
def test_evaluation_is_that_of_keras(
    small: Callable[..., RunConfig], splits: Splits, changes: dict[str, Any]
) -> None:
    config = small(batch_size=64, **changes)
    model = build_model(config)
    loops = TrainingLoops(model, splits, config)
    train_epochs(loops, config, epochs=2)
    for name, split in splits._asdict().items():
        loss, accuracy = model.evaluate(split.x, split.y, batch_size=1_000, verbose=0)
        result = loops.evaluate(name, after_block=lambda: None)
        assert result.loss == pytest.approx(loss, abs=1e-5)
        assert result.accuracy == pytest.approx(accuracy, abs=1e-5)
    expected = model.predict(splits.test.x, batch_size=1_000, verbose=0)
    np.testing.assert_allclose(result.probabilities, expected, atol=1e-5)


def test_large_network_is_evaluated_in_blocks(splits: Splits) -> None:
    config = RunConfig(hidden=(2048, 1024))
    model = build_model(config)
    calls: list[None] = []
    result = TrainingLoops(model, splits, RunConfig()).evaluate(
        "test", after_block=lambda: calls.append(None)
    )
    assert len(calls) > 5
    loss, accuracy = model.evaluate(*splits.test, batch_size=2_000, verbose=0)
    assert result.loss == pytest.approx(loss, abs=1e-5)
    assert result.accuracy == pytest.approx(accuracy, abs=1e-5)
    assert result.probabilities.shape == (10_000, 10)


@pytest.mark.parametrize("optimizer", ["adam", "sgd-momentum"])
def test_epoch_is_that_of_a_loop_over_train_on_batch(
    small: Callable[..., RunConfig], splits: Splits, optimizer: str
) -> None:
    config = small(hidden=(16, 8), l2=1e-3, batch_size=128, optimizer=optimizer)
    ours, theirs = build_model(config), build_model(config)
    order = draw_order(0)
    rates = np.linspace(0.01, 0.001, config.batches).astype(np.float32)
    TrainingLoops(ours, splits, config).train(order, 0, rates, RunningTotals())
    for number, rate in enumerate(rates):
        batch = order[number * 128 : (number + 1) * 128]
        theirs.optimizer.learning_rate = rate
        theirs.train_on_batch(splits.train.x[batch], splits.train.y[batch])
    for mine, expected in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(mine, expected, atol=1e-5)
    assert not np.allclose(ours.get_weights()[0], build_model(config).get_weights()[0], atol=1e-3)


def test_a_step_learns_from_the_changed_images_of_its_batch(
    small: Callable[..., RunConfig], splits: Splits
) -> None:
    config = small(hidden=(16,), batch_size=600, **AUGMENTED)
    ours, theirs = build_model(config), build_model(config)
    order, rates = draw_order(2), np.full(2, 1e-3, np.float32)
    TrainingLoops(ours, splits, config).train(order, 0, rates, RunningTotals(), key=9)
    augment = Augmentation(**AUGMENTED)
    for batch, indices in enumerate([order[:600], order[600:]]):
        images = tf.constant(splits.train.x[indices])
        changed = augment(images, tf.constant(9, tf.int64), tf.constant(batch))
        theirs.train_on_batch(changed, splits.train.y[indices])
    for mine, expected in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(mine, expected, atol=1e-5)


def test_without_augmentation_the_loop_has_none(
    splits: Splits, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*strengths: float) -> None:
        raise AssertionError(strengths)

    monkeypatch.setattr("core.training.variants.Augmentation", refuse)
    TrainingLoops(build_model(RunConfig()), splits, RunConfig())
    with pytest.raises(AssertionError):
        TrainingLoops(build_model(RunConfig()), splits, RunConfig(shear=0.01))


def test_running_totals_are_those_that_fit_reports(
    small: Callable[..., RunConfig], splits: Splits
) -> None:
    config = small(l2=1e-3, batch_size=128)
    order = draw_order(3)
    rates = np.full(config.batches, config.learning_rate, np.float32)
    sums = TrainingLoops(build_model(config), splits, config).train(
        order, 0, rates, RunningTotals()
    )
    history = build_model(config).fit(
        splits.train.x[order], splits.train.y[order], batch_size=128, shuffle=False, verbose=0
    )
    assert sums.images == 1_000
    assert sums.loss / sums.images == pytest.approx(history.history["loss"][0], abs=1e-5)
    assert sums.correct / sums.images == pytest.approx(history.history["accuracy"][0], abs=1e-6)


@pytest.mark.parametrize("changes", [{"dropout": 0.5, "l2": 1e-3}, AUGMENTED])
def test_nothing_depends_on_how_an_epoch_is_cut(
    small: Callable[..., RunConfig], splits: Splits, changes: dict[str, Any]
) -> None:
    config = small(batch_size=64, **changes)
    order = draw_order(1)
    rates = np.full(config.batches, 0.01, np.float32)
    outcomes = []
    for cuts in ([0, 16], [0, 1, 2, 9, 16], list(range(17))):
        model = build_model(config)
        loops, sums = TrainingLoops(model, splits, config), RunningTotals()
        for first, end in pairwise(cuts):
            sums = loops.train(order, first, rates[first:end], sums, key=7)
        outcomes.append((sums, model.get_weights()))
    (whole, weights), *others = outcomes
    assert whole.images == 1_000
    for sums, other in others:
        assert sums == whole
        for ours, theirs in zip(weights, other, strict=True):
            np.testing.assert_array_equal(ours, theirs)


def test_dropout_is_on_while_training_and_off_while_evaluating(
    small: Callable[..., RunConfig], splits: Splits
) -> None:
    config = small(hidden=(64,), dropout=0.9, learning_rate=1e-6, batch_size=1_000)
    loops = TrainingLoops(build_model(config), splits, config)
    rates = np.full(1, 1e-6, np.float32)
    sums = loops.train(draw_order(0), 0, rates, RunningTotals())
    first, second = (loops.evaluate("train", after_block=lambda: None) for _ in range(2))
    assert sums.loss / sums.images > first.loss + 0.05
    assert first.loss == second.loss


def test_all_splits_are_evaluated_by_their_names(
    small: Callable[..., RunConfig], splits: Splits
) -> None:
    loops = TrainingLoops(build_model(small()), splits, small())
    results = loops.evaluate_all(after_block=lambda: None)
    assert set(results) == {"train", "validation", "test"}
    for name, result in results.items():
        alone = loops.evaluate(name, after_block=lambda: None)
        assert (result.loss, result.accuracy) == (alone.loss, alone.accuracy)
        np.testing.assert_array_equal(result.probabilities, alone.probabilities)


@pytest.mark.parametrize(
    ("optimizer", "ignored"),
    [
        (keras.optimizers.Adam(clipnorm=1.0), "clipnorm=1.0 of the optimizer, for it updates"),
        (keras.optimizers.SGD(clipvalue=0.5), "clipvalue=0.5"),
        (keras.optimizers.RMSprop(global_clipnorm=2.0), "global_clipnorm=2.0"),
        (keras.optimizers.SGD(weight_decay=1e-4), "weight_decay=0.0001"),
        (keras.optimizers.AdamW(), "weight_decay=0.004"),  # its default
        (keras.optimizers.Adam(use_ema=True), "use_ema=True"),
        (keras.optimizers.Adam(amsgrad=True), "amsgrad=True"),
        (keras.optimizers.Adam(gradient_accumulation_steps=2), "gradient_accumulation_steps=2"),
        (keras.optimizers.Adam(loss_scale_factor=8.0), "loss_scale_factor=8.0"),
    ],
)
def test_an_optimizer_that_does_more_than_update_is_refused(
    splits: Splits, optimizer: keras.Optimizer, ignored: str
) -> None:
    model = build_model(RunConfig(hidden=()))
    model.compile(optimizer=optimizer, loss="categorical_crossentropy")
    with pytest.raises(ValueError, match=f"the training loop would ignore {ignored}"):
        TrainingLoops(model, splits, RunConfig())


def test_a_constraint_on_weights_is_refused(splits: Splits) -> None:
    layer = keras.layers.Dense(10, "softmax", kernel_constraint="max_norm", name="output")
    model = keras.Sequential([keras.Input((784,)), layer])
    model.compile(optimizer="adam", loss="categorical_crossentropy")
    with pytest.raises(ValueError, match=r"ignore the constraint on .*output/kernel"):
        TrainingLoops(model, splits, RunConfig())


def test_l2_penalty(small: Callable[..., RunConfig], splits: Splits) -> None:
    model = build_model(small(l2=0.01))
    kernel = model.get_layer("hidden_1").kernel.numpy()
    expected = 0.01 * np.square(kernel).sum()
    assert TrainingLoops(model, splits, RunConfig()).l2_penalty() == pytest.approx(
        expected, rel=1e-5
    )
    assert TrainingLoops(build_model(small()), splits, small()).l2_penalty() == 0


def test_accuracy_and_loss_by_hand(splits: Splits) -> None:
    model = build_model(RunConfig(hidden=()))
    result = TrainingLoops(model, splits, RunConfig()).evaluate("test", after_block=lambda: None)
    kernel, bias = model.get_weights()
    logits = splits.test.x.astype(float) @ kernel + bias
    log_probabilities = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    assert result.loss == pytest.approx(
        -(log_probabilities * splits.test.y).sum(axis=1).mean(), abs=1e-5
    )
    hits = logits.argmax(axis=1) == splits.test.y.argmax(axis=1)
    assert result.accuracy == pytest.approx(hits.mean(), abs=1e-9)
