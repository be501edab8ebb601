"""How a run ended: whether it learned anything, and whether it had been better before."""

from enum import StrEnum

from core.analysis.metrics import wilson_interval
from core.config import TEST_SET

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
    return _interval(accuracy)[0] <= COMMONEST_SHARE


def judge_ending(accuracy: float, highest: float) -> Ending:
    """How a run ended whose network has the test accuracy `accuracy`, 0 to 1.

    `highest` is the test accuracy after the epoch in which its validation accuracy was highest. The
    run had been better if the 95 % intervals of the two do not meet.
    """
    if is_chance(accuracy):
        return Ending.NOTHING if is_chance(highest) else Ending.LOST
    high = _interval(accuracy)[1]
    had_been_better = high < highest and high < _interval(highest)[0]  # the first saves the second
    return Ending.HAD_BEEN_BETTER if had_been_better else Ending.GOOD


def describe_ending(
    ending: Ending, accuracy: float, highest: float, highest_epoch: int, learning_rate: float
) -> str:
    """An ending that is not good in plain sentences, with what to try; "" for a good one.

    `highest_epoch` is the epoch after which the test accuracy was `highest`, `learning_rate` what
    the run began with.
    """
    now, before = _percent(accuracy), _percent(highest)
    match ending:
        case Ending.NOTHING:
            return (
                f"It learned nothing: it gets {now} of the test images right, no more than one "
                "answer to all of them would. The usual reason is a learning rate far too large or "
                f"far too small (here {learning_rate:g}), or too strong a regularisation."
            )
        case Ending.LOST:
            return (
                f"It lost what it had learned: it gets {now} of the test images right, no more "
                f"than one answer to all of them would; after epoch {highest_epoch} it was "
                f"{before}. The usual reason is too large a learning rate (here "
                f"{learning_rate:g})."
            )
        case Ending.HAD_BEEN_BETTER:
            return (
                f"It had been better: it gets {now} of the test images right; after epoch "
                f"{highest_epoch}, when its validation accuracy was highest, it was {before}."
            )
    return ""


def _interval(accuracy: float) -> tuple[float, float]:
    return wilson_interval(round(accuracy * TEST_SET), TEST_SET)


def _percent(share: float) -> str:
    return f"{100 * share:.2f} %"
