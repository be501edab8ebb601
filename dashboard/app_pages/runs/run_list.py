"""The table of runs, in which the user chooses some; a sweep's stand folded in one row."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from core.runs.summary import Summary
from core.runs.sweep_rows import SweepRow, fold_sweeps
from core.runs.table import COLUMNS, FIELDS, Kind
from dashboard import text
from dashboard.app_pages.runs.drawn_table import (
    PRESS,
    TABLE,
    DrawnTable,
    choose,
    open_or_fold,
    recent_tables,
)
from dashboard.session import linked
from dashboard.session.trials import SweepHead, find_best_runs, sweep_heads

_TRIALS = "trials"
_TRIALS_HELP = (
    "The runs of a sweep stand folded in one row, which has its best run's values. A press shows "
    "or folds them; a tick chooses them all. A search or filter that finds only some shows those."
)
_ONLY_IF_ANY = ("pinned", "findings", "parent", "drawings")
"""The columns that are drawn only if some run has something in them."""
_MAX_ROWS, _HEIGHT = 14, 500
"""More rows than these are scrolled, in a table of this height in pixels."""
_FROZEN_WIDTHS = {"pinned": 65, "name": "medium"}
"""The columns that stay in sight when the others are scrolled, with their widths."""


def render_run_table(
    runs: list[Summary], rows: pd.DataFrame, fields: list[str], folds: bool
) -> list[Summary]:
    """Draw the rows of `run_table` with these hyperparameters; return those that are chosen.

    A chosen run that is not listed is left out: actions apply to what the user sees. If it `folds`,
    the runs of a sweep have one row, unless it was opened.
    """
    chosen = [run.id for run in linked.chosen_runs() if run.id in rows.index]
    if rows.empty:
        st.info("No run is like this.", icon=":material/search_off:")
        return []
    sweeps: dict[str, SweepRow] = {}
    if folds:
        rows, sweeps = _fold(runs, rows, chosen)
    table = DrawnTable(rows.index.to_list(), chosen, sweeps)
    recent = recent_tables(table)
    st.session_state[TABLE] = {"selection": {"rows": table.places, "columns": [], "cells": []}}
    columns = _pick_columns(rows, fields)
    st.dataframe(
        rows[columns].apply(_show),
        key=TABLE,
        hide_index=True,
        height="content" if len(rows) <= _MAX_ROWS else _HEIGHT,
        placeholder=text.NO_VALUE,
        column_config={name: _describe(name, recent) for name in columns},
        on_select=partial(choose, recent),
        selection_mode="multi-row",
        alt="All runs",
    )
    by_id = {run.id: run for run in runs}
    return [by_id[run_id] for run_id in chosen]


def _fold(
    runs: list[Summary], rows: pd.DataFrame, chosen: list[str]
) -> tuple[pd.DataFrame, dict[str, SweepRow]]:
    """The rows with those of sweeps folded, and their names and trials as they are drawn."""
    trials = {run.id: run.trial for run in runs if run.trial}
    heads = sweep_heads()
    opened = linked.OPENED_SWEEPS.read_ids() or ()
    folded, sweeps = fold_sweeps(rows, trials, find_best_runs(trials, heads), opened, chosen)
    if not sweeps:
        return rows, {}
    names, presses = folded["name"].to_dict(), dict.fromkeys(folded.index, "")
    for sweep, row in sweeps.items():
        names |= {run_id: f"\u2003{names[run_id]}" for run_id in row.runs if run_id in names}
        names[sweep] = heads[sweep].name if sweep in heads else "a deleted sweep"
        presses[sweep] = _label_press(row, heads.get(sweep))
    shown = {"name": pd.Series(names), _TRIALS: pd.Series(presses)}
    return folded.assign(**shown), sweeps


def _label_press(row: SweepRow, head: SweepHead | None) -> str:
    if not row.is_foldable:
        return f"{row.trials} of {row.trials_in_all}"
    icon = "expand_more" if row.is_open else "chevron_right"
    label = f":material/{icon}: {text.number_of(row.trials, 'trial')}"
    return f"{label}, best #{head.best_trial}" if head and head.best_trial is not None else label


def _pick_columns(rows: pd.DataFrame, fields: list[str]) -> list[str]:
    """The names of the columns to draw, in order."""
    names = [name for name in COLUMNS if name not in FIELDS]
    middle = names.index("created") + 1
    names[middle:middle] = fields
    if _TRIALS in rows:
        names.insert(names.index("name") + 1, _TRIALS)
    empty = {name for name in _ONLY_IF_ANY if not rows[name].any()}
    return [name for name in names if name not in empty]


def _show(values: pd.Series) -> pd.Series:
    """A column's values as they are drawn: shares in percent, times as they are here."""
    if values.name == _TRIALS:
        return values
    match COLUMNS[str(values.name)].kind:
        case Kind.SHARE:
            return 100 * values
        case Kind.TIME:
            return values.dt.tz_convert(datetime.now().astimezone().tzinfo)
        case Kind.FLAG:
            return values.map({True: values.name, False: ""})
    return values


def _describe(name: str, tables: Sequence[DrawnTable]) -> Any:
    """How the browser draws a column, and what a press in it does."""
    if name == _TRIALS:
        return st.column_config.ButtonColumn(
            "Trials",
            help=_TRIALS_HELP,
            type="tertiary",
            key=PRESS,
            on_click=open_or_fold,
            args=(tables,),
        )
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
