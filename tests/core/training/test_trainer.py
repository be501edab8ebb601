import errno
import math
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.analysis.histories import last_improved_epoch
from core.config import RunConfig
from core.data import Floats, load_mnist, prepare_splits, scale_images
from core.network.build import build_model
from core.network.checkpoint import Progress, pack_checkpoint
from core.network.load import load_network_and_epoch
from core.runs import HISTORY_COLUMNS, Run, RunStore
from core.runs.errors import RunBusyError, RunNotFoundError, RunNotWritableError
from core.runs.run_files import load_arrays
from core.runs.status import Request, State, Status
from core.training import train
from core.training.loops import Evaluation, TrainingLoops, learning_rate_factors

SPLITS = ("train", "validation", "test")
Small = Callable[..., RunConfig]


def load_model(run: Run) -> keras.Model:
    return keras.models.load_model(run.model_path)


def evaluate(model: keras.Model, config: RunConfig, split: str) -> tuple[float, float]:
    data = getattr(prepare_splits(config), split)
    loss, accuracy = model.evaluate(data.x, data.y, batch_size=1_000, verbose=0)
    return loss, accuracy


def check_model_is_that_of_row(run: Run, row: Any) -> None:
    model = load_model(run)
    for split in SPLITS:
        loss, accuracy = evaluate(model, run.config, split)
        assert row[f"{split}_loss"] == pytest.approx(loss, abs=1e-5)
        assert row[f"{split}_accuracy"] == pytest.approx(accuracy, abs=1e-5)


