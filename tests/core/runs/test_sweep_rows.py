"""The runs of sweeps in the table of runs: folded in a row, shown, counted."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest

from core.runs.status import Trial
from core.runs.sweep_rows import SweepRow, fold_sweeps
from core.runs.table import COLUMNS, run_table, sort

TRIALS = {
    "a2": Trial(sweep="A", number=2),
    "a1": Trial(sweep="A", number=1),
    "a0": Trial(sweep="A", number=0),
    "b0-second": Trial(sweep="B", number=0, seed=1),
    "b0-first": Trial(sweep="B", number=0),
}


@pytest.fixture
def rows() -> pd.DataFrame:
    """Seven runs, newest first: three of sweep A, two of B, and one by itself before each."""
    ids = ["alone-2", "a2", "a1", "alone-1", "b0-second", "a0", "b0-first"]
    empty = run_table([])
    table = pd.DataFrame(index=ids, columns=empty.columns)
    table = table.assign(
        name=ids,
        pinned=False,
        state="finished",
        note="my note",
        created=pd.date_range("2026-01-07", periods=7, freq="-1D", tz="UTC"),
        seconds=np.arange(7.0),
        highest_validation_accuracy=[0.5, 0.91, 0.93, 0.5, 0.8, 0.92, np.nan],
    )
    return table.astype(empty.dtypes)


def order(
    rows: pd.DataFrame, opened: Sequence[str] = (), in_sight: Sequence[str] = ()
) -> list[str]:
    return list(fold_sweeps(rows, TRIALS, {}, opened, in_sight)[0].index)


def test_a_sweep_has_one_row_where_its_first_run_would_stand(rows: pd.DataFrame) -> None:
    assert order(rows) == ["alone-2", "A", "alone-1", "B"]
    assert order(sort(rows, "created", True)) == ["B", "A", "alone-1", "alone-2"]
    best_first = sort(rows, "highest_validation_accuracy", False)
    assert order(best_first, opened=["A"]) == ["A", "a1", "a0", "a2", "B", "alone-2", "alone-1"]


def test_what_is_opened_or_chosen_is_shown(rows: pd.DataFrame) -> None:
    assert order(rows, opened=["B"]) == ["alone-2", "A", "alone-1", "B", "b0-second", "b0-first"]
    assert order(rows, in_sight=["a1", "alone-1"]) == ["alone-2", "A", "a1", "alone-1", "B"]


def test_of_a_sweep_that_is_found_in_part_that_part_is_shown(rows: pd.DataFrame) -> None:
    found = rows.loc[["a2", "a0", "b0-first", "b0-second"]]
    folded, sweeps = fold_sweeps(found, TRIALS, {})
    assert list(folded.index) == ["A", "a2", "a0", "B"]
    assert sweeps == {
        "A": SweepRow(("a2", "a0"), 2, 3, is_open=True, is_foldable=False),
        "B": SweepRow(("b0-first", "b0-second"), 1, 1, is_open=False, is_foldable=True),
    }


def test_a_sweeps_row_has_its_best_runs_values(rows: pd.DataFrame) -> None:
    folded, _ = fold_sweeps(rows, TRIALS, {"A": "a0", "B": "deleted"})
    assert list(folded.columns) == list(COLUMNS)
    pd.testing.assert_series_equal(folded.dtypes, rows.dtypes)
    assert folded.loc["A", "highest_validation_accuracy"] == 0.92  # as the sweep judges it
    assert folded.loc["B", "highest_validation_accuracy"] == 0.8  # the best that is left
    assert folded.loc["A", "created"] == rows.loc["a2", "created"]
    assert folded.loc["A", "seconds"] == 1 + 2 + 5
    assert folded.loc["A", "state"] == "finished"
    assert folded.loc["A", "note"] == ""


def test_states_that_differ_are_counted(rows: pd.DataFrame) -> None:
    rows.loc[["a0", "a1"], "state"] = "queued"
    assert fold_sweeps(rows, TRIALS, {})[0].loc["A", "state"] == "2 queued, 1 finished"


def test_pinned_runs_stand_by_themselves(rows: pd.DataFrame) -> None:
    rows.loc["a1", "pinned"] = True
    folded, sweeps = fold_sweeps(sort(rows, "created", False), TRIALS, {"A": "a1"})
    assert list(folded.index) == ["a1", "alone-2", "A", "alone-1", "B"]
    assert (sweeps["A"].runs, sweeps["A"].trials, sweeps["A"].is_foldable) == (
        ("a2", "a0"),
        3,
        True,
    )
    assert not folded.loc["A", "pinned"]
    assert folded.loc["A", "highest_validation_accuracy"] == 0.93


def test_without_sweeps_the_rows_stay_as_they_are(rows: pd.DataFrame) -> None:
    folded, sweeps = fold_sweeps(rows, {}, {})
    assert folded is rows
    assert sweeps == {}
    assert fold_sweeps(rows.iloc[:0], TRIALS, {})[1] == {}
