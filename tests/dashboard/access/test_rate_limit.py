"""The limit on wrong passwords, with a clock of the test's own."""

import pytest

from dashboard.access.rate_limit import RateLimit


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_some_tries_are_free_then_one_every_so_often(clock: Clock) -> None:
    limit = RateLimit(free=3, seconds=10.0, clock=clock)
    waits = []
    for _ in range(6):
        waits.append(limit.wait("a"))
        clock.now += waits[-1]
        assert limit.wait("a") == pytest.approx(0)
        limit.count_wrong("a")
    assert waits == pytest.approx([0, 0, 0, 10, 10, 10])
    assert limit.wait("b") == 0


def test_a_wait_runs_down_and_tries_come_back_with_time(clock: Clock) -> None:
    limit = RateLimit(free=3, seconds=10.0, clock=clock)
    for _ in range(3):
        limit.count_wrong("a")
    clock.now += 4
    assert limit.wait("a") == pytest.approx(6)
    clock.now += 16  # two are forgiven, so two more may be wrong
    for _ in range(2):
        assert limit.wait("a") == 0
        limit.count_wrong("a")
    assert limit.wait("a") == pytest.approx(10)


def test_a_class_that_mistypes_at_once_behind_one_address_does_not_wait(clock: Clock) -> None:
    limit = RateLimit(clock=clock)
    for _ in range(30):
        assert limit.wait("the school's address") == 0
        limit.count_wrong("the school's address")
    assert limit.wait("the school's address") == 0


def test_a_day_of_guessing_from_one_address(clock: Clock) -> None:
    limit, count = RateLimit(clock=clock), 0
    while clock.now < 1000 + 86_400:
        if wait := limit.wait("a"):
            clock.now += wait
        else:
            limit.count_wrong("a")
            count += 1
    assert count == pytest.approx(1500, abs=2)


def test_addresses_that_are_forgiven_are_forgotten_and_others_are_not(clock: Clock) -> None:
    limit = RateLimit(free=1, seconds=10.0, clock=clock)
    for number in range(1_500):
        limit.count_wrong(f"early {number}")
    clock.now += 5
    for number in range(600):
        limit.count_wrong(f"late {number}")
    assert limit.wait("early 0") == pytest.approx(5)
    assert limit.wait("late 0") == pytest.approx(10)
    clock.now += 6
    for number in range(3_000):
        limit.count_wrong(f"new {number}")
    assert limit.wait("early 0") == 0
    assert limit.wait("late 0") == pytest.approx(4)
    assert len(limit._forgiven_at) < 4_000
