"""A double click is one press, however long the page takes to answer it."""

import pytest

from dashboard.presses import Presses


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_presses_with_a_moment_between_them_all_count(clock: Clock) -> None:
    presses = Presses(clock)
    for _ in range(3):
        assert not presses.is_second()
        clock.now += 0.2
        presses.end_answer()
        clock.now += 1.1


def test_a_press_while_a_slow_page_answers_the_first_is_the_same(clock: Clock) -> None:
    presses = Presses(clock)
    assert not presses.is_second()
    clock.now += 4.0
    assert presses.is_second()
    clock.now += 4.0
    assert presses.is_second()


def test_a_press_just_after_a_slow_answer_is_the_same(clock: Clock) -> None:
    presses = Presses(clock)
    assert not presses.is_second()
    clock.now += 7.0
    presses.end_answer()
    clock.now += 0.9
    assert presses.is_second()


def test_only_the_answer_to_a_press_is_waited_for(clock: Clock) -> None:
    """Pages end all the time, as a live panel is drawn anew: that keeps no button from working."""
    presses = Presses(clock)
    presses.end_answer()
    assert not presses.is_second()
    presses.end_answer()
    clock.now += 0.6
    presses.end_answer()
    clock.now += 0.6
    assert not presses.is_second()


def test_an_answer_that_never_ends_is_given_up(clock: Clock) -> None:
    presses = Presses(clock)
    assert not presses.is_second()
    clock.now += 10.1
    assert not presses.is_second()
