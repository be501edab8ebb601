"""Where an image that is on no map belongs on one that a run keeps."""

from functools import lru_cache
from pathlib import Path

import numpy as np

from core.data import Floats
from core.maps.request import MapRequest, select_images
from core.maps.store import StoredMap
from core.network.load import layer_features
from core.runs import Run
from core.runs.errors import RunError

_NEIGHBOURS = 15  # openTSNE's for its usual perplexity of 5


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
