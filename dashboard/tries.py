"""A limit on tries at a password: after a few wrong ones each costs a wait that doubles."""

import time
from collections.abc import Callable
from dataclasses import dataclass

_FORGET_SECONDS = 3600.0


@dataclass
class _Record:
    wrong: int = 0
    last: float = 0.0


class Tries:
    """Counts wrong tries by key, and all together.

    A key's first `free` wrong tries cost nothing; then 1 s, 2 s, 4 s … up to `longest`. All keys
    together have `free_together` and wait at most `longest_together`: less, since whoever guesses
    from many places makes everyone wait. An hour without a wrong try clears the count.
    """

    def __init__(
        self,
        free: int = 5,
        longest: float = 300.0,
        free_together: int = 100,
        longest_together: float = 5.0,
        most_keys: int = 10_000,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._limits = free, longest
        self._limits_together = free_together, longest_together
        self._most_keys = most_keys
        self._clock = clock
        self._records: dict[str, _Record] = {}
        self._together = _Record()

    def wait(self, key: str) -> float:
        """Seconds until `key` may try again; 0 if it may now."""
        record = self._records.get(key, _Record())
        return max(
            self._left(record, *self._limits), self._left(self._together, *self._limits_together)
        )

    def count_wrong(self, key: str) -> None:
        """Take note of a wrong try of `key`."""
        record = self._records.pop(key, _Record())
        if len(self._records) >= self._most_keys:  # the one whose last try is longest ago
            del self._records[next(iter(self._records))]
        self._records[key] = record
        for counted in (record, self._together):
            if self._is_forgotten(counted):
                counted.wrong = 0
            counted.wrong += 1
            counted.last = self._clock()

    def forget(self, key: str) -> None:
        """Clear the count of `key`, which gave the right password."""
        self._records.pop(key, None)

    def _left(self, record: _Record, free: int, longest: float) -> float:
        if record.wrong < free or self._is_forgotten(record):
            return 0.0
        wait = min(2.0 ** min(record.wrong - free, 60), longest)
        return max(record.last + wait - self._clock(), 0.0)

    def _is_forgotten(self, record: _Record) -> bool:
        return self._clock() - record.last > _FORGET_SECONDS
