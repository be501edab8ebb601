"""`history.csv` of a run: what each finished epoch came to."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from core.data import Doubles

HISTORY_COLUMNS = [
    "epoch",
    "seconds",
    "learning_rate",
    "base_learning_rate",
    "running_loss",
    "running_accuracy",
    *(
        f"{split}_{metric}"
        for split in ("train", "validation", "test")
        for metric in ("loss", "accuracy")
    ),
    "l2_penalty",
]

_LARGEST = float(np.finfo(np.float64).max)
_HIGHEST = {"epoch": 1e9} | {name: 1.0 for name in HISTORY_COLUMNS if name.endswith("accuracy")}


def read_history(path: Path) -> pd.DataFrame:
    """A row for each epoch, with HISTORY_COLUMNS; none if there is no file.

    Raises OSError, and ValueError for what no training writes.
    """
    values = read_history_columns(path, HISTORY_COLUMNS)
    frame = pd.DataFrame(values.T, columns=HISTORY_COLUMNS)
    return frame.astype({"epoch": int}) if not (frame["epoch"] % 1).any() else frame


def read_history_columns(path: Path, names: Sequence[str]) -> Doubles:
    """Some columns, (names, epochs), quickly. Raises as `read_history`."""
    try:
        lines = [line.split(",") for line in path.read_text().splitlines()]
    except FileNotFoundError:
        return np.empty((len(names), 0))
    columns = {name: texts for name, *texts in zip(*lines, strict=True)}
    if list(columns) != HISTORY_COLUMNS:
        raise ValueError(f"expected the columns {', '.join(HISTORY_COLUMNS)}")
    values = np.array([columns[name] for name in names], np.float64)
    for name, row in zip(names, values, strict=True):
        high = _HIGHEST.get(name, _LARGEST)
        if len(row) and not 0 <= row.min() <= row.max() <= high:  # nor NaN
            raise ValueError(f"{name} is out of range")
    return values


def write_history(path: Path, rows: list[dict[str, float]]) -> None:
    """Write a row an epoch, with HISTORY_COLUMNS as keys."""
    pd.DataFrame(rows, columns=HISTORY_COLUMNS).to_csv(path, index=False)
