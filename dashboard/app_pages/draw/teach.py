"""Teaching a network one's hand: half of the drawings to learn from, half to measure it on."""

from contextlib import suppress

import numpy as np
import streamlit as st

from core.analysis.comparison import compare_on_images
from core.analysis.metrics import accuracy
from core.analysis.verdict import judge_training_on
from core.config import RunConfig
from core.data import ByteLabels, Indices, Mask, load_mnist
from core.drawing.archive import DrawingError
from core.drawing.collection import as_arrays
from core.drawing.halves import LEAST_DRAWINGS
from core.drawing.teaching import (
    drawings_to_learn,
    drawings_to_measure,
    select_drawings,
    teaching_config,
)
from core.engine import calls
from core.runs import MAX_NAME, Run
from core.runs.errors import RunError
from core.runs.origin import Drawings, Origin, can_train_on
from core.runs.status import LearnedDrawings
from dashboard import text
from dashboard.charts.feature_map import WRONG
from dashboard.charts.images import GRID_CONFIG, draw_image_grid
from dashboard.parts.metrics import render_accuracy
from dashboard.parts.run_state import render_state
from dashboard.parts.start import start_and_show
from dashboard.session.cache import call_worker
from dashboard.session.queries import all_drawings, estimate_seconds, read_test_probabilities
from dashboard.session.server import server

TABS, HANDWRITING = "draw", "My handwriting"
"""The key of the page's tabs, and the tab of the collection."""
_TAUGHT = ", taught"
_MAX_SHOWN = 40
_HELP = (
    "Trains this network on for a few epochs, a quarter of each of them drawings: the half of them "
    "that is there to learn from. The other half is kept for measuring, and never learned from. "
    "Which half a drawing is in was decided when it was kept."
)


def render_teaching_progress(run: Run, owner: str) -> None:
    """Say how many drawings are kept and how many it takes; with enough, draw the button, which
    leads to what came of it.
    """
    kept = len(select_drawings(all_drawings(), owner))
    if 0 < kept < LEAST_DRAWINGS:
        st.caption(f"**{kept} of {LEAST_DRAWINGS}** drawings kept to teach it your hand.")
    elif kept:
        _offer_teaching(run, owner, and_show=True)


def render_teaching(run: Run, owner: str | None) -> None:
    """Draw the button that has the run's network learn the drawings of `owner`, or of everybody;
    of a network that has learned some, how it read the others before and reads them now.
    """
    with st.container(border=True):
        if run.record.drawings:
            _render_before_and_after(run, run.record.drawings)
        _offer_teaching(run, owner)


def _offer_teaching(run: Run, owner: str | None, and_show: bool = False) -> None:
    """Draw the button; pressed, it shows the collection too if that is elsewhere."""
    drawings, problem = None, ""
    try:
        drawings = drawings_to_learn(all_drawings(), owner)
    except DrawingError as error:
        problem = str(error)
    if not can_train_on(run):
        problem = "this run has not ended with a network yet"
    config = teaching_config(run.config)
    again = " again" if run.record.drawings else ""
    with st.container(horizontal=True, vertical_alignment="center"):
        is_pressed = st.button(
            f"Teach it {'my' if owner else 'our'} hand{again}",
            key="teach",
            type="secondary" if again else "primary",
            icon=":material/school:",
            disabled=bool(problem),
            on_click=_teach,
            args=(config, run, drawings, and_show),
            help=_HELP,
        )
        if is_pressed and and_show:
            st.rerun()  # the whole page, for the square is redrawn alone
        if drawings is None or problem:
            st.caption(f"{text.escape(problem[:1].upper() + problem[1:])}.")
            return
        learned, kept = len(drawings.labels), len(select_drawings(all_drawings(), owner))
        seconds, _ = estimate_seconds(config)
        st.caption(
            f"It learns from **{learned}** of {kept} drawings, and is measured on the other "
            f"**{kept - learned}**: {text.about(seconds)}."
        )


