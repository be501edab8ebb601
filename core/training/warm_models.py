"""Warm models: networks whose compiled loops are kept for the next run of the same shape.

To trace a network's graph and to prepare 70,000 images takes most of the time between pressing
Train and the first point. Yet the graph depends on the network's shape alone, and the images on
the split alone: so a process keeps those of its last runs, and a run brings its own weights.
"""

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from core.config import Rebuilt, RunConfig, hyperparameters
from core.config.architecture import count_parameters
from core.data import Split, Splits, prepare_splits
from core.network.build import build_model
from core.network.checkpoint import RunningTotals
from core.training.loops import TrainingLoops

_MAX_KEPT = 4
_LARGEST = 2_000_000  # parameters of a network that is kept; with Adam, 24 MB


@dataclass(frozen=True)
class WarmModel:
    """A compiled network with the weights it starts from, and the loops that run it."""

    model: keras.Sequential
    loops: TrainingLoops


_kept: dict[str, WarmModel] = {}  # by shape, the last used at the end
_splits: dict[str, Splits] = {}  # of the last run, as tensors


def claim_warm_model(config: RunConfig) -> WarmModel:
    """A warm model for `config`, for the caller alone until it is released.

    Its variables are those of `build_model(config)`, seed states included, to the bit, whether the
    graph is new or an earlier run's.
    """
    model = build_model(config)
    warm = _kept.pop(_values(config, Rebuilt.GRAPH), None)
    if warm is None:
        return WarmModel(model, TrainingLoops(model, _load_splits(config), config))
    model.optimizer.build(model.trainable_variables)
    for old, new in zip(_variables(warm.model), _variables(model), strict=True):
        old.assign(new)
    warm.loops.set_splits(_load_splits(config))
    return warm


def release_warm_model(warm: WarmModel, config: RunConfig) -> None:
    """Keep the warm model of `config`, whose run has ended, for the next run of its shape."""
    warm.loops.set_splits(None)  # else each kept one would hold the images of its last run
    if count_parameters(config) > _LARGEST:
        return
    _kept[_values(config, Rebuilt.GRAPH)] = warm
    if len(_kept) > _MAX_KEPT:
        del _kept[next(iter(_kept))]


def warm_up() -> None:
    """Do what only the first training of a process waits for: imports, data, TensorFlow's start.

    The model of the form's defaults is warm afterwards.
    """
    config = RunConfig()
    warm = claim_warm_model(config)
    order = np.arange(config.training_size, dtype=np.int32)
    warm.loops.train(order, 0, np.zeros(1, np.float32), RunningTotals())
    warm.loops.evaluate("test", after_block=lambda: None)
    release_warm_model(warm, config)


def _load_splits(config: RunConfig) -> Splits:
    key = _values(config, Rebuilt.IMAGES)
    if (kept := _splits.get(key)) is not None:
        return kept
    _splits.clear()  # first: two sets of images would be 440 MB
    _splits[key] = splits = Splits(
        *(Split(tf.constant(x), tf.constant(y)) for x, y in prepare_splits(config))
    )
    return splits


def _values(config: RunConfig, part: Rebuilt) -> str:
    """The values of the hyperparameters that change `part`."""
    names = {field.name for field in hyperparameters() if part in field.traits.rebuilds}
    return config.model_dump_json(include=names)


def _variables(model: keras.Model) -> list[Any]:
    return [*model.variables, *model.optimizer.variables]
