"""A limit on wrong passwords: some may come at once, after that one at a time."""

import time
from collections.abc import Callable

_KEPT = 1_000  # addresses that may be kept though they are forgiven


class RateLimit:
    """Counts the wrong tries of each address.

    `free` wrong tries may come at once: a whole class may share an address, and mistype together.
    One is forgiven every `seconds`. A right password forgives none; otherwise a student could pay
    with the class's password for guesses at the teacher's.
    """

    def __init__(
        self, free: int = 60, seconds: float = 60.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._free, self._seconds, self._clock = free, seconds, clock
        self._forgiven_at: dict[str, float] = {}
        """When the last wrong try of each address is forgiven."""
        self._max_kept = _KEPT

    def wait(self, address: str) -> float:
        """Seconds until `address` may try again; 0 if it may now."""
        left = self._forgiven_at.get(address, 0.0) - self._clock()
        return max(left - (self._free - 1) * self._seconds, 0.0)

    def count_wrong(self, address: str) -> None:
        """Count a wrong try of `address`; now and then, forget the addresses that are forgiven."""
        now = self._clock()
        if len(self._forgiven_at) >= self._max_kept:
            left = {key: moment for key, moment in self._forgiven_at.items() if moment > now}
            self._forgiven_at, self._max_kept = left, max(2 * len(left), _KEPT)
        forgiven_at = max(self._forgiven_at.get(address, now), now)
        self._forgiven_at[address] = forgiven_at + self._seconds
