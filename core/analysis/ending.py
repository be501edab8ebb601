"""How a run ended: whether it learned anything, and whether it had been better before."""

from enum import StrEnum

from core.analysis.metrics import interval_on_test_set

COMMONEST_SHARE = 0.1135
"""The share of the commonest digit, 1, in the test set: what one answer to every image gets right.
"""


class Ending(StrEnum):
    """What is to be said of an ended run beside its state: nothing, if all is well."""

    GOOD = ""
    HAD_BEEN_BETTER = "had been better"
    LOST = "lost what it had learned"
    NOTHING = "learned nothing"

    @property
    def is_at_chance(self) -> bool:
        """Whether the network that the run ended with does no better than chance."""
        return self in {Ending.LOST, Ending.NOTHING}


def is_chance(accuracy: float) -> bool:
    """Whether a test accuracy, 0 to 1, may be that of one answer to every image.

    It may if its 95 % interval reaches down to COMMONEST_SHARE.
    """
    return interval_on_test_set(accuracy)[0] <= COMMONEST_SHARE


def judge_ending(accuracy: float, highest: float) -> Ending:
    """How a run ended whose network has the test accuracy `accuracy`, 0 to 1.

    `highest` is the test accuracy after the epoch in which its validation accuracy was highest. The
    run had been better if the 95 % intervals of the two do not meet.
    """
    if is_chance(accuracy):
        return Ending.NOTHING if is_chance(highest) else Ending.LOST
    high = interval_on_test_set(accuracy)[1]
    had_been_better = (
        high < highest and high < interval_on_test_set(highest)[0]
    )  # the first saves the second
    return Ending.HAD_BEEN_BETTER if had_been_better else Ending.GOOD
