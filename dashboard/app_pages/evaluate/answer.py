"""Test images and what the network thought of them: those in a cell of the confusion matrix, in a
grid, and one of them large.
"""

from typing import Any

import pandas as pd
import streamlit as st

from core.config import CLASSES
from core.data import load_mnist
from dashboard import text
from dashboard.app_pages.evaluate.evaluation import Evaluation
from dashboard.charts.answer import draw_answer, draw_answer_history
from dashboard.charts.images import enlarge
from dashboard.parts.data_image import mark_disputed, pick_image_number, render_image_head
from dashboard.parts.image_grid import pick_image

_KEY = "test_image"

Cell = tuple[int | None, int | None]
"""A true label and an answer; None is any."""


def pick_cell(name: str) -> Cell:
    """Let the user choose; the keys of the two controls are those of `cell_keys`."""
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


def render_answers(answers: pd.DataFrame, *, key: str, alt: str, size: int) -> None:
    """Draw the images of these rows of `answer_table`, in their order; a click chooses one.

    `size` is that of `draw_image_grid`.
    """
    indices = answers.index.to_list()

    def show_large(place: int) -> None:
        st.session_state[_KEY] = indices[place]

    pick_image(
        load_mnist().x_test[indices],
        [_caption(answer) for answer in answers.itertuples()],
        key=key,
        alt=alt,
        columns=6,
        size=size,
        on_pick=show_large,
    )


def render_answer(evaluation: Evaluation, default: int | None = None) -> None:
    """Draw the image that was chosen, or `default`, with its probabilities now and by epoch."""
    chosen = pick_image_number(_KEY, placeholder="click an image, or give its number")
    index = default if chosen is None else chosen
    if index is None:
        return
    grid = st.grid(2, min_column_width=240)
    with grid.cell():
        _render_picture(evaluation, index)
    with grid.cell():
        _render_probabilities(evaluation, index)
    with grid.cell(column_span="all"):
        _render_history(evaluation, index)


def _render_picture(evaluation: Evaluation, index: int) -> None:
    answer = evaluation.answers.loc[index].astype(int)
    render_image_head(index, answer["true"], answer["predicted"])
    st.image(enlarge(load_mnist().x_test[index]), width=200, alt=f"Test image {index}")


def _render_probabilities(evaluation: Evaluation, index: int) -> None:
    st.markdown(f"Probabilities after epoch {evaluation.epoch}")
    st.echarts_chart(
        draw_answer(evaluation.probabilities[index], int(evaluation.labels[index])),
        key="answer_bars",
        height=240,
        alt=f"Ten probabilities of test image {index}",
    )


def _render_history(evaluation: Evaluation, index: int) -> None:
    st.markdown("How they moved over the epochs")
    st.echarts_chart(
        draw_answer_history(evaluation.run.test_probabilities()[:, index], evaluation.epoch),
        key="answer_history",
        height=240,
        alt=f"Ten probabilities of test image {index} by epoch",
    )


def _caption(answer: Any) -> str:
    lines = [f"{answer.true}: {text.percent(answer.p_true)}"]
    if answer.true != answer.predicted:
        lines.append(f"→ {answer.predicted}: {text.percent(answer.p_predicted)}")
    return mark_disputed("<br>".join(lines), answer.Index)


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