def check_equal_outcome(run: Run, other: Run) -> None:
    """Both ended alike, to the bit: weights, history but for the seconds, probabilities."""
    weights, others = (load_model(each).get_weights() for each in (run, other))
    for ours, theirs in zip(weights, others, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    histories = [each.history.drop(columns="seconds") for each in (run, other)]
    assert histories[0].to_dict("records") == histories[1].to_dict("records")
    np.testing.assert_array_equal(run.test_probabilities(), other.test_probabilities())
    np.testing.assert_array_equal(run.first_layer(), other.first_layer())
    np.testing.assert_array_equal(run.weights()[1], other.weights()[1])
    assert run.status.final_epoch == other.status.final_epoch


# --- a run that is left alone


@pytest.fixture(scope="module")
def finished(small: Small, tmp_path_factory: pytest.TempPathFactory) -> Run:
    store = RunStore(tmp_path_factory.mktemp("finished"))
    config = small(hidden=(32, 16), dropout=0.3, l2=1e-3, batch_size=128, learning_rate=0.01)
    run = store.create(config)
    assert train(run).state is State.FINISHED
    return run


def test_finished_status(finished: Run) -> None:
    status = finished.status
    assert (status.state, status.epoch, status.final_epoch) == (State.FINISHED, 3, 3)
    assert status.batch == finished.config.batches
    assert status.seconds == pytest.approx(finished.history["seconds"].sum())
    assert status.seconds_left is None
    assert status.error is None
    assert not status.is_silent


def test_finished_directory(finished: Run) -> None:
    assert {name for name in os.listdir(finished.path) if not name.startswith(".")} == {
        "config.json",
        "first_layer.npy",
        "history.csv",
        "model.keras",
        "status.json",
        "test_probabilities.npy",
        "weights.npy",
    }


def test_finished_run_is_not_trained_again(finished: Run) -> None:
    before = finished.model_path.read_bytes()
    told: list[Status] = []
    assert train(finished, told.append) == finished.status
    assert told == []
    assert finished.model_path.read_bytes() == before


def test_history_has_a_row_an_epoch(finished: Run) -> None:
    history = finished.history
    assert list(history.columns) == HISTORY_COLUMNS
    assert history["epoch"].tolist() == [1, 2, 3]
    assert history.notna().all(axis=None)
    assert (history["seconds"] > 0).all()
    assert history["learning_rate"].tolist() == pytest.approx([0.01] * 3)
    assert history["base_learning_rate"].tolist() == [0.01] * 3
    assert history["train_loss"].is_monotonic_decreasing


def test_history_ends_with_what_keras_says_of_the_saved_model(finished: Run) -> None:
    check_model_is_that_of_row(finished, finished.history.iloc[-1])


def test_history_ends_with_the_penalty_of_the_saved_model(finished: Run) -> None:
    kernels = [load_model(finished).get_layer(f"hidden_{n}").kernel.numpy() for n in (1, 2)]
    expected = 1e-3 * sum(np.square(kernel).sum() for kernel in kernels)
    assert finished.history["l2_penalty"].iloc[-1] == pytest.approx(expected, rel=1e-5)


def test_running_loss_is_worse_than_the_loss_with_dropout_off(finished: Run) -> None:
    assert (finished.history["running_loss"] > finished.history["train_loss"]).all()


def test_test_probabilities_are_the_predictions(finished: Run) -> None:
    stored = finished.test_probabilities()
    assert (stored.dtype, stored.shape) == (np.float32, (3, 10_000, 10))
    test = prepare_splits(finished.config).test
    predicted = load_model(finished).predict(test.x, batch_size=1_000, verbose=0)
    np.testing.assert_allclose(finished.test_probabilities(3), predicted, atol=1e-6)
    hits = stored.argmax(axis=2) == test.y.argmax(axis=1)
    assert hits.mean(axis=1).tolist() == finished.history["test_accuracy"].tolist()


def test_probabilities_of_the_test_split_are_kept_in_whatever_order_splits_are_measured(
    finished: Run, store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    measure = TrainingLoops.evaluate_all

    def measure_test_first(*args: Any, **options: Any) -> dict[str, Evaluation]:
        return dict(reversed(measure(*args, **options).items()))

    monkeypatch.setattr(TrainingLoops, "evaluate_all", measure_test_first)
    run = store.create(finished.config)
    assert train(run).state is State.FINISHED
    check_equal_outcome(run, finished)


def test_first_layer_is_that_of_the_saved_model(finished: Run) -> None:
    kernel = load_model(finished).get_layer("hidden_1").kernel.numpy()
    assert finished.first_layer().shape == (3, 32, 28, 28)
    expected = kernel.T.reshape(32, 28, 28).astype(np.float16)
    np.testing.assert_array_equal(finished.first_layer(3), expected)


def test_weights_end_with_those_of_the_saved_model(finished: Run) -> None:
    epochs, weights = finished.weights()
    assert epochs.tolist() == [1, 2, 3]
    layers = load_model(finished).layers
    arrays = [array.numpy() for layer in layers for array in layer.weights]
    expected = np.concatenate([array.ravel() for array in arrays]).astype(np.float16)
    np.testing.assert_array_equal(weights[-1], expected)


def test_training_repeats_exactly(finished: Run, store: RunStore) -> None:
    again = store.create(finished.config)
    train(again)
    check_equal_outcome(again, finished)


def test_statuses_tell_of_a_run_from_start_to_end(small: Small, store: RunStore) -> None:
    run = store.create(small(batch_size=64))
    told: list[Status] = []
    assert train(run, told.append) == told[-1] == run.status
    assert told[0].state is State.RUNNING
    places = [(status.epoch, status.batch) for status in told]
    assert places == sorted(places)
    assert {status.epoch for status in told} == {1, 2, 3}
    assert all(status.batch <= run.config.batches for status in told)
    assert [status.heartbeat for status in told] == sorted(status.heartbeat for status in told)
    seconds = [status.seconds for status in told]
    assert seconds == sorted(seconds)


# --- values by hand


def test_running_loss_of_one_batch_is_the_loss_before_its_step(
    small: Small, store: RunStore
) -> None:
    """With one batch an epoch and no dropout, an epoch starts from what the last one ended in."""
    config = small(batch_size=1_024, l2=1e-3)
    run = store.create(config)
    train(run)
    history = run.history
    untrained_loss, untrained_accuracy = evaluate(build_model(config), config, "train")
    losses = [untrained_loss, *history["train_loss"][:-1]]
    accuracies = [untrained_accuracy, *history["train_accuracy"][:-1]]
    assert history["running_loss"].tolist() == pytest.approx(losses, abs=1e-5)
    assert history["running_accuracy"].tolist() == pytest.approx(accuracies, abs=1e-6)


def test_cosine_factors_by_hand() -> None:
    config = RunConfig(schedule="cosine", epochs=2, training_images=1_000, batch_size=500)
    assert config.epochs * config.batches == 4
    root = math.sqrt(0.5)
    expected = [1, (1 + root) / 2, 1 / 2, (1 - root) / 2]
    assert learning_rate_factors(config, 0, 4).tolist() == pytest.approx(expected, abs=1e-7)
    assert learning_rate_factors(config, 1, 2).tolist() == pytest.approx(expected[1:3], abs=1e-7)
    assert learning_rate_factors(config, 0, 4).dtype == np.float32


def test_cosine_factors_are_those_of_keras() -> None:
    config = RunConfig(schedule="cosine", epochs=7)
    steps = config.epochs * config.batches
    decay = keras.optimizers.schedules.CosineDecay(1.0, decay_steps=steps)
    expected = [float(decay(step)) for step in (0, 1, 100, steps // 2, steps - 1)]
    factors = learning_rate_factors(config, 0, steps)[[0, 1, 100, steps // 2, steps - 1]]
    assert factors.tolist() == pytest.approx(expected, abs=1e-5)


def test_constant_factors_are_one() -> None:
    assert learning_rate_factors(RunConfig(), 50, 3).tolist() == [1, 1, 1]


def test_cosine_run_records_the_rate_of_each_epochs_last_batch(
    small: Small, store: RunStore
) -> None:
    run = store.create(small(schedule="cosine", epochs=2, batch_size=500, learning_rate=0.02))
    train(run)
    last = [0.02 * (1 + math.cos(math.pi * step / 4)) / 2 for step in (1, 3)]
    assert run.history["learning_rate"].tolist() == pytest.approx(last, rel=1e-5)
    assert run.history["base_learning_rate"].tolist() == [0.02, 0.02]


# --- early stopping

# Multiples of 1/64, so that Keras, which compares in single precision, rounds nothing.
sixty_fourths = st.integers(0, 256).map(lambda number: number / 64)


def run_early_stopping(
    losses: list[float], min_delta: float = 0.0, patience: int = 1_000
) -> keras.callbacks.EarlyStopping:
    callback = keras.callbacks.EarlyStopping(mode="min", min_delta=min_delta, patience=patience)
    callback.set_model(keras.Sequential([keras.layers.Dense(1)]))
    callback.on_train_begin()
    for epoch, loss in enumerate(losses):
        callback.on_epoch_end(epoch, {"val_loss": loss})
    return callback


@settings(deadline=None, derandomize=True, max_examples=50)
@given(st.lists(sixty_fourths, min_size=1, max_size=12), st.sampled_from([0.0, 0.25, 1.0]))
def test_best_epoch_is_that_of_keras(losses: list[float], min_delta: float) -> None:
    expected = run_early_stopping(losses, min_delta).best_epoch + 1
    assert last_improved_epoch(losses, min_delta) == expected


def test_no_epochs_have_no_best() -> None:
    assert last_improved_epoch([]) == 0


@pytest.fixture(scope="module")
def stopped_early(small: Small, tmp_path_factory: pytest.TempPathFactory) -> Run:
    store = RunStore(tmp_path_factory.mktemp("early"))
    config = small(learning_rate=0.05, early_stopping=True, patience=2, epochs=100)
    run = store.create(config)
    train(run)
    return run


def test_run_stops_where_keras_would(stopped_early: Run) -> None:
    losses = stopped_early.history["validation_loss"].tolist()
    callback = run_early_stopping(losses, patience=2)
    assert stopped_early.status.state is State.FINISHED
    assert len(losses) == callback.stopped_epoch + 1 < 100
    assert stopped_early.status.final_epoch == callback.best_epoch + 1 < len(losses)
    assert stopped_early.status.epoch == len(losses)


def test_early_stopping_restores_the_best_weights(stopped_early: Run) -> None:
    best = stopped_early.history["validation_loss"].idxmin()
    assert stopped_early.history["epoch"][best] == stopped_early.status.final_epoch
    check_model_is_that_of_row(stopped_early, stopped_early.history.loc[best])


def test_run_that_stopped_early_has_nothing_left_to_do(stopped_early: Run) -> None:
    assert stopped_early.status.seconds_left is None


def test_early_stopping_without_restoring_keeps_the_last_weights(
    stopped_early: Run, store: RunStore
) -> None:
    config = stopped_early.config.model_copy(update={"restore_best_weights": False})
    run = store.create(config)
    train(run)
    history = run.history
    assert run.status.final_epoch == len(history)
    assert history["validation_loss"].tolist() == stopped_early.history["validation_loss"].tolist()
    check_model_is_that_of_row(run, history.iloc[-1])


# --- control


def ask_once(run: Run, when: Callable[[Status], bool], **asked: Any) -> Callable[[Status], None]:
    """A listener that asks the run for something at the first status that fulfils `when`."""
    waiting = True

    def listen(status: Status) -> None:
        nonlocal waiting
        if waiting and when(status):
            waiting = False
            run.request(**asked)

    return listen


def test_stop_while_running(small: Small, store: RunStore) -> None:
    run = store.create(small(epochs=200, batch_size=16, l2=1e-3))
    status = train(run, ask_once(run, lambda status: status.epoch == 3, request=Request.STOP))
    history = run.history
    assert status == run.status
    assert status.state is State.STOPPED
    assert len(history) in (2, 3)
    assert history["epoch"].tolist() == list(range(1, len(history) + 1))
    assert status.epoch == status.final_epoch == len(history)
    check_model_is_that_of_row(run, history.iloc[-1])
    assert len(run.test_probabilities()) == len(history)
    assert run.read_checkpoint() is None
    assert status.seconds_left is None


def test_stop_passes_through_stopping(small: Small, store: RunStore) -> None:
    run = store.create(small(epochs=200))
    states: list[State] = []
    listen = ask_once(run, lambda status: status.epoch == 2, request=Request.STOP)

    def follow(status: Status) -> None:
        states.append(status.state)
        listen(status)

    train(run, follow)
    assert list(dict.fromkeys(states)) == [State.RUNNING, State.STOPPING, State.STOPPED]


def test_stop_before_the_first_batch_saves_the_untrained_network(
    small: Small, store: RunStore
) -> None:
    run = store.create(small(), state=State.RUNNING)
    run.request(Request.STOP)
    status = train(run)
    assert (status.state, status.epoch, status.final_epoch) == (State.STOPPED, 0, 0)
    assert run.history.empty
    untrained = build_model(run.config).get_weights()
    for ours, theirs in zip(load_model(run).get_weights(), untrained, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_stop_of_an_early_stopping_run_restores_the_best_weights(
    small: Small, store: RunStore
) -> None:
    run = store.create(small(learning_rate=0.1, early_stopping=True, patience=100, epochs=100))

    def has_passed_its_best(status: Status) -> bool:
        losses = run.history["validation_loss"]
        return len(losses) > 1 and losses.iloc[-1] > losses.min()

    train(run, ask_once(run, has_passed_its_best, request=Request.STOP))
    history = run.history
    best = history["validation_loss"].idxmin()
    assert run.status.state is State.STOPPED
    assert run.status.final_epoch == history["epoch"][best] < len(history)
    check_model_is_that_of_row(run, history.loc[best])


@pytest.fixture(scope="module")
def paused(small: Small, tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, list[Status]]:
    """A run paused in its second epoch and resumed at the third sign of life, with its statuses."""
    store = RunStore(tmp_path_factory.mktemp("paused"))
    run = store.create(small(batch_size=16))
    told: list[Status] = []
    pause = ask_once(run, lambda status: status.epoch == 2, request=Request.PAUSE)

    def listen(status: Status) -> None:
        told.append(status)
        pause(status)
        if [status.state for status in told].count(State.PAUSED) == 3:
            run.request(Request.RUN)

    train(run, listen)
    return run, told


def test_pause_holds_every_batch_back(paused: tuple[Run, list[Status]]) -> None:
    _, told = paused
    statuses = [status for status in told if status.state is State.PAUSED]
    assert len(statuses) >= 3
    assert len({(status.epoch, status.batch) for status in statuses}) == 1
    assert statuses[0].heartbeat < statuses[-1].heartbeat


def test_clock_of_the_training_stands_still_in_a_pause(paused: tuple[Run, list[Status]]) -> None:
    run, told = paused
    statuses = [status for status in told if status.state is State.PAUSED]
    waited = statuses[-1].heartbeat - statuses[0].heartbeat
    assert len({status.seconds for status in statuses}) == 1
    status, took = run.status, run.status.heartbeat - told[0].heartbeat
    assert 0 < status.overhead_seconds < took - status.seconds - waited / 2


def test_paused_run_resumes_and_ends_as_if_undisturbed(
    paused: tuple[Run, list[Status]], store: RunStore
) -> None:
    run, told = paused
    states = list(dict.fromkeys(status.state for status in told))
    assert states == [State.RUNNING, State.PAUSED, State.FINISHED]
    undisturbed = store.create(run.config)
    train(undisturbed)
    check_equal_outcome(run, undisturbed)


def test_paused_run_can_be_stopped(small: Small, store: RunStore) -> None:
    run = store.create(small(epochs=200))
    pause = ask_once(run, lambda status: status.epoch == 2, request=Request.PAUSE)
    stop = ask_once(run, lambda status: status.state is State.PAUSED, request=Request.STOP)

    def listen(status: Status) -> None:
        pause(status)
        stop(status)

    assert train(run, listen).state is State.STOPPED
    assert run.model_path.exists()


def test_stop_is_not_taken_back_by_a_pause(small: Small, store: RunStore) -> None:
    """Asked for while the training evaluates what it has stopped in."""
    run = store.create(small(epochs=200))
    states: list[State] = []
    stop = ask_once(run, lambda status: status.epoch == 2, request=Request.STOP)

    def listen(status: Status) -> None:
        states.append(status.state)
        stop(status)
        if status.state is State.STOPPING:
            (run.path / "control.json").write_text('{"request": "pause"}')

    assert train(run, listen, max_pause_seconds=0).state is State.STOPPED
    assert list(dict.fromkeys(states)) == [State.RUNNING, State.STOPPING, State.STOPPED]


def test_run_that_is_left_in_a_pause_goes_on_to_the_same_weights(
    finished: Run, store: RunStore
) -> None:
    run = store.create(finished.config)
    pause = ask_once(run, lambda status: status.epoch == 2, request=Request.PAUSE)
    assert train(run, pause, max_pause_seconds=0).state is State.PAUSED
    assert run.status.state is State.PAUSED
    assert not run.is_training()
    assert not run.is_closed
    assert 1 <= len(run.history) < 3
    assert train(run, max_pause_seconds=0).state is State.PAUSED
    run.request(Request.RUN)
    assert train(run, max_pause_seconds=0).state is State.FINISHED
    check_equal_outcome(run, finished)
    assert run.status.overhead_seconds is None  # two processes prepared it


@pytest.mark.parametrize("epoch", [1, 2])
@pytest.mark.parametrize("batches", [7, 16], ids=["between batches", "while it is measured"])
def test_run_that_is_left_in_mid_epoch_goes_on_from_that_batch(
    small: Small, store: RunStore, monkeypatch: pytest.MonkeyPatch, epoch: int, batches: int
) -> None:
    """With dropout, augmentation and a schedule: seeds, rates and totals go on, too."""
    monkeypatch.setattr("core.training.trainer._CHUNK_SECONDS", 1e-9)  # a batch at a time
    monkeypatch.setattr("core.training.trainer._STATUS_SECONDS", 0.0)
    augmentation = {"rotation": 20, "zoom": 0.2, "shear": 0.2, "shift": 2, "elastic": 1}
    config = small(
        batch_size=64, dropout=0.5, early_stopping=True, schedule="cosine", **augmentation
    )
    assert config.batches == 16
    undisturbed, run = store.create(config), store.create(config)
    train(undisturbed)
    place = epoch, batches
    pause = ask_once(run, lambda now: (now.epoch, now.batch) == place, request=Request.PAUSE)
    assert train(run, pause, max_pause_seconds=0).state is State.PAUSED
    assert len(run.history) == epoch - 1
    if epoch > 1:  # who looks meanwhile sees the network of the whole epoch
        network, shown = load_network_and_epoch(run)
        assert shown == 1
        answers = network(scale_images(load_mnist().x_test), training=False)
        np.testing.assert_allclose(answers, run.test_probabilities(1), atol=1e-6)
    run.request(Request.RUN)
    statuses: list[Status] = []
    assert train(run, statuses.append).state is State.FINISHED
    trained = [(now.epoch, now.batch) for now in statuses if now.batch]
    assert trained[0] == place
    assert min(trained) == place
    check_equal_outcome(run, undisturbed)
    rates = [each.history["learning_rate"].tolist() for each in (run, undisturbed)]
    assert rates[0] == rates[1]


def test_new_learning_rate_is_taken_and_recorded(small: Small, store: RunStore) -> None:
    run = store.create(small(epochs=4))
    train(
        run,
        ask_once(
            run,
            lambda status: (status.epoch, status.batch) == (2, run.config.batches),
            learning_rate=0.05,
        ),
    )
    history = run.history
    assert history["base_learning_rate"].tolist() == [1e-3, 1e-3, 0.05, 0.05]
    assert history["learning_rate"].tolist() == pytest.approx([1e-3, 1e-3, 0.05, 0.05])
    assert history["train_loss"].diff()[2] < 3 * history["train_loss"].diff()[1]
    assert run.status.base_learning_rate == 0.05


def test_a_rate_requested_while_an_epoch_is_measured_is_the_next_ones(
    small: Small, store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = store.create(small(epochs=2))
    evaluate_all = TrainingLoops.evaluate_all

    def request_and_evaluate(loops: TrainingLoops, **options: Any) -> dict[str, Evaluation]:
        run.request(learning_rate=0.05)
        return evaluate_all(loops, **options)

    monkeypatch.setattr(TrainingLoops, "evaluate_all", request_and_evaluate)
    train(run)
    assert run.history["base_learning_rate"].tolist() == [1e-3, 0.05]


# --- failure

DIVERGING: dict[str, Any] = {
    "hidden": (64, 64),
    "optimizer": "sgd",
    "l2": 0.1,
    "batch_size": 16,
    "learning_rate": 10,
}


def test_diverging_run_fails_with_a_sentence(small: Small, store: RunStore) -> None:
    run = store.create(small(**DIVERGING))
    told: list[Status] = []
    status = train(run, told.append)
    assert status == told[-1] == run.status
    assert status.state is State.FAILED
    assert status.error is not None
    assert re.search(r"not a number in epoch 1, at learning rate 10\.", status.error)
    assert "Try a learning rate ten times smaller" in status.error


def test_failed_run_keeps_its_history_and_the_network_of_its_last_whole_epoch(
    small: Small, store: RunStore
) -> None:
    run = store.create(small(**DIVERGING | {"learning_rate": 0.01}))
    train(run, ask_once(run, lambda status: status.epoch == 2, learning_rate=10))
    status, history = run.status, run.history
    assert status.state is State.FAILED
    assert status.error is not None
    assert f"in epoch {len(history) + 1}, at learning rate 10." in status.error
    assert len(history) >= 1
    assert len(run.test_probabilities()) == len(history)
    assert status.seconds_left is None
    assert not run.model_path.exists()
    network, epoch = load_network_and_epoch(run)
    assert epoch == run.network_epoch == len(history)
    np.testing.assert_allclose(
        network(scale_images(load_mnist().x_test), training=False),
        run.test_probabilities(epoch),
        atol=1e-6,
    )


def test_failed_run_is_not_trained_again(small: Small, store: RunStore) -> None:
    run = store.create(small())
    run.write_status(Status(state=State.FAILED, error="It broke."))
    assert train(run).error == "It broke."
    assert run.history.empty


def test_run_deleted_while_it_trains(
    small: Small, store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By who trains it, so that it cannot stop first."""
    monkeypatch.setattr("core.runs.store._STOP_SECONDS", 0.1)
    run = store.create(small(epochs=200))

    def delete(status: Status) -> None:
        if status.epoch == 2:
            store.delete(run.id)

    with pytest.raises(RunNotFoundError, match=run.id):
        train(run, delete)
    assert os.listdir(store.root) == []


def test_deleted_run_cannot_be_trained(small: Small, store: RunStore) -> None:
    run = store.create(small())
    store.delete(run.id)
    with pytest.raises(RunNotFoundError, match=run.id):
        train(run)


def test_second_trainer_is_refused(small: Small, store: RunStore) -> None:
    run = store.create(small())
    with run.training_lock(), pytest.raises(RunBusyError, match=run.id):
        train(store.get(run.id))
    assert run.status.state is State.QUEUED


# --- killed and taken up again

TRAIN = """
import os, signal, sys
from core.runs import RunStore
from core.training import train

run = RunStore(sys.argv[1]).get(sys.argv[2])

def die(status):
    if len(run.history) >= 2:
        os.kill(os.getpid(), signal.SIGKILL)

train(run, die)
"""


@pytest.fixture
def undisturbed(small: Small, tmp_path: Path) -> Run:
    run = RunStore(tmp_path / "undisturbed").create(
        small(
            epochs=20,
            batch_size=16,
            hidden=(32, 16),
            dropout=0.5,
            l2=1e-4,
            schedule="cosine",
            learning_rate=0.01,
            early_stopping=True,
            patience=5,
        )
    )
    train(run)
    return run


def test_killed_run_goes_on_to_the_same_weights(undisturbed: Run, store: RunStore) -> None:
    """It is killed by its own hand, so that it is certain when."""
    run = store.create(undisturbed.config)
    trainer = subprocess.run([sys.executable, "-c", TRAIN, str(store.root), run.id])
    assert trainer.returncode == -signal.SIGKILL
    assert run.status.state is State.RUNNING
    assert len(run.history) == 2 < len(undisturbed.history)
    assert not run.is_training()

    told: list[Status] = []
    assert train(run, told.append).state is State.FINISHED
    assert min(status.epoch for status in told[1:]) == 3
    check_equal_outcome(run, undisturbed)


def test_rubbish_checkpoint_leads_to_a_fresh_start(finished: Run, store: RunStore) -> None:
    run = store.create(finished.config, state=State.RUNNING)
    run.write_history(finished.history.to_dict("records")[:1])
    (run.path / "checkpoint.npz").write_bytes(b"rubbish" * 100)
    assert train(run).state is State.FINISHED
    check_equal_outcome(run, finished)


def test_checkpoint_that_cannot_be_read_at_present_is_kept(
    finished: Run, store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = store.create(finished.config, state=State.RUNNING)
    write_history, load = Run.write_history, load_arrays

    def fill_disk(run: Run, rows: list[dict[str, float]]) -> None:
        if len(rows) == 2:
            raise RunNotWritableError("no room")
        write_history(run, rows)

    def open_too_many(path: Path) -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(Run, "write_history", fill_disk)
    with pytest.raises(RunNotWritableError, match="no room"):
        train(run)
    monkeypatch.setattr(Run, "write_history", write_history)
    monkeypatch.setattr("core.runs.run.load_arrays", open_too_many)
    with pytest.raises(RunNotWritableError, match=f"checkpoint of run {run.id} cannot be read"):
        train(run)
    monkeypatch.setattr("core.runs.run.load_arrays", load)
    epochs = set[int]()
    train(run, lambda status: epochs.add(status.epoch))
    assert min(epochs - {1}) == 2
    check_equal_outcome(run, finished)


def test_older_run_that_was_interrupted_goes_on(
    finished: Run, store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its test probabilities are float16, of which there are two epochs already."""
    run = store.create(finished.config)
    write = Run.write_test_probabilities

    def fill_disk(run: Run, epoch: int, probabilities: Floats) -> None:
        if epoch == 3:
            raise RunNotWritableError("no room")
        write(run, epoch, probabilities)

    monkeypatch.setattr(Run, "write_test_probabilities", fill_disk)
    with pytest.raises(RunNotWritableError, match="no room"):
        train(run)
    monkeypatch.undo()
    done = run.history["seconds"].tolist()
    path = run.path / "test_probabilities.npy"
    np.save(path, np.load(path).astype(np.float16))
    assert train(run).state is State.FINISHED
    assert (len(done), run.history["seconds"].tolist()[:2]) == (2, done)
    expected = finished.test_probabilities().astype(np.float16)
    np.testing.assert_array_equal(run.test_probabilities(), expected)
    for epoch in (1, 2, 3):
        one = run.test_probabilities(epoch)
        np.testing.assert_array_equal(one, expected[epoch - 1].astype(np.float32))


@pytest.mark.parametrize("epoch", [1, 2])
def test_epoch_without_its_checkpoint_is_gone_when_the_run_is_stopped(
    small: Small, store: RunStore, monkeypatch: pytest.MonkeyPatch, epoch: int
) -> None:
    """Its row was written, but then the disk was full; and then one asks for a stop."""
    run = store.create(small())
    write = Run.write_checkpoint

    def fill_disk(run: Run, arrays: dict[str, Any]) -> None:
        if len(run.history) == epoch:
            raise RunNotWritableError("no room")
        write(run, arrays)

    monkeypatch.setattr(Run, "write_checkpoint", fill_disk)
    with pytest.raises(RunNotWritableError, match="no room"):
        train(run)
    assert len(run.history) == epoch
    run.request(Request.STOP)
    assert train(run).state is State.STOPPED
    kept = epoch - 1
    assert run.history["epoch"].tolist() == list(range(1, kept + 1))
    assert run.history["test_loss"].dtype == np.float64
    assert run.network_epoch == kept
    assert len(run.test_probabilities()) == len(run.first_layer()) == kept
    assert run.weights()[0].tolist() == list(range(1, kept + 1))


def write_checkpoint(run: Run, config: RunConfig, epochs: int) -> None:
    """A whole checkpoint of an untrained network of `config`, at another learning rate."""
    model = build_model(config)
    model.optimizer.build(model.trainable_variables)
    run.write_checkpoint(pack_checkpoint(model, Progress(epochs, base_learning_rate=0.5)))


@pytest.mark.parametrize("history", ["none", "one row", "rubbish"])
def test_checkpoint_without_its_history_leads_to_a_fresh_start(
    finished: Run, store: RunStore, history: str
) -> None:
    run = store.create(finished.config, state=State.RUNNING)
    write_checkpoint(run, finished.config, epochs=2)
    if history == "one row":
        run.write_history(finished.history.to_dict("records")[:1])
    if history == "rubbish":
        (run.path / "history.csv").write_text("rubbish")
    assert train(run).state is State.FINISHED
    check_equal_outcome(run, finished)


def test_checkpoint_of_another_network_leads_to_a_fresh_start(
    finished: Run, store: RunStore
) -> None:
    run = store.create(finished.config, state=State.RUNNING)
    write_checkpoint(run, finished.config.model_copy(update={"hidden": (32, 8)}), epochs=2)
    run.write_history(finished.history.to_dict("records")[:2])
    assert train(run).state is State.FINISHED
    check_equal_outcome(run, finished)
