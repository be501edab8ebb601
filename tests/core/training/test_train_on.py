"""Runs that start from another's network, or learn from drawings beside MNIST."""

import errno
import shutil
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest

from core.config import RunConfig
from core.data import load_mnist, prepare_splits, scale_images
from core.network.load import load_network
from core.runs import Run, RunStore
from core.runs.errors import NoNetworkError, RunError, RunNotWritableError
from core.runs.origin import Drawings, Origin
from core.runs.status import Request, State, Status
from core.training import train
from core.training.augmentation import epoch_key
from core.training.loops import draw_order
from core.training.trainer import _Training

Small = Callable[..., RunConfig]


@pytest.fixture(scope="module")
def parent(tmp_path_factory: pytest.TempPathFactory, small: Small) -> Run:
    run = RunStore(tmp_path_factory.mktemp("parents")).create(
        small(hidden=(24, 16), dropout=0.2, learning_rate=0.01, batch_size=64, epochs=4)
    )
    assert train(run).state is State.FINISHED
    return run


def train_on(store: RunStore, parent: Run, **changes: object) -> Run:
    config = parent.config.model_copy(update=changes)
    run = store.create(config, origin=Origin(parent))
    assert train(run).state is State.FINISHED, run.status.error
    return run


def drawings(count: int = 30, share: float = 0.25) -> Drawings:
    """Test images as if they had been drawn, all said to be threes, so that it shows."""
    images = load_mnist().x_test[:count]
    return Drawings(images, np.full(count, 3, np.uint8), "Ada", share)


def test_it_begins_at_its_parents_accuracy_and_goes_on(store: RunStore, parent: Run) -> None:
    still = train_on(store, parent, learning_rate=1e-6, epochs=1)
    ended = parent.history.iloc[-1]
    begun = still.history.iloc[0]
    assert begun["test_accuracy"] == pytest.approx(ended["test_accuracy"], abs=0.003)
    assert ended["test_accuracy"] > 0.8
    on = train_on(store, parent, epochs=4)
    assert on.history["train_loss"].iloc[-1] < ended["train_loss"]


def test_its_first_network_is_its_parents_to_the_bit(store: RunStore, parent: Run) -> None:
    run = store.create(parent.config.model_copy(update={"dropout": 0.6}), origin=Origin(parent))
    training = _Training(run, lambda status: None, 0)
    expected = keras.models.load_model(parent.model_path).get_weights()
    for ours, theirs in zip(training._model.get_weights(), expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    optimizer = training._model.optimizer
    assert all(not variable.numpy().any() for variable in optimizer.variables[2:])  # fresh
    assert optimizer.iterations.numpy() == 0


def test_a_deleted_parent_harms_nothing(store: RunStore, parent: Run) -> None:
    copy = store.root / parent.id
    shutil.copytree(parent.path, copy)
    first, second = (
        store.create(parent.config, origin=Origin(store.get(parent.id))) for _ in range(2)
    )
    train(first)
    store.delete(parent.id)
    assert train(second).state is State.FINISHED
    assert second.record.parent
    assert (second.record.parent.run, second.record.parent.name) == (parent.id, parent.name)
    for ours, theirs in zip(
        load_network(first).get_weights(), load_network(second).get_weights(), strict=True
    ):
        np.testing.assert_array_equal(ours, theirs)


def test_epochs_of_the_chain_are_counted(store: RunStore, parent: Run) -> None:
    assert parent.record.parent is None
    child = train_on(store, parent, epochs=2)
    grandchild = store.create(child.config, origin=Origin(child))
    records = [run.record.parent for run in (child, grandchild)]
    epochs = parent.config.epochs
    assert [(one.epoch, one.epochs_before) for one in records if one] == [
        (epochs, epochs),
        (2, epochs + 2),
    ]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"hidden": (24,)}, "Hidden layers 24 instead of 24-16: a run that is trained on keeps"),
        ({"activation": "tanh"}, "Activation tanh instead of relu"),
        ({"batch_normalization": True}, "Batch normalisation on instead of off"),
        ({"seed": 5}, "Seed 5 instead of 0: the images held out must stay the same"),
        ({"validation_share": 0.2}, "Validation share 0.2 instead of 0.05"),
    ],
)
def test_layers_and_split_stay(
    store: RunStore, parent: Run, changes: dict[str, object], sentence: str
) -> None:
    config = RunConfig.model_validate(parent.config.model_dump() | changes)
    with pytest.raises(RunError, match=sentence):
        store.create(config, origin=Origin(parent))
    assert store.list() == []


