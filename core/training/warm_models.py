"""What a training works with: a network, its compiled loops and the images, mostly laid ready.

To trace a network's graph and to prepare 70,000 images takes most of the time between pressing
Train and the first point. Yet the graph depends on the network's shape alone, and the images on
the split alone: so a process keeps those of its last runs, and a run brings its own weights.
"""

from dataclasses import dataclass
from typing import Any

import keras
import tensorflow as tf

from core.config import Prepared, RunConfig, hyperparameters
from core.config.architecture import count_parameters
from core.data import Split, Splits, prepare_splits
from core.network.build import build_model
from core.training.loops import Steps

_SHAPES = 4  # how many shapes of network are kept
_LARGEST = 2_000_000  # parameters of a network that is kept; with Adam, 24 MB


@dataclass(frozen=True)
class Workbench:
    """A compiled network as freshly built, and the loops that train and evaluate it."""

    model: keras.Sequential
    steps: Steps


_ready: dict[str, Workbench] = {}  # by shape, the last used at the end
_splits: dict[str, Splits] = {}  # of the last run, as tensors


def take_workbench(config: RunConfig) -> Workbench:
    """A workbench for `config`, which nobody else has until it is put back.

    Its variables are those of `build_model(config)`, seed states included, to the bit, whether the
    graph is new or an earlier run's.
    """
    model = build_model(config)
    bench = _ready.pop(_shape(config), None)
    if bench is None:
        return Workbench(model, Steps(model, _load_splits(config), config.batch_size))
    model.optimizer.build(model.trainable_variables)
    for old, new in zip(_variables(bench.model), _variables(model), strict=True):
        old.assign(new)
    bench.steps.bind(_load_splits(config))
    return bench


def put_back(bench: Workbench, config: RunConfig) -> None:
    """Keep the workbench of `config`, whose run has ended, for the next run of its shape."""
    bench.steps.bind(None)  # else each kept one would hold the images of its last run
    if count_parameters(config) > _LARGEST:
        return
    _ready[_shape(config)] = bench
    if len(_ready) > _SHAPES:
        del _ready[next(iter(_ready))]


def _shape(config: RunConfig) -> str:
    return _values(config, Prepared.GRAPH)


def _load_splits(config: RunConfig) -> Splits:
    key = _values(config, Prepared.IMAGES)
    if (kept := _splits.get(key)) is not None:
        return kept
    _splits.clear()  # first: two sets of images would be 440 MB
    _splits[key] = splits = Splits(*map(_to_tensors, prepare_splits(config)))
    return splits


def _values(config: RunConfig, part: Prepared) -> str:
    """The values of the hyperparameters that change `part`."""
    names = {field.name for field in hyperparameters() if part in field.traits.changes}
    return config.model_dump_json(include=names)


def _to_tensors(split: Split) -> Split:
    return Split(tf.constant(split.x), tf.constant(split.y))


def _variables(model: keras.Model) -> list[Any]:
    return [*model.variables, *model.optimizer.variables]
