"""Builds the table of all runs; searches, filters and sorts it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from typing import Any

import pandas as pd

from core.analysis.diagnosis import Severity
from core.analysis.histories import BEST_EPOCH
from core.config import Hyperparameter, RunConfig, field_text, hyperparameters
from core.config.architecture import count_parameters
from core.runs.status import LearnedDrawings
from core.runs.summary import Summary

FIELDS = list(RunConfig.model_fields)


class Kind(Enum):
    """What a column holds. What is not known is an empty text, None, NaN or NaT."""

    TEXT = auto()
    NUMBER = auto()
    SHARE = auto()
    """A number from 0 to 1, shown in percent."""
    TIME = auto()
    """In UTC."""
    FLAG = auto()


@dataclass(frozen=True)
class RunColumn:
    """A column of the table: its heading, the value that it has of a run, and how that is shown."""

    title: str
    read: Callable[[Summary], Any]
    kind: Kind = Kind.TEXT
    help: str | None = None
    format: str | None = None
    """Of a number, as Streamlit's column takes it."""
    is_offered: bool = True
    """Whether runs are searched, filtered and sorted by it."""


def _read_field(field: Hyperparameter) -> RunColumn:
    def read(run: Summary) -> Any:
        if run.config is None:
            return None if field.is_number else ""
        value = getattr(run.config, field.name)
        return value if field.is_number else field_text(value) or "none"

    kind = Kind.NUMBER if field.is_number else Kind.TEXT
    return RunColumn(field.title, read, kind, field.description)


def _read_interval(run: Summary) -> str | None:
    low, high = run.results.test_low, run.results.test_high
    return None if low is None or high is None else f"{100 * low:.2f} to {100 * high:.2f} %"


def describe_drawings(drawings: LearnedDrawings | None) -> str:
    """Such as "12 of Ada's, 25 % of an epoch"; "" for none."""
    if drawings is None:
        return ""
    whose = f"of {drawings.owner}'s" if drawings.owner else "of everybody's"
    return f"{drawings.count} {whose}, {100 * drawings.share:.0f} % of an epoch"


COLUMNS = {
    "pinned": RunColumn("Pin", lambda run: run.label.pinned, Kind.FLAG, is_offered=False),
    "name": RunColumn("Name", lambda run: run.name),
    "owner": RunColumn("Owner", lambda run: run.record.owner if run.record else ""),
    "state": RunColumn("State", lambda run: run.status.state.value),
    "findings": RunColumn(
        "What happened",
        lambda run: ", ".join(
            one.kind for one in run.results.findings if one.severity is not Severity.GOOD
        ),
        help="What its curves tell of the run, most important first. The page Train explains it, "
        "and knows more: units, and what other runs came to.",
    ),
    "parent": RunColumn(
        "Trained on from",
        lambda run: parent.name if run.record and (parent := run.record.parent) else "",
        help="The run whose network it started from, as it was called then.",
    ),
    "drawings": RunColumn(
        "Drawings",
        lambda run: describe_drawings(run.record.drawings) if run.record else "",
        help="The drawings that it learned from beside MNIST, and their share of an epoch.",
    ),
    "created": RunColumn("When", lambda run: run.record and run.record.created, Kind.TIME),
    **{field.name: _read_field(field) for field in hyperparameters()},
    "test_accuracy": RunColumn(
        "Test accuracy",
        lambda run: run.results.test_accuracy,
        Kind.SHARE,
        "On the 10,000 test images, of the network as the run ended, or as it stands.",
    ),
    "interval": RunColumn(
        "95 % interval",
        _read_interval,
        help="How far chance in drawing the test images may move the test accuracy (Wilson's "
        "interval).",
        is_offered=False,
    ),
    "network_epoch": RunColumn(
        "After epoch",
        lambda run: run.results.network_epoch,
        Kind.NUMBER,
        "The epoch whose network that is: the last, unless early stopping brought back an earlier "
        "one.",
    ),
    "best_epoch": RunColumn(
        "Best epoch", lambda run: run.results.best_epoch, Kind.NUMBER, BEST_EPOCH
    ),
    "best_epoch_test_accuracy": RunColumn(
        "Test accuracy, best epoch",
        lambda run: run.results.best_epoch_test_accuracy,
        Kind.SHARE,
        "The test accuracy of the network as it was after its best epoch.",
    ),
    "highest_validation_accuracy": RunColumn(
        "Highest validation accuracy",
        lambda run: run.results.highest_validation_accuracy,
        Kind.SHARE,
        "On the images held out, after whichever epoch it was highest.",
    ),
    "parameters": RunColumn(
        "Parameters",
        lambda run: run.config and count_parameters(run.config),
        Kind.NUMBER,
        format="localized",
    ),
    "seconds": RunColumn(
        "Seconds",
        lambda run: run.status.seconds,
        Kind.NUMBER,
        "Spent training, without pauses.",
        format="%.1f",
    ),
    "note": RunColumn("Note", lambda run: run.label.note),
}
"""By its name, every column of `run_table`, in order: another one is an entry here."""


def run_table(summaries: Iterable[Summary]) -> pd.DataFrame:
    """A row a run, in the order given, with its id as the index and COLUMNS.

    Numbers are float64, flags bool, the rest texts, such as "512-256" for the hidden layers.
    """
    rows = {run.id: [column.read(run) for column in COLUMNS.values()] for run in summaries}
    table = pd.DataFrame.from_dict(rows, orient="index", columns=list(COLUMNS))
    types = {Kind.SHARE: float, Kind.TIME: "datetime64[us, UTC]", Kind.FLAG: bool}
    types |= {Kind.NUMBER: float, Kind.TEXT: object}
    return table.astype({name: types[column.kind] for name, column in COLUMNS.items()})


def search(table: pd.DataFrame, words: str) -> pd.DataFrame:
    """The rows of `run_table` in whose texts every one of the words occurs, in any case."""
    columns = [name for name, one in COLUMNS.items() if one.kind is Kind.TEXT and one.is_offered]
    first, *others = (table[name] for name in columns)
    lines = first.str.cat([*others, table.index.to_series()], sep="\n").str.lower()
    for word in words.lower().split():
        lines = lines[lines.str.contains(word, regex=False)]
    return table.loc[lines.index]


def filter_range(
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
    key = (lambda texts: texts.str.casefold()) if COLUMNS[column].kind is Kind.TEXT else None
    ordered = table.sort_values(column, ascending=ascending, kind="stable", key=key)
    return ordered.sort_values("pinned", ascending=False, kind="stable")


def varying_fields(configs: Iterable[RunConfig]) -> list[str]:
    """The hyperparameters in which the configurations differ, in RunConfig's order."""
    configs = list(configs)
    return [name for name in FIELDS if len({getattr(config, name) for config in configs}) > 1]
