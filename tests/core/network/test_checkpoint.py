from collections.abc import Callable

import keras
import numpy as np

from core.config import RunConfig
from core.network.build import build_model
from core.network.checkpoint import Progress, pack_checkpoint, unpack_checkpoint

Small = Callable[..., RunConfig]
RANDOM = np.random.default_rng(0)
IMAGES = RANDOM.random((32, 784), np.float32)
LABELS = np.eye(10, dtype=np.float32)[RANDOM.integers(10, size=32)]


def build(config: RunConfig) -> keras.Model:
    model = build_model(config)
    model.optimizer.build(model.trainable_variables)
    return model


def train(model: keras.Model, steps: int) -> None:
    for _ in range(steps):
        model.train_on_batch(IMAGES, LABELS)


def test_restored_training_goes_on_to_the_bit(small: Small) -> None:
    """With dropout: its seed state is part of the checkpoint."""
    config = small(dropout=0.5, batch_normalization=True)
    model, restored = build(config), build(config)
    train(model, 3)
    place = unpack_checkpoint(pack_checkpoint(model, Progress(3, 0.25)), restored)
    assert place == Progress(3, 0.25, None)
    assert place is not None
    for each in (model, restored):
        train(each, 3)
    for ours, theirs in zip(model.variables, restored.variables, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_best_weights_round_trip(small: Small) -> None:
    model = build(small())
    best = [variable.numpy() + 1 for variable in model.variables]
    place = unpack_checkpoint(pack_checkpoint(model, Progress(5, 1e-3, best)), build(small()))
    assert place is not None
    assert place.epochs == 5
    assert place.best_weights is not None
    for ours, theirs in zip(place.best_weights, best, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_checkpoint_of_another_network_changes_nothing(small: Small) -> None:
    arrays = pack_checkpoint(build(small(hidden=(16, 8))), Progress(1, 1e-3))
    for config in (small(hidden=(16, 4), seed=1), small(hidden=(16, 8, 8), seed=1)):
        model = build(config)
        before = model.get_weights()
        assert unpack_checkpoint(arrays, model) is None
        for ours, theirs in zip(before, model.get_weights(), strict=True):
            np.testing.assert_array_equal(ours, theirs)


def test_incomplete_checkpoint_is_none(small: Small) -> None:
    model = build(small())
    arrays = pack_checkpoint(model, Progress(1, 1e-3))
    for name in arrays:
        rest = {key: value for key, value in arrays.items() if key != name}
        assert unpack_checkpoint(rest, model) is None
