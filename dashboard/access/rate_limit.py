"""A limit on tries at a password: some wrong ones are free, after that one every so often."""

import time
from collections.abc import Callable
from dataclasses import dataclass

_FORGET_SECONDS = 3600.0


@dataclass
class _Count:
    """Wrong tries of late: one is forgiven `every` so many seconds, and `free` may stand."""

    free: int
    every: float
    wrong: float = 0.0
    last: float = 0.0

    def add(self, now: float) -> None:
        self.wrong, self.last = self._left(now) + 1, now

    def wait(self, now: float) -> float:
        return max(self._left(now) - (self.free - 1), 0.0) * self.every

    def _left(self, now: float) -> float:
        return max(self.wrong - (now - self.last) / self.every, 0.0)


class Tries:
    """Counts wrong tries by key, and all together.

    Only time forgives: a right password would otherwise pay for guesses at another one. `free` is
    ample, as a class that comes in at once through one address mistypes at once.

    All keys together have a count too, against guesses from many places. It holds up a key that
    has no wrong try of its own only if more than `most_keys` have one, all that are remembered.
    """

    def __init__(
        self,
        free: int = 60,
        every: float = 60.0,
        free_together: int = 100,
        every_together: float = 5.0,
        most_keys: int = 1_000,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._limits = free, every
        self._most_keys = most_keys
        self._clock = clock
        self._counts: dict[str, _Count] = {}  # the one whose last wrong try is longest ago first
        self._together = _Count(free_together, every_together)

    def wait(self, key: str) -> float:
        """Seconds until `key` may try again; 0 if it may now."""
        self._forget()
        now, count = self._clock(), self._counts.get(key)
        if count is None:
            is_crowded = len(self._counts) >= self._most_keys
            return self._together.wait(now) if is_crowded else 0.0
        return max(count.wait(now), self._together.wait(now))

    def count_wrong(self, key: str) -> None:
        """Take note of a wrong try of `key`."""
        self._forget()
        count = self._counts.pop(key, None) or _Count(*self._limits)
        if len(self._counts) >= self._most_keys:
            del self._counts[next(iter(self._counts))]
        self._counts[key] = count
        for counted in (count, self._together):
            counted.add(self._clock())

    def _forget(self) -> None:
        """Drop the keys without a wrong try in the last hour."""
        before = self._clock() - _FORGET_SECONDS
        for key in [key for key, count in self._counts.items() if count.last < before]:
            del self._counts[key]
