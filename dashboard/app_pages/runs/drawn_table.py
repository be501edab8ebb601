"""What ticks and presses in the table of runs mean: the table may have been drawn anew since."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import streamlit as st

from core.runs.sweep_rows import SweepRow
from dashboard.session import linked

TABLE = "runs_table"
PRESS = "runs_trials"
"""The keys of the table, and of its column of buttons."""
_TABLES, _MAX_TABLES = "_tables", 5


@dataclass(frozen=True)
class DrawnTable:
    """A table as it was drawn."""

    ids: list[str]
    """Of each row the run's id, or the sweep's."""
    chosen: list[str]
    """The ids of the chosen runs in it, in the order in which they were chosen."""
    sweeps: Mapping[str, SweepRow]
    """By their ids, those of the rows that stand for sweeps."""

    @property
    def places(self) -> list[int]:
        """The rows with a tick: of chosen runs, and of sweeps of which all runs are chosen."""
        places = {row_id: place for place, row_id in enumerate(self.ids)}
        whole = (id_ for id_, row in self.sweeps.items() if {*row.runs} <= {*self.chosen})
        return [places[row_id] for row_id in [*self.chosen, *whole]]

    def runs_at(self, places: Sequence[int]) -> list[str]:
        """The ids of the runs that the rows stand for; of those beyond the last row none."""
        ids = [self.ids[place] for place in places if place < len(self.ids)]
        return [
            run for id_ in ids for run in (self.sweeps[id_].runs if id_ in self.sweeps else [id_])
        ]


def recent_tables(table: DrawnTable) -> list[DrawnTable]:
    """The tables that the browser may show: this one, and those drawn before it with the same runs
    chosen, the latest first.
    """
    before = [
        other
        for other in st.session_state.get(_TABLES, ())
        if {*other.chosen} == {*table.chosen} and other.ids != table.ids
    ]
    st.session_state[_TABLES] = [table, *before][:_MAX_TABLES]
    return list(st.session_state[_TABLES])


def choose(tables: Sequence[DrawnTable]) -> None:
    """Choose the runs of the selected rows, those that were already chosen first.

    The event may belong to an older one of the `tables`, the latest drawn, whose rows have moved
    since. Take the table whose selection differs least from it.
    """
    selected = st.session_state[TABLE].selection.rows
    table = min(tables, key=lambda one: len({*selected} ^ {*one.places}))
    before = table.places
    gone = {*table.runs_at([place for place in before if place not in selected])}
    added = table.runs_at([place for place in selected if place not in before])
    kept = [run_id for run_id in table.chosen if run_id not in gone]
    linked.choose_runs(list(dict.fromkeys([*kept, *added]))[: linked.MAX_RUNS])


def open_or_fold(tables: Sequence[DrawnTable]) -> None:
    """Show or fold the runs of the sweep whose row was pressed."""
    place = st.session_state[PRESS].row
    for table in tables:
        sweep = table.ids[place] if place < len(table.ids) else ""
        if sweep in table.sweeps and table.sweeps[sweep].is_foldable:
            opened = linked.OPENED_SWEEPS.read_ids() or []
            others = [one for one in opened if one != sweep]
            now = others if sweep in opened else [*opened, sweep]
            linked.OPENED_SWEEPS.choose_ids(now or None)
            return
