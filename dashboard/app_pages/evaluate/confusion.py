"""The confusion matrix, and the images in the cell that was clicked."""

import streamlit as st

from core.analysis.metrics import confusion_matrix
from dashboard import text
from dashboard.app_pages.evaluate.answer import (
    Cell,
    cell_keys,
    pick_cell,
    render_answer,
    render_answers,
    select_answers,
)
from dashboard.app_pages.evaluate.evaluation import Evaluation
from dashboard.charts.confusion import Normalization, draw_confusion_matrix, find_cell
from dashboard.parts.controls import choose

_CHART = "confusion_matrix"
_CLICKED = "clicked_cell"
_PER_PAGE = 24
_NORMALIZATIONS: dict[str, Normalization | None] = {
    "counts": None,
    "by row": "true",
    "by column": "pred",
    "by all": "all",
}


def render_confusion(evaluation: Evaluation) -> None:
    """Draw the matrix as the user wants it, and beside it the images of the chosen cell."""
    left, right = st.columns([5, 4], gap="medium")
    with right:
        with st.container(horizontal=True):
            cell = pick_cell("cell")
        _render_images(evaluation, cell)
    with left:
        _render_matrix(evaluation, cell)
    render_answer(evaluation)


def _render_matrix(evaluation: Evaluation, cell: Cell) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        kind = choose(
            "Cells",
            list(_NORMALIZATIONS),
            "matrix_cells",
            "How many images, or what share in percent: of the images with this true label (row), "
            "of the images with this answer (column), or of all.",
        )
        errors_only = st.toggle(
            "Colour errors only",
            key="matrix_errors",
            bind="query-params",
            help="Greys the right answers, so that the colours tell the errors apart.",
        )
    normalize = _NORMALIZATIONS[kind]
    answers = evaluation.answers
    matrix = confusion_matrix(answers["true"], answers["predicted"], normalize)
    st.echarts_chart(
        draw_confusion_matrix(matrix, normalize, errors_only, cell),
        key=_CHART,
        height=520,
        on_select=_choose_cell,
        alt="Confusion matrix: true labels in rows, predicted labels in columns",
    )


def _choose_cell() -> None:
    """Choose the cell that was clicked; none if it is the one chosen.

    A second click on the same cell comes as an empty selection, whatever was chosen in between.
    """
    selected = st.session_state[_CHART].selection.selected
    if selected:
        st.session_state[_CLICKED] = find_cell(selected[0]["data_indices"][0])
    clicked = st.session_state[_CLICKED]
    keys = cell_keys("cell")
    is_chosen = clicked == tuple(st.session_state[key] for key in keys)
    for key, digit in zip(keys, (None, None) if is_chosen else clicked, strict=True):
        st.session_state[key] = digit


def _render_images(evaluation: Evaluation, cell: Cell) -> None:
    if cell == (None, None):
        st.info("Click a cell of the matrix to see its images.", icon=":material/touch_app:")
        return
    answers = select_answers(evaluation.answers, cell).sort_values("p_true", kind="stable")
    if answers.empty:
        st.caption("There is no such image after this epoch.")
        return
    st.caption(
        f"{text.number_of(len(answers), 'image')}, the least expected first: the true label → what "
        "was predicted, each with its probability."
    )
    pages = -(-len(answers) // _PER_PAGE)
    page = st.pagination(pages, key="cell_page_{}_{}".format(*cell), bind="query-params")
    render_answers(
        answers[(page - 1) * _PER_PAGE : page * _PER_PAGE],
        key="cell_images",
        alt="Images of the chosen cell",
        size=88,
    )
