"""Whether B is really better than A: over the images of the test set, and over several seeds."""

from collections.abc import Mapping
from functools import partial
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import stats  # type: ignore[import-untyped]

SIGNIFICANCE_LEVEL = 0.05
"""A difference counts as real if chance alone would make it more seldom than this."""


class ImageComparison(NamedTuple):
    """Two networks on the same images: `compare_on_images`' result."""

    only_a: int
    """Images that A alone gets right."""
    only_b: int
    """Images that B alone gets right."""
    images: int
    difference: float
    """Accuracy of B less that of A, from -1 to 1; `low` to `high` is its interval."""
    low: float
    high: float
    p_value: float


class SeedComparison(NamedTuple):
    """Two configurations, trained from several seeds each: `compare_over_seeds`' result."""

    seeds_a: int
    seeds_b: int
    is_paired: bool
    """Whether the seeds that both have were compared one by one."""
    difference: float
    """Mean accuracy of B less that of A; `low` to `high` is its interval."""
    low: float | None
    high: float | None
    p_value: float | None
    """None, as the interval, where the accuracies do not vary at all: too few seeds to tell."""


def compare_on_images(
    right_a: npt.ArrayLike, right_b: npt.ArrayLike, confidence: float = 0.95
) -> ImageComparison:
    """McNemar's exact test of two networks' right answers, bool (n,), to the same images.

    Of the images that only one gets right, each is as likely A's as B's if they are equally good:
    a binomial test (McNemar 1947; Dietterich 1998, "Approximate Statistical Tests for Comparing
    Supervised Classification Learning Algorithms"). The interval is Clopper and Pearson's of that
    share, as a difference of accuracies: it leaves out 0 exactly if p < 1 - `confidence`. Raises
    ValueError if the two are not as long as each other, or empty.
    """
    a, b = np.asarray(right_a, bool), np.asarray(right_b, bool)
    if a.shape != b.shape or a.ndim != 1 or not len(a):
        raise ValueError(f"expected answers to the same images, not {a.shape} and {b.shape}")
    images = len(a)
    only_a, only_b = int((a & ~b).sum()), int((b & ~a).sum())
    differing = only_a + only_b
    if not differing:
        return ImageComparison(0, 0, images, 0.0, 0.0, 0.0, 1.0)
    test = stats.binomtest(only_b, differing)
    share = test.proportion_ci(confidence, method="exact")
    low, high = ((2 * end - 1) * differing / images for end in share)
    return ImageComparison(
        only_a, only_b, images, (only_b - only_a) / images, low, high, float(test.pvalue)
    )


def compare_over_seeds(a: Mapping[int, float], b: Mapping[int, float]) -> SeedComparison | None:
    """Student's t-test of accuracies by seed, from 0 to 1; None if there are too few seeds.

    Seeds that both have are compared one by one, for a seed decides the split, the first weights
    and the order of images; all others are then left out. With fewer than two such seeds, the two
    means are compared (Welch's test), which needs two seeds each.
    """
    shared = sorted(a.keys() & b.keys())
    if len(shared) > 1:
        first, second = ([accuracies[seed] for seed in shared] for accuracies in (a, b))
        varies = np.ptp(np.round(np.subtract(second, first), 9)) > 0
        test = stats.ttest_rel if varies else None
    elif len(a) > 1 and len(b) > 1:
        first, second = list(a.values()), list(b.values())
        varies = np.ptp(first) > 0 or np.ptp(second) > 0
        test = partial(stats.ttest_ind, equal_var=False) if varies else None
    else:
        return None
    difference = float(np.mean(second) - np.mean(first))
    counts = len(first), len(second), len(shared) > 1
    if test is None:
        return SeedComparison(*counts, difference, None, None, None)
    result = test(second, first)
    low, high = map(float, result.confidence_interval(0.95))
    return SeedComparison(*counts, difference, low, high, float(result.pvalue))
