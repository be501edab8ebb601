"""The limit on tries, with a clock of the test's own."""

import pytest

from dashboard.access.rate_limit import Tries


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_some_tries_are_free_then_one_every_so_often(clock: Clock) -> None:
    tries = Tries(free=3, every=10.0, clock=clock)
    waits = []
    for _ in range(6):
        waits.append(tries.wait("a"))
        clock.now += waits[-1]
        assert tries.wait("a") == pytest.approx(0)
        tries.count_wrong("a")
    assert waits == pytest.approx([0, 0, 0, 10, 10, 10])


def test_a_wait_runs_down_and_tries_come_back_with_time(clock: Clock) -> None:
    tries = Tries(free=3, every=10.0, clock=clock)
    for _ in range(3):
        tries.count_wrong("a")
    clock.now += 4
    assert tries.wait("a") == pytest.approx(6)
    clock.now += 16  # two are forgiven, so two more may be wrong
    for _ in range(2):
        assert tries.wait("a") == 0
        tries.count_wrong("a")
    assert tries.wait("a") == pytest.approx(10)


def test_a_class_that_mistypes_at_once_behind_one_address_does_not_wait(clock: Clock) -> None:
    tries = Tries(clock=clock)
    for _ in range(30):
        assert tries.wait("the school's address") == 0
        tries.count_wrong("the school's address")
    assert tries.wait("the school's address") == 0


def test_a_day_of_guessing_from_one_address(clock: Clock) -> None:
    tries, count = Tries(clock=clock), 0
    while clock.now < 1000 + 86_400:
        if wait := tries.wait("a"):
            clock.now += wait
        else:
            tries.count_wrong("a")
            count += 1
    assert count == pytest.approx(1500, abs=2)


def test_all_together_hold_up_only_those_with_a_wrong_try(clock: Clock) -> None:
    tries = Tries(free_together=4, every_together=3.0, clock=clock)
    for key in "aabc":
        assert tries.wait(key) == 0
        tries.count_wrong(key)
    assert [tries.wait(key) for key in "abc"] == pytest.approx([3, 3, 3])
    assert tries.wait("d") == 0
    tries.count_wrong("d")
    assert tries.wait("d") == pytest.approx(6)


def test_guesses_from_more_places_than_are_remembered_hold_up_everyone(clock: Clock) -> None:
    tries = Tries(free_together=1, every_together=3.0, most_keys=5, clock=clock)
    for number in range(4):
        tries.count_wrong(str(number))
    assert tries.wait("newcomer") == 0
    guesses = 0
    for number in range(4, 2000):
        if not tries.wait(str(number)):
            tries.count_wrong(str(number))
            guesses += 1
        clock.now += 1
    assert guesses == pytest.approx(2000 / 3, abs=10)
    clock.now += 3601
    assert tries.wait("newcomer") == 0


def test_an_hour_without_a_wrong_try_clears_the_count(clock: Clock) -> None:
    tries = Tries(free=1, every=10_000.0, clock=clock)
    tries.count_wrong("a")
    assert tries.wait("a") > 0
    clock.now += 3601
    assert tries.wait("a") == 0
