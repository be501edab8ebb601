"""Loads a run's network, final or after a kept epoch, in safe mode, and computes layers."""

from functools import lru_cache
from pathlib import Path
from zipfile import BadZipFile

import keras
import numpy as np

from core.config import IMAGE_SIDE, PIXELS
from core.config.architecture import PIXELS_LAYER
from core.data import Array, Floats, scale_images
from core.network.build import build_model, flatten_weights
from core.network.checkpoint import unpack_checkpoint
from core.runs import Run
from core.runs.errors import DamagedRunError, NoNetworkError, RunError
from core.runs.origin import parent_network_path

_BLOCK = 8192  # images at a time, so that wide layers do not fill the memory


def load_network(run: Run, epoch: int | None = None) -> keras.Sequential:
    """Load the run's network; it is shared, do not change it.

    Without `epoch` the final one, or that of the last whole epoch if the run is unfinished or
    failed; with `epoch` the one after it, its weights rounded to float16 unless it is the current
    one. Raises NoNetworkError before the first epoch has ended, RunError for an epoch that the run
    does not keep, DamagedRunError for a file that Keras cannot read, RunNotFoundError.
    """
    if epoch is None:
        return load_network_and_epoch(run)[0]
    is_kept = epoch in run.weights()[0]
    if epoch == run.network_epoch and (run.model_path.exists() or not is_kept):
        return load_network(run)
    if not is_kept:
        raise RunError(f"run {run.id} does not keep its network after epoch {epoch}")
    return _load_epoch(run.path, epoch)


def load_network_and_epoch(run: Run) -> tuple[keras.Sequential, int]:
    """As `load_network`, with the epoch whose weights the network has."""
    if run.model_path.exists():
        try:
            model = _load(run.model_path, run.model_path.stat().st_mtime_ns)
        except (OSError, ValueError, TypeError, KeyError, BadZipFile) as error:
            raise DamagedRunError(
                f"the network of run {run.id} cannot be read ({error})"
            ) from error
        return model, run.network_epoch
    model, arrays = build_model(run.config), run.read_checkpoint()
    try:
        progress = unpack_checkpoint(arrays, model) if arrays is not None else None
    except (ValueError, TypeError, OverflowError) as error:  # shapes fit, but not what is in them
        raise DamagedRunError(f"the checkpoint of run {run.id} cannot be read ({error})") from error
    if progress is not None:
        return model, progress.epochs
    if run.status.state.is_active:
        raise NoNetworkError(f"run {run.id} has no network yet; wait for its first epoch to end")
    raise NoNetworkError(f"run {run.id} ended before its first epoch did, and has no network")


def load_parent_network(run: Run) -> keras.Sequential:
    """The network that the run started from; it is shared, do not change it.

    Raises NoNetworkError if it started from random weights, DamagedRunError, RunNotWritableError.
    """
    path = parent_network_path(run)
    if path is None:
        raise NoNetworkError(f"run {run.id} started from random weights")
    with run.explain_start_errors(path.name):
        return _load(path, path.stat().st_mtime_ns)


def start_from_parent(run: Run, model: keras.Sequential) -> None:
    """Give the model the weights that the run starts from, if they are not random ones.

    Raises DamagedRunError.
    """
    path = parent_network_path(run)
    if path is None:
        return
    weights = load_parent_network(run).get_weights()
    with run.files.explain_read_errors(path.name):
        model.set_weights(weights)


def load_weights(run: Run, epoch: int) -> Floats:
    """All weights of the run's network after `epoch`, float32 (parameters,), layer by layer.

    Raises what `load_network` raises; RunError too if the run has gone on to another epoch.
    """
    if epoch in run.weights()[0]:
        return flatten_weights(load_network(run, epoch))
    model, found = load_network_and_epoch(run)
    if found != epoch:
        raise RunError(f"run {run.id} does not keep its network after epoch {epoch}")
    return flatten_weights(model)


@lru_cache(maxsize=12)
def _load(path: Path, modified: int) -> keras.Sequential:
    return keras.saving.load_model(path, compile=False, safe_mode=True)


@lru_cache(maxsize=4)
def _load_epoch(path: Path, epoch: int) -> keras.Sequential:
    run = Run(path)
    epochs, stored = run.weights()
    flat = stored[int(np.flatnonzero(epochs == epoch)[0])].astype(np.float32)
    model = build_model(run.config)
    ends = np.cumsum([int(np.prod(weights.shape)) for weights in model.weights])
    for weights, values in zip(model.weights, np.split(flat, ends[:-1]), strict=True):
        weights.assign(values.reshape(weights.shape))
    return model


def as_pixels(images: Array) -> Floats:
    """Images as a network takes them, float32 (n, 784) in [0, 1].

    Accepts uint8 (..., 28, 28) as MNIST comes, and floats in [0, 1], flat or not. Raises
    ValueError for anything else.
    """
    if images.shape[-2:] != (IMAGE_SIDE, IMAGE_SIDE) and images.shape[-1:] != (PIXELS,):
        raise ValueError(
            f"expected images ({IMAGE_SIDE}, {IMAGE_SIDE}) or ({PIXELS},), not {images.shape}"
        )
    if images.dtype == np.uint8:
        return scale_images(images)
    if images.size and not (images.min() >= 0 and images.max() <= 1):
        raise ValueError(
            f"expected grey values from 0 to 1, or uint8 from 0 to 255, not {images.dtype} "
            f"from {images.min():g} to {images.max():g}"
        )
    return images.reshape(-1, PIXELS).astype(np.float32)


def layer_features(run: Run, layer: str, images: Array, epoch: int | None = None) -> Floats:
    """What `layer` of the run's network gives for images, as `layer_outputs` does.

    PIXELS_LAYER gives the images themselves. `epoch` as in `load_network`. Raises what both raise.
    """
    if layer == PIXELS_LAYER:
        return as_pixels(images)
    return layer_outputs(load_network(run, epoch), layer, images)


def layer_outputs(model: keras.Sequential, layer: str, images: Array) -> Floats:
    """What `layer` gives for images, in inference mode: float32 (n, units).

    Computed by `model` truncated there. Raises ValueError for a name that is no layer's.
    """
    truncated = keras.Model(model.inputs[0], model.get_layer(layer).output)
    pixels = as_pixels(images)
    blocks = [
        np.asarray(truncated(pixels[start : start + _BLOCK], training=False), np.float32)
        for start in range(0, len(pixels), _BLOCK)
    ]
    return np.concatenate(blocks)
