"""The table of runs, in which the reader chooses some."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from core.config import RunConfig
from core.runs.summary import Summary
from dashboard.app_pages.runs.run_filter import TITLES
from dashboard.session import linked, state

_KEY = "runs_table"
_MOST_ROWS, _HEIGHT = 14, 500
"""More rows than these are scrolled, in a table of so many pixels."""


def pick_runs(runs: list[Summary], rows: pd.DataFrame, fields: list[str]) -> list[Summary]:
    """Draw the rows of `run_table` with these hyperparameters; return those that are chosen.

    A run that is chosen but not listed no longer counts: what is done is done to what one sees.
    """
    chosen = linked.chosen_runs()
    if rows.empty:
        st.info("No run is like this.", icon=":material/search_off:")
        return []
    ids = rows.index.to_list()
    places = [ids.index(run.id) for run in chosen if run.id in rows.index]
    st.session_state[_KEY] = {"selection": {"rows": places, "columns": [], "cells": []}}
    st.dataframe(
        _shown(rows, fields),
        key=_KEY,
        hide_index=True,
        height="content" if len(rows) <= _MOST_ROWS else _HEIGHT,
        placeholder="",
        column_config=_columns(fields),
        on_select=partial(_choose, state.drawn_tables(ids, places)),
        selection_mode="multi-row",
        alt="All runs",
    )
    by_id = {run.id: run for run in runs}
    return [by_id[ids[place]] for place in places]


def _choose(tables: Sequence[tuple[list[str], list[int]]]) -> None:
    """Choose the selected rows, those that were already selected first.

    Each of `tables` has the ids of its rows, and which of them were selected. A browser that has
    not drawn the latest yet speaks of an earlier one, in whatever it sends: rows that have moved
    since. It means the table from whose selection it differs least.
    """
    selected = st.session_state[_KEY].selection.rows
    ids, before = min(tables, key=lambda table: len({*selected} ^ {*table[1]}))
    kept = [place for place in before if place in selected]
    added = [place for place in selected if place not in before and place < len(ids)]
    linked.choose_runs(ids[place] for place in [*kept, *added][: linked.MAX_RUNS])


def _shown(table: pd.DataFrame, fields: list[str]) -> pd.DataFrame:
    """The table as it is drawn: accuracies in percent, times as they are here."""
    low, high = (100 * table[name] for name in ("test_low", "test_high"))
    interval = low.map("{:.2f}".format) + " to " + high.map("{:.2f}".format)
    shown = pd.DataFrame(
        {
            "pinned": table["pinned"].map({True: "pinned", False: ""}),
            "name": table["name"],
            "owner": table["owner"],
            "state": table["state"],
            "created": table["created"].dt.tz_convert(datetime.now().astimezone().tzinfo),
            **{name: table[name] for name in fields},
            "best_validation_accuracy": 100 * table["best_validation_accuracy"],
            "best_epoch": table["best_epoch"],
            "test_accuracy": 100 * table["test_accuracy"],
            "interval": interval.where(table["test_accuracy"].notna(), ""),
            "parameters": table["parameters"],
            "seconds": table["seconds"],
            "note": table["note"],
        }
    )
    return shown if table["pinned"].any() else shown.drop(columns="pinned")


def _columns(fields: list[str]) -> dict[str, Any]:
    number, text = st.column_config.NumberColumn, st.column_config.TextColumn
    return TITLES | {
        "pinned": text("Pin", width=65, pinned=True),
        "name": text("Name", width="medium", pinned=True),
        "created": st.column_config.DatetimeColumn("When", format="D MMM YYYY, HH:mm"),
        **{name: _field(name) for name in fields},
        "best_validation_accuracy": number(
            TITLES["best_validation_accuracy"],
            format="%.2f %%",
            help="The highest accuracy on the images held out, measured after each epoch.",
        ),
        "best_epoch": number("Best epoch", help="The first epoch with that accuracy."),
        "test_accuracy": number(
            "Test accuracy",
            format="%.2f %%",
            help="On the 10,000 test images, of the network as the run ended, or as it stands.",
        ),
        "interval": text(
            "95 % interval",
            help="How far chance in drawing the test images may move the test accuracy (Wilson's "
            "interval).",
        ),
        "parameters": number("Parameters", format="localized"),
        "seconds": number("Seconds", format="%.1f", help="Spent training, without pauses."),
    }


def _field(name: str) -> Any:
    """A hyperparameter's column, with what it does to learning on its head."""
    field = RunConfig.model_fields[name]
    return st.column_config.Column(field.title, help=field.description)
