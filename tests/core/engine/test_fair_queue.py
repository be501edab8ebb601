from collections.abc import Sequence

import pytest

from core.config import RunConfig
from core.engine.fair_queue import expected_waits, order_fairly
from core.runs import Run, RunStore


def create(store: RunStore, owners: str) -> list[Run]:
    return [store.create(RunConfig(), owner=owner) for owner in owners]


@pytest.mark.parametrize(
    ("waiting", "training", "last", "order"),
    [
        ("AAAB", "", "", "A1 B1 A2 A3"),
        ("AAAB", "A", "A", "B1 A1 A2 A3"),
        ("AAAB", "", "A", "B1 A1 A2 A3"),  # the one that trained has just ended
        ("AABBC", "B", "B", "A1 C1 A2 B1 B2"),
        ("AB", "AA", "A", "B1 A1"),
        ("ABC", "", "", "A1 B1 C1"),
        ("ABC", "", "BA", "C1 B1 A1"),
        ("", "A", "A", ""),
    ],
)
def test_turns(store: RunStore, waiting: str, training: str, last: str, order: str) -> None:
    runs = create(store, waiting)
    names = {
        run.id: f"{run.record.owner}{waiting[: i + 1].count(waiting[i])}"
        for i, run in enumerate(runs)
    }
    last_turns = {owner: turn for turn, owner in enumerate(last)}
    turns = order_fairly(runs, create(store, training), last_turns)
    assert " ".join(names[run.id] for run in turns) == order


@pytest.mark.parametrize(
    ("left", "durations", "slots", "waits"),
    [
        ([10], [5, 7, 2], 1, [10, 15, 22]),
        ([], [5, 7], 1, [0, 5]),
        ([10, 4], [5, 7, 2], 2, [4, 9, 10]),
        ([10, 4], [5], 1, [10]),  # a worker has left: only one of the two goes on
        ([3], [5, 1], 0, [3, 8]),
        ([3], [], 2, []),
    ],
)
def test_expected_waits(
    left: Sequence[float], durations: Sequence[float], slots: int, waits: Sequence[float]
) -> None:
    assert expected_waits(left, durations, slots) == waits
