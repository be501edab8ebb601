"""`history.csv` of a run: what each finished epoch came to."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

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


def read_history(path: Path) -> pd.DataFrame:
    """A row for each epoch, with HISTORY_COLUMNS; none if there is no file.

    Raises OSError, and ValueError for what no training writes.
    """
    try:
        frame = pd.read_csv(path)
    except FileNotFoundError:
        return pd.DataFrame(columns=HISTORY_COLUMNS, dtype=float)
    if frame.empty:
        frame = frame.astype(float)
    _check_columns(frame.columns)
    _check_values(HISTORY_COLUMNS, frame.to_numpy(np.float64).T)
    return frame


def read_history_columns(path: Path, names: Sequence[str]) -> npt.NDArray[np.float64]:
    """Some columns, (names, epochs), ten times as quickly as `read_history`, whose errors it
    raises."""
    try:
        lines = [line.split(",") for line in path.read_text().splitlines()]
    except FileNotFoundError:
        return np.empty((len(names), 0))
    columns = {name: texts for name, *texts in zip(*lines, strict=True)}
    _check_columns(columns)
    values = np.array([columns[name] for name in names], np.float64)
    _check_values(names, values)
    return values


def write_history(path: Path, rows: list[dict[str, float]]) -> None:
    """Write a row an epoch, with HISTORY_COLUMNS as keys."""
    pd.DataFrame(rows, columns=HISTORY_COLUMNS).to_csv(path, index=False)


def _check_columns(names: Iterable[str]) -> None:
    if list(names) != HISTORY_COLUMNS:
        raise ValueError(f"expected the columns {', '.join(HISTORY_COLUMNS)}")


def _check_values(names: Iterable[str], values: npt.NDArray[np.float64]) -> None:
    for name, row in zip(names, values, strict=True):
        high = 1 if name.endswith("accuracy") else _LARGEST
        if len(row) and not 0 <= row.min() <= row.max() <= high:  # nor NaN
            raise ValueError(f"{name} is out of range")
