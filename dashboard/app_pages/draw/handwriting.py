"""My handwriting: the drawings that were kept, as a test set of their own."""

from contextlib import suppress
from typing import NamedTuple

import pandas as pd
import streamlit as st

from core.analysis.metrics import accuracy, confusion_matrix
from core.data import Indices
from core.drawing.collection import Drawing, DrawingError, as_arrays, export_drawings
from core.drawing.teaching import drawings_to_measure, select_drawings
from core.engine import calls
from core.runs import Run
from core.runs.errors import DamagedRunError, NoNetworkError, RunError, RunNotFoundError
from core.runs.origin import has_learned_drawings
from dashboard import text
from dashboard.access.visitor import may_change_of, visitor
from dashboard.app_pages.draw.teach import render_teaching
from dashboard.charts.confusion import draw_confusion_matrix
from dashboard.charts.feature_map import WRONG
from dashboard.charts.images import GRID_CONFIG, draw_image_grid
from dashboard.parts.controls import choose
from dashboard.parts.messages import explain_worker_errors
from dashboard.parts.run_picker import label_runs
from dashboard.session.cache import call_worker
from dashboard.session.queries import all_drawings, summaries
from dashboard.session.server import server

_MAX_RUNS = 30
_MAX_MEGABYTES = 20
_PER_PAGE = 60
_UPLOAD = "drawings_file"
_RESULT = "_import_result"


class _ImportResult(NamedTuple):
    """What became of a file that the user gave."""

    file_id: str
    message: str = ""
    problem: str = ""


def render_handwriting(run: Run) -> None:
    """Draw how each run reads the kept drawings, and the drawings themselves."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        kept = all_drawings()
        owner = _pick_owner(kept)
        chosen = select_drawings(kept, owner)
        _offer_export(chosen)
        _offer_import()
    with explain_worker_errors():
        render_teaching(run, owner, kept)
    if not chosen:
        st.info(
            "No drawing is kept yet. Draw a digit, say what it was, and it is here.",
            icon=":material/draw:",
        )
        return
    with explain_worker_errors():
        images, labels = as_arrays(chosen)
        answers = call_worker(calls.predict, run, images).argmax(axis=1)
        left, right = st.columns([5, 4], gap="medium")
        with left:
            st.markdown("How this run reads them")
            if _has_learned(run):
                st.caption("It has learned from drawings, maybe from some of these.")
            st.echarts_chart(
                draw_confusion_matrix(confusion_matrix(labels, answers)),
                key="handwriting_matrix",
                height=460,
                alt="Confusion matrix of the kept drawings",
            )
        with right:
            _render_runs(chosen)
        _render_gallery(chosen, answers)


def _pick_owner(kept: list[Drawing]) -> str | None:
    """Whose drawings the user looks at; None: everybody's. Their own, if there are no others."""
    owner = visitor().name
    if all(drawing.owner == owner for drawing in kept):
        return owner
    whose = choose("Whose drawings", ["Mine", "Everybody's"], "whose_drawings")
    return owner if whose == "Mine" else None


def _offer_export(chosen: list[Drawing]) -> None:
    st.download_button(
        "Export",
        lambda: export_drawings(chosen),
        "my-handwriting.npz",
        "application/octet-stream",
        key="export_drawings",
        icon=":material/download:",
        on_click="ignore",
        disabled=not chosen,
        help="An .npz file with `images`, uint8 (n, 28, 28), `labels`, uint8 (n,), and `to_learn`, "
        "whether each is in the half to learn from.",
    )


def _offer_import() -> None:
    with st.popover("Import", icon=":material/upload:"):
        file = st.file_uploader(
            "An .npz file, as Export makes it",
            ["npz"],
            max_upload_size=_MAX_MEGABYTES,
            key=_UPLOAD,
            help="Arrays `images`, (n, 28, 28), and `labels`, (n,), 0 to 9. Other layouts of the "
            "pixels, values from 0 to 1 and dark ink on light paper are put right.",
        )
        if not file:
            return
        result: _ImportResult | None = st.session_state.get(_RESULT)
        if result is None or result.file_id != file.file_id:
            st.button(
                "Add its drawings",
                type="primary",
                key="import_drawings",
                on_click=_import,
                args=(file.file_id, file.getvalue()),
            )
        elif result.problem:
            st.error(f"Refused: {text.escape(result.problem)}.", icon=":material/error:")
        else:
            st.success(result.message, icon=":material/check:")


