"""How far the maps of the same images agree on the distances between their islands."""

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pandas as pd
from scipy.spatial.distance import pdist  # type: ignore[import-untyped]
from scipy.stats import spearmanr  # type: ignore[import-untyped]

from core.data import Doubles


def correlate_islands(maps: Sequence[pd.DataFrame]) -> float:
    """Spearman's rank correlation, -1 to 1, of the distances between islands in two maps.

    An island is the median place of a true class. `maps` are two or more of the same images, as
    `FeatureMap.points`; of more than two, those two that agree least.
    """
    distances = [_island_distances(points) for points in maps]
    return min(float(spearmanr(a, b).statistic) for a, b in combinations(distances, 2))


def _island_distances(points: pd.DataFrame) -> Doubles:
    """Between each two classes, (pairs,)."""
    places = points.groupby("true")[["x", "y"]].median()
    distances: Doubles = pdist(places.to_numpy(np.float64))
    return distances