def _teach(config: RunConfig, run: Run, drawings: Drawings, and_show: bool) -> None:
    name = run.name.removesuffix(_TAUGHT)[: MAX_NAME - len(_TAUGHT)]
    start_and_show(config, f"{name}{_TAUGHT}", Origin(run, drawings))
    if and_show:
        st.session_state[TABS] = HANDWRITING


def _render_before_and_after(run: Run, learned: LearnedDrawings) -> None:
    status = run.status
    measured = drawings_to_measure(all_drawings(), run)
    whose = f"{text.escape(learned.owner)}'s" if learned.owner else "everybody's"
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**Before and after** it learned from {learned.count} of {whose} drawings")
        if status.state.is_active:
            render_state(status.state)
    if not measured:
        st.caption("The drawings to measure it on were deleted.")
        return
    images, labels = as_arrays(measured)
    after = call_worker(calls.predict, run, images).argmax(axis=1)
    before = None
    with suppress(RunError):  # deleted
        parent = _find_parent(run)
        before = call_worker(calls.predict, parent, images).argmax(axis=1) if parent else None
    with st.grid(3, min_column_width=200):
        about = f"Of the {len(labels)} drawings that it did not learn from."
        if before is not None:
            _render_reading("Before", labels, before, about)
        _render_reading("After", labels, after, about)
        _render_forgetting(run)
    if before is not None:
        found = compare_on_images(before == labels, after == labels)
        st.markdown(
            judge_training_on(found, "drawings"),
            help="McNemar's exact test: of the drawings that it read right only before or only "
            "after, each would be as likely one as the other if it had learned nothing.",
        )
    _render_drawings(run, before, after)


def _render_reading(label: str, labels: ByteLabels, answers: Indices, about: str) -> None:
    found = accuracy(labels, answers)
    render_accuracy(
        f"{label}: {found.correct} of {found.total} drawings",
        found.value,
        found.low,
        found.high,
        f"{about} The interval is Wilson's: few drawings say little.",
    )


def _render_forgetting(run: Run) -> None:
    """Draw what became of its accuracy on MNIST."""
    help_ = "Whether it forgot other hands over this one: its accuracy on the 10,000 test images."
    with suppress(RunError, IndexError):
        now, parent = _right_answers(run), _find_parent(run)
        if parent is None:
            st.metric("On MNIST", text.percent(float(now.mean())), help=help_)
            return
        found = compare_on_images(_right_answers(parent), now)
        st.metric(
            "On MNIST",
            text.percent(float(now.mean())),
            f"{100 * found.difference:+.2f} points".replace("-", "−"),
            delta_color="off",
            delta_arrow="off",
            help=f"{help_} {judge_training_on(found, 'test images')}",
        )


def _right_answers(run: Run) -> Mask:
    answers = read_test_probabilities(run, run.network_epoch).argmax(axis=1)
    right: Mask = np.equal(answers, load_mnist().y_test)
    return right


def _find_parent(run: Run) -> Run | None:
    """The run that it was trained on from; None if it was not, or that one was deleted."""
    parent = run.record.parent
    with suppress(RunError):
        return server().store.get(parent.run) if parent else None
    return None


def _render_drawings(run: Run, before: Indices | None, after: Indices) -> None:
    measured = drawings_to_measure(all_drawings(), run)[:_MAX_SHOWN]
    images, labels = as_arrays(measured)
    told = zip(labels, labels if before is None else before, after, strict=False)
    st.caption("What it was: what the network said before → what it says now.")
    st.plotly_chart(
        draw_image_grid(
            images,
            [f"{label}: {was} → {now}" for label, was, now in told],
            colors=[
                WRONG if now != label else None for now, label in zip(after, labels, strict=False)
            ],
        ),
        key="taught_drawings",
        config=GRID_CONFIG,
        alt="The drawings that the network did not learn from, and its answers",
    )