def test_a_run_without_a_network_is_no_parent(store: RunStore, small: Small) -> None:
    queued = store.create(small())
    with pytest.raises(NoNetworkError, match="has not ended with a network"):
        store.create(small(), origin=Origin(queued))
    queued.request(Request.STOP)
    with pytest.raises(NoNetworkError):
        store.create(small(), origin=Origin(queued))


def test_a_rubbish_network_of_the_parent_is_said(store: RunStore, parent: Run) -> None:
    run = store.create(parent.config, origin=Origin(parent))
    (run.path / "parent.keras").write_bytes(b"rubbish" * 100)
    status = train(run)
    assert status.state is State.FAILED
    assert "parent.keras" in str(status.error)


def test_a_share_of_an_epoch_are_drawings_each_alike_often(store: RunStore, small: Small) -> None:
    run = store.create(small(), origin=Origin(drawings=drawings(30, share=0.25)))
    training = _Training(run, lambda status: None, 0)
    size = run.config.training_size
    orders = [draw_order(run.config, epoch, 30, 0.25) for epoch in (1, 2)]
    for order in orders:
        assert order.dtype == np.int32
        assert len(order) == size == 1_000
        drawn = order[order >= size] - size
        assert len(drawn) == 250
        assert set(np.bincount(drawn, minlength=30)) == {8, 9}  # 250 of 30
        kept = order[order < size]
        assert len(np.unique(kept)) == 750
        assert np.ptp(np.flatnonzero(order >= size)) > 900  # spread over the epoch
    assert not np.array_equal(*orders)
    images, labels = training._loops._learned
    splits = prepare_splits(run.config)
    np.testing.assert_array_equal(images[:size], splits.train.x)
    drawn = scale_images(load_mnist().x_test[:30])
    np.testing.assert_array_equal(images[size:], drawn)
    assert (np.argmax(labels[size:], axis=1) == 3).all()


def test_the_network_learns_the_drawings_and_mnist_is_measured_without(
    store: RunStore, small: Small
) -> None:
    config = small(hidden=(64,), batch_size=64, epochs=6, learning_rate=0.01)
    taught = store.create(config, origin=Origin(drawings=drawings(20, share=0.5)))
    assert train(taught).state is State.FINISHED
    learned = load_network(taught)(drawings(20).images.reshape(20, 784) / 255).numpy()
    assert (learned.argmax(axis=1) == 3).all()
    splits = prepare_splits(config)
    model = keras.models.load_model(taught.model_path)
    model.compile(loss="categorical_crossentropy", metrics=["accuracy"])
    loss, accuracy = model.evaluate(*splits.train, verbose=0)
    row = taught.history.iloc[-1]
    assert (row["train_loss"], row["train_accuracy"]) == pytest.approx((loss, accuracy), abs=1e-4)


