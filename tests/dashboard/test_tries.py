"""The limit on tries, with a clock of the test's own."""

from dashboard.tries import Tries


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_few_tries_are_free_then_each_wait_is_twice_the_last() -> None:
    clock = Clock()
    tries = Tries(free=3, longest=10.0, clock=clock)
    waits = []
    for _ in range(9):
        waits.append(tries.wait("a"))
        clock.now += waits[-1]
        assert tries.wait("a") == 0
        tries.count_wrong("a")
    assert waits == [0, 0, 0, 1, 2, 4, 8, 10, 10]


def test_a_wait_runs_down() -> None:
    clock = Clock()
    tries = Tries(free=1, clock=clock)
    tries.count_wrong("a")
    tries.count_wrong("a")
    assert tries.wait("a") == 2.0
    clock.now += 1.5
    assert tries.wait("a") == 0.5


def test_others_do_not_wait_until_all_together_have_tried_too_often() -> None:
    tries = Tries(free=1, free_together=4, longest_together=3.0, clock=Clock())
    for key in "aab":
        tries.count_wrong(key)
    assert tries.wait("c") == 0
    tries.count_wrong("c")
    assert tries.wait("d") == 1.0
    for number in range(50):
        tries.count_wrong(str(number))
    assert tries.wait("d") == 3.0


def test_the_right_password_clears_the_count_and_so_does_an_hour() -> None:
    clock = Clock()
    tries = Tries(free=1, free_together=1000, clock=clock)
    for _ in range(4):
        tries.count_wrong("a")
        tries.count_wrong("b")
    assert tries.wait("a") == tries.wait("b") == 8.0
    tries.forget("a")
    assert tries.wait("a") == 0
    clock.now += 3601
    tries.count_wrong("b")
    assert tries.wait("b") == 1.0


def test_ten_thousand_addresses_are_remembered_and_no_more() -> None:
    tries = Tries(free=1, free_together=10**9, most_keys=3, clock=Clock())
    for key in "abcd":
        tries.count_wrong(key)
    assert [tries.wait(key) for key in "abcd"] == [0, 1, 1, 1]
