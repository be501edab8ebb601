"""Orders waiting runs fairly between owners, and estimates when each starts."""

import heapq
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from core.runs import Run


def order_fairly(
    waiting: Iterable[Run], training: Iterable[Run], last_turns: Mapping[str, int]
) -> list[Run]:
    """`waiting`, oldest first, in the order in which the runs are to train.

    Each owner's first run comes before any owner's second; training runs count. Then comes the
    owner whose last turn is longest ago (`last_turns` numbers them), then the older run. So an
    owner with one run waits for at most one run of each other owner.
    """
    turns = Counter(run.record.owner for run in training)
    ranks: dict[str, tuple[int, int]] = {}
    found = list(waiting)
    for run in found:
        owner = run.record.owner
        ranks[run.id] = turns[owner], last_turns.get(owner, -1)
        turns[owner] += 1
    return sorted(found, key=lambda run: ranks[run.id])


def expected_waits(
    seconds_left: Sequence[float], durations: Sequence[float], slots: int
) -> list[float]:
    """Seconds until each of the waiting runs starts, in the order of their turns.

    `seconds_left` of the runs that train, `durations` in seconds of those that wait, `slots` where
    one run each can train (at least 1).
    """
    free = sorted([*seconds_left, *[0.0] * (max(slots, 1) - len(seconds_left))])
    while len(free) > max(slots, 1):  # more train than there are slots now: the last ends later
        heapq.heappop(free)
    waits = []
    for duration in durations:
        start = heapq.heappop(free)
        waits.append(start)
        heapq.heappush(free, start + duration)
    return waits