def test_resumed_it_ends_in_the_same_weights(
    store: RunStore, small: Small, parent: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.training.trainer._CHUNK_SECONDS", 1e-9)
    monkeypatch.setattr("core.training.trainer._STATUS_SECONDS", 0.0)
    config = parent.config.model_copy(update={"batch_size": 64, "epochs": 2, "rotation": 10})
    origin = Origin(parent, drawings(30))
    undisturbed, run = (store.create(config, origin=origin) for _ in range(2))
    train(undisturbed)

    def pause(status: Status) -> None:
        if (status.epoch, status.batch) == (2, 5):
            run.request(Request.PAUSE)

    assert train(run, pause, max_pause_seconds=0).state is State.PAUSED
    run.request(Request.RUN)
    assert train(run).state is State.FINISHED
    for ours, theirs in zip(
        load_network(run).get_weights(), load_network(undisturbed).get_weights(), strict=True
    ):
        np.testing.assert_array_equal(ours, theirs)


def test_of_more_drawings_than_places_others_come_in_each_epoch(small: Small) -> None:
    config = small()
    seen = [set(draw_order(config, epoch, 400, 0.05)) for epoch in range(1, 40)]
    size = config.training_size
    drawn = [{index for index in epoch if index >= size} for epoch in seen]
    assert {len(epoch) for epoch in drawn} == {50}
    assert len(set.union(*drawn)) > 380


def test_its_epochs_follow_those_of_its_parent(store: RunStore, parent: Run) -> None:
    """Their orders and changed images are none that the parent has seen."""
    run = store.create(parent.config, origin=Origin(parent))
    asked: list[tuple[int, int]] = []
    training = _Training(run, lambda status: None, 0)
    train_loop = training._loops.train

    def note(order: Any, first: int, rates: Any, so_far: Any, key: int) -> Any:
        asked.append((key, int(order[0])))
        return train_loop(order, first, rates, so_far, key)

    training._loops.train = note  # type: ignore[method-assign]
    training.run_to_end()
    epochs = range(parent.config.epochs + 1, 2 * parent.config.epochs + 1)
    expected = [(epoch_key(0, epoch), int(draw_order(parent.config, epoch)[0])) for epoch in epochs]
    assert list(dict.fromkeys(asked)) == expected


def test_with_a_checkpoint_it_needs_its_parents_network_no_more(
    store: RunStore, parent: Run
) -> None:
    run = store.create(parent.config, origin=Origin(parent))

    def stop_in_the_third(status: Status) -> None:
        if status.epoch == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(run, stop_in_the_third)
    (run.path / "parent.keras").write_bytes(b"rubbish")
    assert train(run).state is State.FINISHED


def test_a_used_model_has_forgotten_the_drawings(store: RunStore, small: Small) -> None:
    config = small(hidden=(19,))
    plain, taught, again = (
        store.create(config, origin=Origin(drawings=given)) for given in (None, drawings(), None)
    )
    for run in (plain, taught, again):
        assert train(run).state is State.FINISHED
    for ours, theirs in zip(
        load_network(plain).get_weights(), load_network(again).get_weights(), strict=True
    ):
        np.testing.assert_array_equal(ours, theirs)
    assert not np.array_equal(
        load_network(plain).get_weights()[0], load_network(taught).get_weights()[0]
    )


@pytest.mark.parametrize(
    ("images", "labels"),
    [
        (np.zeros((5, 28, 28), np.float32), np.zeros(5, np.uint8)),
        (np.zeros((5, 28, 27), np.uint8), np.zeros(5, np.uint8)),
        (np.zeros((5, 28, 28), np.uint8), np.zeros(4, np.uint8)),
        (np.zeros((5, 28, 28), np.uint8), np.full(5, 12, np.uint8)),
        (np.zeros((0, 28, 28), np.uint8), np.zeros(0, np.uint8)),
    ],
)
def test_drawings_that_are_none_are_a_damaged_run(
    store: RunStore, small: Small, images: Any, labels: Any
) -> None:
    run = store.create(small(), origin=Origin(drawings=drawings()))
    np.savez(run.path / "drawings.npz", images=images, labels=labels)
    status = train(run)
    assert status.state is State.FAILED
    assert "Drawings.npz" in str(status.error)
    with pytest.raises(ValueError, match="expected"):
        store.create(small(), origin=Origin(drawings=Drawings(images, labels, None, 0.2)))


def test_drawings_that_the_disk_does_not_give_out_are_waited_for(
    store: RunStore, small: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(path: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    run = store.create(small(), origin=Origin(drawings=drawings()))
    with monkeypatch.context() as patched:
        patched.setattr("core.runs.origin.load_arrays", fail)
        with pytest.raises(RunNotWritableError, match="Input/output error"):
            train(run)
    assert run.status.state.is_active
    assert train(run).state is State.FINISHED
