"""Maps of a layer's features in two dimensions, by PCA and t-SNE.

What is requested and what comes back is in `request`; keeping maps with the run is left to `job`.
"""

import math
import os
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import keras
import numpy as np
import numpy.typing as npt
import openTSNE  # type: ignore[import-untyped]
import pandas as pd
from sklearn.decomposition import PCA
from sklearn.neighbors import NearestNeighbors

from core.config.architecture import PIXELS_LAYER
from core.data import Array, Floats
from core.data.browsing import DigitImages
from core.maps.request import (
    EARLY_ITERATIONS,
    MAIN_ITERATIONS,
    FeatureMap,
    MapMethod,
    MapRequest,
    check_perplexity,
    select_images,
)
from core.maps.store import StoredMap
from core.network.load import (
    as_pixels,
    layer_features,
    layer_outputs,
    load_network_and_epoch,
)
from core.runs import Run
from core.runs.errors import RunError

OnProgress = Callable[[int, Floats], bool | None]
"""Called with the iterations done and the positions, float32 (n, 2); returns True to stop."""

_REPORT_EVERY = 25  # iterations; divides both phases
_CONVERGED = 1e-4  # fall of the divergence an iteration, as a share of itself
_NEIGHBOURS = 15  # of a new point: openTSNE's for its usual perplexity of 5
_THETA = 0.8  # Barnes-Hut's angle: a quarter quicker than 0.5, and no worse a map


def pca(features: Array, components: int = 2, seed: int = 0) -> Floats:
    """The first principal components of `features` (n, units): float32 (n, components).

    If there are fewer, the rest is zero. Raises ValueError for features that do not vary.
    """
    if not np.ptp(features, axis=0).any():
        raise ValueError(
            f"the features are the same for all {len(features)} images, so there is nothing to "
            "map; choose another layer, or a run whose units are not all dead"
        )
    found = min(components, *features.shape)
    reduced = PCA(found, random_state=seed).fit_transform(features)
    return np.pad(reduced, ((0, 0), (0, components - found))).astype(np.float32)


def tsne(
    features: Array,
    pca_components: int = 20,
    perplexity: float = 30,
    seed: int = 0,
    on_progress: OnProgress = lambda iteration, positions: None,
) -> Floats:
    """PCA, then t-SNE from its first two components on: `features` (n, units) to float32 (n, 2).

    The same seed gives the same map, whatever the number of threads of t-SNE. If `on_progress`
    asks to stop, the positions reached are returned. Exact neighbours, Barnes-Hut repulsion (van
    der Maaten 2014). Either phase, the early one exaggerated, ends when the divergence falls by no
    more than a ten-thousandth of itself an iteration, as in opt-SNE (Belkina et al. 2019). Raises
    ValueError for features that do not vary, or a perplexity above a third of n.
    """
    check_perplexity(perplexity, len(features))
    reduced = pca(features, max(pca_components, 2), seed)
    start = openTSNE.initialization.rescale(reduced[:, :2].astype(np.float64))
    model = openTSNE.TSNE(
        perplexity=perplexity,
        initialization=openTSNE.initialization.jitter(start, random_state=seed),
        neighbors="exact",
        negative_gradient_method="bh",  # twice as quick as interpolation, even for 10,000 points
        theta=_THETA,
        n_jobs=_threads(),
        random_state=seed,
    )
    embedding = model.prepare_initial(reduced)
    reporter = _ProgressReporter(on_progress)
    for iterations, momentum, exaggeration in (
        (EARLY_ITERATIONS, model.initial_momentum, model.early_exaggeration),
        (MAIN_ITERATIONS, model.final_momentum, 1),
    ):
        reporter.begin_phase()
        if not reporter.is_stopped:
            embedding.optimize(
                iterations,
                inplace=True,
                momentum=momentum,
                exaggeration=exaggeration,
                callbacks=reporter,
                callbacks_every_iters=_REPORT_EVERY,
            )
    return np.array(embedding, np.float32)


