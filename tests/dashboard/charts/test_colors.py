from itertools import permutations

import pytest

from dashboard.charts.colors import RUN_COLORS, run_colors

# By their checksums the first and the last want the same colour.
RUNS = ["20260101-120000-000aaa", "20260102-120000-000aaa", "20260112-120000-000aaa"]


def test_the_same_runs_have_the_same_colours_in_any_order() -> None:
    colors = run_colors(RUNS)
    assert len(set(colors.values())) == 3
    assert all(run_colors(order) == colors for order in permutations(RUNS))


def test_a_newer_run_takes_no_colour_from_an_older() -> None:
    older = run_colors(RUNS[:2])
    assert older.items() <= run_colors(RUNS).items()


def test_runs_without_a_clash_keep_their_own_colours_alone_or_together() -> None:
    together = run_colors(RUNS[:2])
    assert together == run_colors(RUNS[:1]) | run_colors(RUNS[1:2])


def test_more_runs_than_colours_are_refused() -> None:
    ids = [f"run {number}" for number in range(len(RUN_COLORS) + 1)]
    assert set(run_colors(ids[:-1]).values()) == set(RUN_COLORS)
    with pytest.raises(ValueError, match=f"only {len(RUN_COLORS)} runs"):
        run_colors(ids)
