import pytest

from dashboard.session.live_refresh import RefreshRate


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(
    ("watchers", "seconds"), [(1, 0.4), (6, 0.4), (7, 0.64), (30, 2.62144), (100, 6.7108864)]
)
def test_the_more_watch_the_slower(watchers: int, seconds: float) -> None:
    """Together they draw at most 16 times a second, at 25 ms each 0.4 of a core."""
    pace = RefreshRate(Clock())
    last = [pace.seconds(f"watcher {number}") for number in range(watchers)][-1]
    assert last == pytest.approx(seconds)
    assert watchers / last <= 16


def test_one_may_ask_for_a_slower_pace() -> None:
    pace = RefreshRate(Clock(), fastest=1.0)
    assert pace.seconds("first") == 1.0
    assert not pace.has_changed(1.0, "first")
    last = [pace.seconds(f"watcher {number}") for number in range(30)][-1]
    assert last == pytest.approx(1.6**2)


def test_watchers_who_left_are_forgotten() -> None:
    clock = Clock()
    pace = RefreshRate(clock)
    for number in range(30):
        pace.seconds(f"watcher {number}")
    clock.now = 60.0
    assert pace.seconds("another") == 0.4


def test_pace_changes_when_the_class_comes_and_when_it_leaves() -> None:
    clock = Clock()
    pace = RefreshRate(clock)
    assert not pace.has_changed(0.4, "first")
    slow = [pace.seconds(f"watcher {number}") for number in range(30)][-1]
    assert pace.has_changed(0.4, "first")
    assert not pace.has_changed(slow, "first")
    assert not pace.has_changed(slow * 1.6, "first")  # a little too slow is no reason
    clock.now = 60.0
    assert pace.has_changed(slow, "first")
