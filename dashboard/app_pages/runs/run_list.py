"""The table of runs, in which the user chooses some."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from core.runs.summary import Summary
from core.runs.table import COLUMNS, FIELDS, Kind
from dashboard import text
from dashboard.session import linked

_KEY = "runs_table"
_TABLES, _MAX_TABLES = "_tables", 5
_MAX_ROWS, _HEIGHT = 14, 500
"""More rows than these are scrolled, in a table of this height in pixels."""
_FROZEN_WIDTHS = {"pinned": 65, "name": "medium"}
"""The columns that stay in sight when the others are scrolled, with their widths."""


def render_run_table(runs: list[Summary], rows: pd.DataFrame, fields: list[str]) -> list[Summary]:
    """Draw the rows of `run_table` with these hyperparameters; return those that are chosen.

    A chosen run that is not listed is left out: actions apply to what the user sees.
    """
    chosen = linked.chosen_runs()
    if rows.empty:
        st.info("No run is like this.", icon=":material/search_off:")
        return []
    ids = rows.index.to_list()
    places = [ids.index(run.id) for run in chosen if run.id in rows.index]
    st.session_state[_KEY] = {"selection": {"rows": places, "columns": [], "cells": []}}
    columns = _pick_columns(rows, fields)
    st.dataframe(
        rows[columns].apply(_show),
        key=_KEY,
        hide_index=True,
        height="content" if len(rows) <= _MAX_ROWS else _HEIGHT,
        placeholder=text.NO_VALUE,
        column_config={name: _describe(name) for name in columns},
        on_select=partial(_choose, _recent_tables(ids, places)),
        selection_mode="multi-row",
        alt="All runs",
    )
    by_id = {run.id: run for run in runs}
    return [by_id[ids[place]] for place in places]


def _recent_tables(ids: list[str], places: list[int]) -> list[tuple[list[str], list[int]]]:
    """The tables that the browser may show: this one, of `ids` with the runs at `places` chosen,
    and those drawn before it with the same runs chosen, the latest first.
    """
    chosen = {ids[place] for place in places}
    before = [
        (listed, marked)
        for listed, marked in st.session_state.get(_TABLES, ())
        if {listed[place] for place in marked} == chosen and listed != ids
    ]
    st.session_state[_TABLES] = [(ids, places), *before][:_MAX_TABLES]
    return list(st.session_state[_TABLES])


def _choose(tables: Sequence[tuple[list[str], list[int]]]) -> None:
    """Choose the selected rows, those that were already selected first.

    `tables` are the latest drawn tables: row ids and selected rows. The event may belong to an
    older one, whose rows have moved since. Take the table whose selection differs least from it.
    """
    selected = st.session_state[_KEY].selection.rows
    ids, before = min(tables, key=lambda table: len({*selected} ^ {*table[1]}))
    kept = [place for place in before if place in selected]
    added = [place for place in selected if place not in before and place < len(ids)]
    linked.choose_runs(ids[place] for place in [*kept, *added][: linked.MAX_RUNS])


def _pick_columns(rows: pd.DataFrame, fields: list[str]) -> list[str]:
    """The names of the columns to draw, in order."""
    names = [name for name in COLUMNS if name not in FIELDS]
    middle = names.index("created") + 1
    names[middle:middle] = fields
    empty = {name for name in ("pinned", "ending") if not rows[name].any()}
    return [name for name in names if name not in empty]


def _show(values: pd.Series) -> pd.Series:
    """A column's values as they are drawn: shares in percent, times as they are here."""
    match COLUMNS[str(values.name)].kind:
        case Kind.SHARE:
            return 100 * values
        case Kind.TIME:
            return values.dt.tz_convert(datetime.now().astimezone().tzinfo)
        case Kind.FLAG:
            return values.map({True: values.name, False: ""})
    return values


def _describe(name: str) -> Any:
    """How the browser draws a column."""
    column = COLUMNS[name]
    look: dict[str, Any] = {"label": column.title, "help": column.help}
    if name in _FROZEN_WIDTHS:
        look |= {"pinned": True, "width": _FROZEN_WIDTHS[name]}
    match column.kind:
        case Kind.TIME:
            return st.column_config.DatetimeColumn(**look, format="D MMM YYYY, HH:mm")
        case Kind.SHARE:
            return st.column_config.NumberColumn(**look, format=text.PERCENT_FORMAT)
        case Kind.NUMBER:
            return st.column_config.NumberColumn(**look, format=column.format)
    return st.column_config.TextColumn(**look)
