"""Against statsmodels and, where that is none, a calculation by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.proportion import proportion_confint
from statsmodels.stats.weightstats import CompareMeans, DescrStatsW

from core.analysis.comparison import compare_on_images, compare_over_seeds


def answers(both: int, only_a: int, only_b: int, none: int) -> tuple[np.ndarray, np.ndarray]:
    """Right answers of A and B, in a mixed order."""
    a = np.repeat([True, True, False, False], [both, only_a, only_b, none])
    b = np.repeat([True, False, True, False], [both, only_a, only_b, none])
    order = np.random.default_rng(0).permutation(len(a))
    return a[order], b[order]


@pytest.mark.parametrize(
    "counts", [(9_700, 150, 139, 11), (9_700, 90, 199, 11), (90, 1, 9, 0), (5, 3, 0, 2)]
)
def test_on_images_as_statsmodels(counts: tuple[int, int, int, int]) -> None:
    both, only_a, only_b, none = counts
    found = compare_on_images(*answers(*counts))
    images = sum(counts)
    assert (found.only_a, found.only_b, found.images) == (only_a, only_b, images)
    assert found.difference == pytest.approx((only_b - only_a) / images)
    reference = mcnemar([[both, only_a], [only_b, none]], exact=True)
    assert found.p_value == pytest.approx(reference.pvalue)
    share = proportion_confint(only_b, only_a + only_b, method="beta")
    interval = [(2 * end - 1) * (only_a + only_b) / images for end in share]
    assert (found.low, found.high) == pytest.approx(interval)


def test_on_images_by_hand() -> None:
    """1 of 4 disputed images is A's: p = 2 (1 + 4) / 2^4."""
    assert compare_on_images(*answers(2, 1, 3, 0)).p_value == pytest.approx(10 / 16)


def test_on_images_that_are_answered_alike() -> None:
    assert compare_on_images(*answers(7, 0, 0, 3)) == (0, 0, 10, 0.0, 0.0, 0.0, 1.0)


@given(st.integers(0, 60), st.integers(0, 60))
def test_the_interval_leaves_out_zero_exactly_if_the_test_says_so(only_a: int, only_b: int) -> None:
    found = compare_on_images(*answers(100, only_a, only_b, 3))
    assert (found.low > 0 or found.high < 0) == (found.p_value < 0.05)


def test_exchanging_the_two_turns_the_sign() -> None:
    a, b = answers(900, 40, 70, 5)
    one, other = compare_on_images(a, b), compare_on_images(b, a)
    assert one.p_value == other.p_value
    turned = (-other.difference, -other.high, -other.low)
    assert (one.difference, one.low, one.high) == pytest.approx(turned)


@pytest.mark.parametrize(("a", "b"), [([True], [True, False]), ([], []), ([[True]], [[True]])])
def test_answers_to_different_images_are_refused(a: list, b: list) -> None:
    with pytest.raises(ValueError, match="the same images"):
        compare_on_images(a, b)


A = {0: 0.9805, 1: 0.9797, 2: 0.9812, 7: 0.9801}
B = {0: 0.9811, 1: 0.9809, 2: 0.9813, 9: 0.9790}


def test_shared_seeds_are_compared_one_by_one_as_statsmodels() -> None:
    found = compare_over_seeds(A, B)
    reference = DescrStatsW([B[seed] - A[seed] for seed in (0, 1, 2)])
    assert (found.seeds_a, found.seeds_b, found.is_paired) == (3, 3, True)
    assert found.difference == pytest.approx(reference.mean)
    assert found.p_value == pytest.approx(reference.ttest_mean()[1])
    assert (found.low, found.high) == pytest.approx(reference.tconfint_mean())


def test_different_seeds_are_compared_by_their_means_as_statsmodels() -> None:
    b = {seed + 100: accuracy for seed, accuracy in B.items()} | {0: 0.9811}
    found = compare_over_seeds(A, b)
    reference = CompareMeans(DescrStatsW(list(b.values())), DescrStatsW(list(A.values())))
    assert (found.seeds_a, found.seeds_b, found.is_paired) == (4, 5, False)
    assert found.p_value == pytest.approx(reference.ttest_ind(usevar="unequal")[1])
    assert (found.low, found.high) == pytest.approx(reference.tconfint_diff(usevar="unequal"))


@pytest.mark.parametrize(("a", "b"), [({}, {}), ({0: 0.9}, {0: 0.8}), ({0: 0.9, 1: 0.8}, {2: 0.7})])
def test_too_few_seeds_give_no_comparison(a: dict[int, float], b: dict[int, float]) -> None:
    assert compare_over_seeds(a, b) is None


@pytest.mark.parametrize(
    ("a", "b", "is_paired"),
    [({0: 0.9, 1: 0.91}, {0: 0.92, 1: 0.93}, True), ({0: 0.9, 1: 0.9}, {2: 0.8, 3: 0.8}, False)],
)
def test_accuracies_without_spread_give_no_p_value(
    a: dict[int, float], b: dict[int, float], is_paired: bool
) -> None:
    found = compare_over_seeds(a, b)
    assert (found.low, found.high, found.p_value) == (None, None, None)
    assert found.is_paired == is_paired
    assert found.difference == pytest.approx(np.mean([*b.values()]) - np.mean([*a.values()]))