def _import(file_id: str, content: bytes) -> None:
    try:
        imported = server().drawings.add_file(content, visitor().name)
    except DrawingError as error:
        st.session_state[_RESULT] = _ImportResult(file_id, problem=str(error))
        return
    added = len(imported.labels)
    sentences = [f"{added:,} drawings were added." if added > 1 else "One drawing was added."]
    sentences += [text.escape(change) for change in imported.changes]
    st.session_state[_RESULT] = _ImportResult(file_id, " ".join(sentences))


def _render_runs(chosen: list[Drawing]) -> None:
    """Draw a table of the accuracy on the drawings of every run that has a network."""
    rows = []
    runs = _newest_with_network()
    names = label_runs(runs)
    taught = any(map(_has_learned, runs))
    of_all = [drawing for drawing in chosen if not (taught and drawing.is_to_learn)]
    arrays = as_arrays(of_all)
    for run in runs:
        with suppress(NoNetworkError, DamagedRunError, RunNotFoundError):
            own = as_arrays(drawings_to_measure(of_all, run)) if run.record.drawings else arrays
            images, labels = own
            if not len(labels):
                continue
            answers = call_worker(calls.predict, run, images).argmax(axis=1)
            measured = accuracy(labels, answers)
            rows.append(
                {
                    "Run": names[run.id],
                    "Accuracy": 100 * measured.value,
                    "95 %": text.percent_range(measured.low, measured.high),
                    "Drawings": measured.total,
                }
            )
    half = " Some have learned from drawings: all are measured on the half that none learns from."
    st.markdown(
        "Accuracy of every run",
        help=f"Of the {_MAX_RUNS} newest that have a network, each as it stands, with Wilson's "
        f"interval: few drawings say little.{half if taught else ''}",
    )
    if not rows:
        st.info("No run has a network that could be asked.", icon=":material/search_off:")
        return
    st.dataframe(
        pd.DataFrame(rows).sort_values("Accuracy", ascending=False, kind="stable"),
        hide_index=True,
        height="content",
        column_config={
            "Accuracy": st.column_config.NumberColumn(format=text.PERCENT_FORMAT, width=90)
        },
        alt="Accuracy of every run on the kept drawings",
    )


def _has_learned(run: Run) -> bool:
    with suppress(RunError):  # deleted since
        return has_learned_drawings(run)
    return False


def _newest_with_network() -> list[Run]:
    runs: list[Run] = []
    for summary in summaries():
        if summary.results.epochs_done and len(runs) < _MAX_RUNS:
            with suppress(RunNotFoundError):
                runs.append(server().store.get(summary.id))
    return runs


def _render_gallery(kept: list[Drawing], answers: Indices) -> None:
    """Draw the drawings, newest first, each with its digit and the run's answer."""
    pages = -(-len(kept) // _PER_PAGE)
    page = st.pagination(pages, key=f"drawings_page_{pages}") if pages > 1 else 1
    shown = slice((page - 1) * _PER_PAGE, page * _PER_PAGE)
    images, labels = as_arrays(kept[shown])
    wrong = labels != answers[shown]
    st.caption(
        f"{text.number_of(len(kept), 'drawing')}: what it was → what this run says. "
        "Click one to choose it."
    )
    event = st.plotly_chart(
        draw_image_grid(
            images,
            [f"{label} → {answer}" for label, answer in zip(labels, answers[shown], strict=True)],
            columns=8,
            colors=[WRONG if is_wrong else None for is_wrong in wrong],
        ),
        key="drawings_gallery",
        on_select="rerun",
        selection_mode="points",
        config=GRID_CONFIG,
        alt="The kept drawings",
    )
    places = [int(point["point_index"]) for point in event.selection.points]
    chosen = [kept[shown][place] for place in places if place < len(images)]
    _offer_deletion(chosen)


def _offer_deletion(chosen: list[Drawing]) -> None:
    """Draw a button that deletes what is chosen, of the user's own or, for a teacher, of all."""
    mine = [drawing.id for drawing in chosen if may_change_of(drawing.owner)]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Delete the chosen one" if len(mine) < 2 else f"Delete the {len(mine)} chosen",
            icon=":material/delete:",
            key="delete_drawings",
            disabled=not mine,
            on_click=server().drawings.delete,
            args=(mine,),
            help="For good. Hold Shift while clicking to choose several.",
        )
        if len(mine) < len(chosen):
            st.caption("Drawings of others are theirs to delete.")
