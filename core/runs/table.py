"""Builds the table of all runs; searches, filters and sorts it."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import pandas as pd

from core.config import RunConfig, field_text, hyperparameters
from core.config.architecture import count_parameters
from core.runs.summary import Summary

FIELDS = list(RunConfig.model_fields)
_RESULTS = [
    "best_validation_accuracy",
    "best_epoch",
    "test_accuracy",
    "test_low",
    "test_high",
    "parameters",
    "seconds",
]
COLUMNS = [
    "pinned",
    "name",
    "owner",
    "state",
    "created",
    *FIELDS,
    *_RESULTS,
    "note",
]
"""The columns of `run_table`; accuracies are shares from 0 to 1, `created` is in UTC."""


def is_number(column: str) -> bool:
    """Whether a column of `run_table` holds numbers."""
    return column in _NUMBERS


def is_text(column: str) -> bool:
    """Whether a column of `run_table` holds texts."""
    return column not in _NUMBERS and column not in {"created", "pinned"}


_NUMBERS = {*(field.name for field in hyperparameters() if field.is_number), *_RESULTS}


def run_table(summaries: Iterable[Summary]) -> pd.DataFrame:
    """A row a run, in the order given, with its id as the index and COLUMNS.

    Numbers are float64, `pinned` is bool, the rest texts, such as "512-256" for the hidden layers
    and "on"; what is not known is an empty text, NaN or NaT.
    """
    rows = {summary.id: _row(summary) for summary in summaries}
    table = pd.DataFrame.from_dict(rows, orient="index", columns=COLUMNS)
    types = {"created": "datetime64[us, UTC]", "pinned": bool} | dict.fromkeys(_NUMBERS, float)
    return table.astype(types)


def search(table: pd.DataFrame, words: str) -> pd.DataFrame:
    """The rows of `run_table` in whose texts every one of the words occurs, in any case."""
    texts = [table[name] for name in COLUMNS if is_text(name) and name != "name"]
    lines = table["name"].str.cat([*texts, table.index.to_series()], sep="\n").str.lower()
    for word in words.lower().split():
        lines = lines[lines.str.contains(word, regex=False)]
    return table.loc[lines.index]


def within(
    table: pd.DataFrame, column: str, low: float | datetime | None, high: float | datetime | None
) -> pd.DataFrame:
    """The rows whose value, of a column of numbers or times, is from `low` to `high`, if given."""
    if low is not None:
        table = table[table[column] >= low]
    if high is not None:
        table = table[table[column] <= high]
    return table


def sort(table: pd.DataFrame, column: str, ascending: bool) -> pd.DataFrame:
    """The rows by a column, what is unknown last; equal ones as they were; pinned ones on top."""
    key = (lambda texts: texts.str.casefold()) if is_text(column) else None
    ordered = table.sort_values(column, ascending=ascending, kind="stable", key=key)
    return ordered.sort_values("pinned", ascending=False, kind="stable")


def varying_fields(configs: Iterable[RunConfig]) -> list[str]:
    """The hyperparameters in which the configurations differ, in RunConfig's order."""
    dumped = [config.model_dump() for config in configs]
    return [name for name in FIELDS if len({values[name] for values in dumped}) > 1]


def _row(summary: Summary) -> Mapping[str, Any]:
    row: dict[str, Any] = {name: None if name in _NUMBERS else "" for name in COLUMNS}
    row["created"] = None
    row |= vars(summary.results) | {
        "pinned": summary.label.pinned,
        "name": summary.name,
        "note": summary.label.note,
        "state": summary.status.state.value,
        "seconds": summary.status.seconds,
    }
    if record := summary.record:
        config = record.config
        row |= {
            field: value if field in _NUMBERS else field_text(value)
            for field, value in config.model_dump(mode="json").items()
        } | {
            "hidden": field_text(config.hidden) or "none",
            "owner": record.owner,
            "created": record.created,
            "parameters": count_parameters(config),
        }
    return {name: row[name] for name in COLUMNS}