class _ProgressReporter:
    """Called by openTSNE every few iterations: reports progress, and ends a phase that is done."""

    def __init__(self, on_progress: OnProgress) -> None:
        self._on_progress = on_progress
        self._done = 0
        self._divergence = math.inf
        self.is_stopped = False

    def begin_phase(self) -> None:
        self._divergence = math.inf

    def __call__(self, iteration: int, divergence: float, positions: Array) -> bool:
        self._done += _REPORT_EVERY  # openTSNE counts each phase anew
        fall, self._divergence = self._divergence - divergence, divergence
        self.is_stopped = bool(self._on_progress(self._done, np.array(positions, np.float32)))
        return self.is_stopped or fall < _REPORT_EVERY * _CONVERGED * divergence


def compute_map(
    run: Run,
    request: MapRequest,
    on_progress: Callable[[FeatureMap], bool | None] = lambda stage: None,
) -> FeatureMap:
    """The map that `request` asks for, of the run's network as it stands.

    `on_progress` is given the map as it grows, and returns True to stop it there. Raises what
    `layer_outputs` and `tsne` raise.
    """
    digits = select_images(run.config, request)
    network, epoch = load_network_and_epoch(run)
    is_raw = request.layer == PIXELS_LAYER
    features = (
        as_pixels(digits.images) if is_raw else layer_outputs(network, request.layer, digits.images)
    )
    points = _predict(network, digits)
    iteration, is_stopped = 0, False

    def report(done: int, positions: Floats) -> bool | None:
        nonlocal iteration, is_stopped
        iteration = done
        is_stopped = bool(
            on_progress(FeatureMap(_with_positions(points, positions), done, epoch=epoch))
        )
        return is_stopped

    if request.method is MapMethod.PCA:
        positions = pca(features)
    else:
        positions = tsne(features, request.pca_components, request.perplexity, request.seed, report)
    return FeatureMap(
        _with_positions(points, positions),
        iteration,
        neighbour_agreement(features, digits.labels),
        neighbour_agreement(positions, digits.labels),
        epoch,
        is_stopped,
    )


def neighbour_agreement(
    points: npt.ArrayLike, labels: npt.ArrayLike, neighbours: int = 10
) -> float:
    """How often the nearest other points of a point, (n, dimensions), share its class: 0 to 1.

    Euclidean distance. Raises ValueError unless there are more points than `neighbours`.
    """
    labels = np.asarray(labels)
    nearest = NearestNeighbors(n_neighbors=neighbours).fit(points).kneighbors(return_distance=False)
    return float((labels[nearest] == labels[:, None]).mean())


def place_on_map(run: Run, request: MapRequest, image: Floats) -> tuple[float, float]:
    """Where an image (28, 28) belongs on the map: the median of its nearest points.

    Nearest by the features that were mapped, of the network that the map was made of. So openTSNE
    begins to place a new point (Policar, Strazar and Zupan 2019). Raises RunError if there is no
    such map, or that network is not kept.
    """
    stored = StoredMap(run, request)
    status = stored.status
    if status is None:
        raise RunError(f"run {run.id} has no map {request.key}")
    points = stored.read_points()
    mapped = _mapped_features(run.path, request, status.epoch)
    own = layer_features(run, request.layer, image, status.epoch)
    nearest = np.argsort(((mapped - own) ** 2).sum(axis=1), kind="stable")[:_NEIGHBOURS]
    x, y = points[["x", "y"]].iloc[nearest].median()
    return float(x), float(y)


@lru_cache(maxsize=2)
def _mapped_features(path: Path, request: MapRequest, epoch: int) -> Floats:
    """What was mapped, (n, units), in the order of the map's points."""
    run = Run(path)
    images = select_images(run.config, request).images
    return layer_features(run, request.layer, images, epoch)


def _threads() -> int:
    """Threads for t-SNE: one, unless the process was started with OMP_WAIT_POLICY=passive.

    OpenMP's threads else wait for each other by spinning, and on cores that a training keeps busy
    two take up to ten times as long as one.
    """
    passive = os.environ.get("OMP_WAIT_POLICY", "").lower() == "passive"
    return min(4, os.cpu_count() or 1) if passive else 1


def _predict(network: keras.Sequential, digits: DigitImages) -> pd.DataFrame:
    probabilities = layer_outputs(network, "output", digits.images)
    return pd.DataFrame(
        {
            "index": digits.indices,
            "true": digits.labels,
            "predicted": probabilities.argmax(axis=1),
            "confidence": probabilities.max(axis=1),
        }
    )


def _with_positions(points: pd.DataFrame, positions: Floats) -> pd.DataFrame:
    return points.assign(x=positions[:, 0], y=positions[:, 1])
