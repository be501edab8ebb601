"""How often what is live is drawn again: the less often, the more people watch.

One drawing takes the server some 25 ms of its one thread of Python. Thirty browsers at two and a
half drawings a second would want two such threads, and all would wait; so they share less than
half of it, and one alone has it live.
"""

import math
import secrets
import time
from collections.abc import Callable

import streamlit as st

_FASTEST = 0.4  # seconds between two drawings, unless another is asked for
_STEP = 1.6  # from one rate to the next, so that it seldom changes
_DRAWING_SECONDS = 0.025
_SHARE = 0.4  # of one core, for all drawings together


class RefreshRate:
    """Counts the watchers, and says how long they should wait between two drawings."""

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, fastest: float = _FASTEST
    ) -> None:
        self._clock = clock
        self._fastest = fastest
        self._due: dict[str, float] = {}  # when each watcher should have been seen again, at last

    def seconds(self, watcher: str) -> float:
        """Seconds until `watcher` should draw again: `fastest` times a power of 1.6 that grows with
        the number of watchers.
        """
        now = self._clock()
        self._due = {name: due for name, due in self._due.items() if due > now} | {watcher: now}
        needed = len(self._due) * _DRAWING_SECONDS / _SHARE
        step = max(math.ceil(math.log(needed / self._fastest, _STEP)), 0)
        seconds = self._fastest * _STEP**step
        self._due[watcher] = now + 3 * seconds + 2
        return seconds

    def has_changed(self, current: float, watcher: str) -> bool:
        """Whether `watcher`, who draws every `current` seconds, should draw at another rate.

        Slower at once; quicker only when it would be much quicker.
        """
        wanted = self.seconds(watcher)
        return wanted > current or wanted < current / _STEP**1.5


def draw_live(draw: Callable[[float], object], rate: RefreshRate) -> None:
    """Draw, as a fragment of its own, and again as often as `rate` lets this session.

    `draw` is given the seconds between two drawings.
    """
    watcher = str(st.session_state.setdefault("_watcher", secrets.token_hex(8)))
    every = rate.seconds(watcher)

    def draw_again() -> None:
        if rate.has_changed(every, watcher):
            st.rerun()  # which sets another timer
        draw(every)

    st.fragment(draw_again, run_every=every)()
