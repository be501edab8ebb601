"""Whether a press of a button is one of its own, or the same click twice.

A second click waits while the page answers the first, so that the time between their callbacks is
as long as that takes on a busy server, and says nothing.
"""

import time
from collections.abc import Callable

_DOUBLE_CLICK_SECONDS = 1.0
_LONGEST_ANSWER_SECONDS = 10.0


class Presses:
    """The presses of one session's buttons that start work.

    A press counts as the one before it for as long as the page answers that, and for a second
    after. An answer whose end nobody reports is taken to last ten seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._is_answering = False
        self._until = -1.0
        """Until when another press is the same one."""

    def is_second(self) -> bool:
        """Take a press; say whether it is the one before it, come twice."""
        now = self._clock()
        is_second = now < self._until
        self._is_answering, self._until = True, now + _LONGEST_ANSWER_SECONDS
        return is_second

    def end_answer(self) -> None:
        """The page has been drawn to its end."""
        if self._is_answering:
            self._is_answering, self._until = False, self._clock() + _DOUBLE_CLICK_SECONDS
