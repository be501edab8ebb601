"""A cell of the confusion matrix as a filter: a true label and an answer, or any."""

import pandas as pd
import streamlit as st

from core.config import CLASSES

Cell = tuple[int | None, int | None]
"""A true label and an answer; None is any."""


def pick_cell(name: str) -> Cell:
    """Let the reader choose; the keys of the two controls are those of `cell_keys`."""
    true, predicted = cell_keys(name)
    return (
        _pick_digit("True label", true, "Only images with this true label."),
        _pick_digit("Predicted", predicted, "Only images that were given this answer."),
    )


def cell_keys(name: str) -> tuple[str, str]:
    """The session-state keys of the true label's control and of the answer's."""
    return f"{name}_true", f"{name}_predicted"


def select_answers(answers: pd.DataFrame, cell: Cell) -> pd.DataFrame:
    """The rows of `answer_table` that lie in the cell, in their order."""
    for column, digit in zip(("true", "predicted"), cell, strict=True):
        if digit is not None:
            answers = answers[answers[column] == digit]
    return answers


def _pick_digit(label: str, key: str, explanation: str) -> int | None:
    return st.selectbox(
        label,
        range(CLASSES),
        index=None,
        key=key,
        bind="query-params",
        placeholder="any",
        help=explanation,
    )
