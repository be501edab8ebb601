import numpy as np
import pytest
from statsmodels.stats.proportion import proportion_confint

from core.analysis.ending import (
    COMMONEST_SHARE,
    Ending,
    is_chance,
    judge_ending,
)
from core.data import load_mnist


def test_chance_is_what_one_answer_to_every_image_gets_right() -> None:
    shares = np.bincount(load_mnist().y_test) / 10_000
    assert shares.max() == COMMONEST_SHARE
    assert all(is_chance(share) for share in shares)


def test_an_accuracy_within_chance_of_one_answer_is_chance() -> None:
    found = [right for right in range(1_000, 1_400) if is_chance(right / 10_000)]
    lows = {right: proportion_confint(right, 10_000, method="wilson")[0] for right in found}
    assert found == list(range(1_000, max(found) + 1))
    assert lows[max(found)] <= 0.1135
    assert proportion_confint(max(found) + 1, 10_000, method="wilson")[0] > 0.1135


@pytest.mark.parametrize(
    ("accuracy", "highest", "ending"),
    [
        (0.0974, 0.1009, Ending.NOTHING),
        (0.1135, 0.1135, Ending.NOTHING),
        (0.0974, 0.14, Ending.LOST),
        (0.1028, 0.9798, Ending.LOST),
        (0.937, 0.9798, Ending.HAD_BEEN_BETTER),
        (0.9798, 0.9798, Ending.GOOD),
        (0.9798, 0.937, Ending.GOOD),
        (0.2, 0.1, Ending.GOOD),
    ],
)
def test_how_a_run_ended(accuracy: float, highest: float, ending: Ending) -> None:
    assert judge_ending(accuracy, highest) is ending
    assert ending.is_at_chance == is_chance(accuracy)


@pytest.mark.parametrize("right", [1_500, 5_000, 9_000, 9_798, 9_990])
def test_a_run_had_been_better_if_the_two_intervals_do_not_meet(right: int) -> None:
    low = proportion_confint(right, 10_000, method="wilson")[0]
    for fewer in range(right - 300, right + 1):
        high = proportion_confint(fewer, 10_000, method="wilson")[1]
        expected = Ending.HAD_BEEN_BETTER if high < low else Ending.GOOD
        if not is_chance(fewer / 10_000):
            assert judge_ending(fewer / 10_000, right / 10_000) is expected
