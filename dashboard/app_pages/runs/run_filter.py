"""Which runs the table lists: search, filters by any column, order, and the columns themselves."""

from datetime import datetime, time

import pandas as pd
import streamlit as st

from core.runs.status import State
from core.runs.summary import Summary
from core.runs.table import (
    COLUMNS,
    FIELDS,
    Kind,
    filter_range,
    run_table,
    search,
    sort,
    varying_fields,
)

_TITLES = {name: column.title for name, column in COLUMNS.items() if column.is_offered}


def pick_rows(runs: list[Summary]) -> pd.DataFrame:
    """Let the user search, filter and sort the runs; return their rows of `run_table`."""
    table = run_table(runs)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        words = st.text_input(
            "Search",
            key="runs_search",
            bind="query-params",
            max_chars=100,
            icon=":material/search:",
            placeholder="words in name, owner, state, note …",
            help="Lists the runs in whose texts all the words occur.",
        )
        filters = st.multiselect(
            "Filter by",
            list(_TITLES),
            format_func=_TITLES.__getitem__,
            key="runs_filters",
            bind="query-params",
            placeholder="any column",
            help="For each column that you choose a control appears to narrow the list by.",
        )
        column, ascending = _pick_order()
    rows = search(table, words)
    if filters:
        with st.container(horizontal=True, vertical_alignment="bottom"):
            for name in filters:
                rows = _filter(rows, name, table)
    return sort(rows, column, ascending)


def pick_fields(runs: list[Summary], rows: pd.DataFrame) -> list[str]:
    """Let the user choose the hyperparameters to show; by default those in which `rows` differ.

    `rows` are those of `run_table` that are listed.
    """
    chosen = st.multiselect(
        "Hyperparameters",
        FIELDS,
        format_func=_TITLES.__getitem__,
        key="runs_columns",
        bind="query-params",
        placeholder="those in which the listed runs differ",
        help="Which hyperparameters have a column.",
    )
    listed = (run.config for run in runs if run.id in rows.index)
    return chosen or varying_fields(filter(None, listed))


def pick_folding(runs: list[Summary]) -> bool:
    """Let the user say whether the runs of a sweep stand folded in one row, if there are any."""
    return any(run.trial for run in runs) and st.toggle(
        "Fold sweeps",
        True,
        key="runs_fold",
        bind="query-params",
        help="A row for each sweep, with its best run's values, and its runs only where you press "
        "or search for them. Off: a row for each run.",
    )


def _pick_order() -> tuple[str, bool]:
    column = st.selectbox(
        "Sort by",
        list(_TITLES),
        index=list(_TITLES).index("created"),
        format_func=_TITLES.__getitem__,
        key="runs_sort",
        bind="query-params",
        width=180,
        help="Pinned runs stay on top. A click on a column's head sorts too, for you alone: it is "
        "not in the link.",
    )
    ascending = st.toggle(
        "Ascending", key="runs_ascending", bind="query-params", help="The smallest first."
    )
    return column, ascending


def _filter(table: pd.DataFrame, name: str, everything: pd.DataFrame) -> pd.DataFrame:
    """Draw a column's filter; return the rows of `table` that pass. Options are `everything`'s."""
    column = COLUMNS[name]
    if column.kind is Kind.TEXT:
        key = f"runs_is_{name}"
        values = st.multiselect(
            column.title,
            _options(everything, name, key),
            key=key,
            bind="query-params",
            placeholder="any",
            width=260,
        )
        return table[table[name].isin(values)] if values else table
    if column.kind is not Kind.TIME:
        unit, scale = (", %", 100) if column.kind is Kind.SHARE else ("", 1)
        low, high = (
            st.number_input(
                f"{column.title} {side}{unit}",
                value=None,
                format="%g",
                key=f"runs_{side.replace(' ', '_')}_{name}",
                bind="query-params",
                placeholder="any",
                width=180,
            )
            for side in ("at least", "at most")
        )
        low, high = (None if end is None else end / scale for end in (low, high))
        return filter_range(table, name, low, high)
    return _filter_days(table, name)


def _options(table: pd.DataFrame, name: str, key: str) -> list[str]:
    """The column's texts and the chosen ones.

    Streamlit silently drops a choice that is no longer an option.
    """
    if name == "state":
        return [one.value for one in State]
    chosen = [*st.session_state.get(key, ()), *st.query_params.get_all(key)]
    return sorted({*table[name], *chosen}, key=str.casefold)


def _filter_days(table: pd.DataFrame, name: str) -> pd.DataFrame:
    first, last = (
        st.date_input(
            f"{COLUMNS[name].title}, {side}",
            value=None,
            key=f"runs_{side}_{name}",
            bind="query-params",
            width=180,
        )
        for side in ("from", "to")
    )
    start = datetime.combine(first, time.min).astimezone() if first else None
    end = datetime.combine(last, time.max).astimezone() if last else None
    return filter_range(table, name, start, end)
