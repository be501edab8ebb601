"""Teaching a network one's hand: half of the drawings to learn from, half to measure it on."""

from contextlib import suppress

import numpy as np
import streamlit as st

from core.analysis.comparison import compare_on_images
from core.analysis.metrics import accuracy
from core.analysis.verdict import judge_training_on
from core.data import ByteLabels, Indices, Mask, load_mnist
from core.drawing.archive import DrawingError
from core.drawing.collection import Drawing, as_arrays
from core.drawing.halves import LEAST_DRAWINGS
from core.drawing.teaching import (
    count_missing,
    drawings_to_learn,
    drawings_to_measure,
    select_drawings,
    teaching_config,
)
from core.engine import calls
from core.runs import MAX_NAME, Run
from core.runs.errors import RunError
from core.runs.origin import Origin, can_train_on
from core.runs.status import LearnedDrawings
from dashboard import text
from dashboard.access.visitor import visitor
from dashboard.charts.feature_map import WRONG
from dashboard.charts.images import GRID_CONFIG, draw_image_grid
from dashboard.parts.metrics import render_accuracy
from dashboard.parts.run_state import render_state
from dashboard.parts.start import start_and_show
from dashboard.session.cache import call_worker
from dashboard.session.queries import all_drawings, estimate_seconds, read_test_probabilities

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
    own = select_drawings(all_drawings(), owner)
    if 0 < len(own) < LEAST_DRAWINGS:
        st.caption(f"**{len(own)} of {LEAST_DRAWINGS}** drawings kept to teach it your hand.")
    elif own and _render_button(run, owner, own) and st.session_state.get(TABS) == HANDWRITING:
        st.rerun()  # the whole page, for the square is redrawn alone


def render_teaching(run: Run, owner: str | None, kept: list[Drawing]) -> None:
    """Draw the button that has the run's network learn the drawings of `owner`, or of everybody;
    of a network that has learned some, how it read the others before and reads them now.

    `kept` is the collection.
    """
    with st.container(border=True):
        if run.record.drawings:
            _render_before_and_after(run, run.record.drawings, kept)
        own = select_drawings(kept, owner)
        with st.container(horizontal=True, vertical_alignment="center"):
            _render_button(run, owner, own)
            st.caption(_say_what_it_learns(run, own))


def _render_button(run: Run, owner: str | None, own: list[Drawing]) -> bool:
    """Draw the button; return whether it was pressed."""
    learned = run.record.drawings
    again = " again" if learned and learned.owner == owner else ""
    return st.button(
        f"Teach it {'my' if owner else 'our'} hand{again}",
        key="teach",
        type="secondary" if again else "primary",
        icon=":material/school:",
        disabled=bool(count_missing(own)) or not can_train_on(run),
        on_click=_teach,
        args=(run, owner),
        help=_HELP,
    )


def _say_what_it_learns(run: Run, own: list[Drawing]) -> str:
    """What the button would do, or why it cannot."""
    if missing := count_missing(own):
        return f"{missing} more {'drawing is' if missing == 1 else 'drawings are'} needed."
    if not can_train_on(run):
        if run.status.state.is_active:
            return "It can be taught once this run has ended."
        return "This run has no network that could be taught."
    learned = sum(drawing.is_to_learn for drawing in own)
    seconds, _ = estimate_seconds(teaching_config(run.config))
    return (
        f"It learns from **{learned}** of {len(own)} drawings, and is measured on the other "
        f"**{len(own) - learned}**: {text.about(seconds)}."
    )


def _teach(run: Run, owner: str | None) -> None:
    """Queue the run that learns the drawings as they are now, and show what comes of it."""
    try:
        drawings = drawings_to_learn(all_drawings(), owner)
        name = run.name.removesuffix(_TAUGHT)[: MAX_NAME - len(_TAUGHT)]
        config = teaching_config(run.config)
    except (DrawingError, RunError) as error:
        st.toast(f"{text.escape(error)}.", icon=":material/error:", duration="long")
        return
    if start_and_show(config, f"{name}{_TAUGHT}", Origin(run, drawings)):
        st.session_state[TABS] = HANDWRITING


def _render_before_and_after(run: Run, learned: LearnedDrawings, kept: list[Drawing]) -> None:
    status = run.status
    measured = drawings_to_measure(select_drawings(kept, learned.owner), run)
    whose = f"{text.escape(learned.owner)}'s" if learned.owner else "everybody's"
    if learned.owner == visitor().name:
        whose = "your"
    has_before = run.record.parent is not None
    with st.container(horizontal=True, vertical_alignment="center"):
        title = "Before and after" if has_before else "After"
        st.markdown(f"**{title}** it learned from {learned.count} of {whose} drawings")
        if status.state.is_active:
            render_state(status.state)
    if not measured:
        st.caption("The drawings to measure it on were deleted.")
        return
    images, labels = as_arrays(measured)
    after = call_worker(calls.predict, run, images).argmax(axis=1)
    before = call_worker(calls.predict_before, run, images).argmax(axis=1) if has_before else None
    with st.grid(3, min_column_width=200):
        if before is not None:
            _render_reading("Before", labels, before)
        _render_reading("After", labels, after)
        _render_forgetting(run, has_before)
    if before is not None:
        found = compare_on_images(before == labels, after == labels)
        st.markdown(
            judge_training_on(found, "drawings"),
            help="McNemar's exact test: of the drawings that it read right only before or only "
            "after, each would be as likely one as the other if it had learned nothing.",
        )
    _render_drawings(measured, before, after)


def _render_reading(label: str, labels: ByteLabels, answers: Indices) -> None:
    found = accuracy(labels, answers)
    render_accuracy(
        f"{label}: {found.correct} of {found.total} drawings",
        found.value,
        found.low,
        found.high,
        f"Of the {found.total} drawings that it did not learn from. The interval is Wilson's: few "
        "drawings say little.",
    )


def _render_forgetting(run: Run, has_before: bool) -> None:
    """Draw what became of its accuracy on MNIST."""
    about = "Whether it forgot other hands over this one: its accuracy on the 10,000 test images."
    with suppress(RunError, IndexError):
        answers = read_test_probabilities(run, run.network_epoch).argmax(axis=1)
        now: Mask = np.equal(answers, load_mnist().y_test)
        shown = text.percent(float(now.mean()))
        if not has_before:
            st.metric("On MNIST", shown, help=about)
            return
        found = compare_on_images(call_worker(calls.right_before, run), now)
        st.metric(
            "On MNIST",
            shown,
            f"{100 * found.difference:+.2f} points".replace("-", "\N{MINUS SIGN}"),
            delta_color="off",
            delta_arrow="off",
            help=f"{about} {judge_training_on(found, 'test images')}",
        )


def _render_drawings(measured: list[Drawing], before: Indices | None, after: Indices) -> None:
    images, labels = as_arrays(measured)
    if before is None:
        words = "what it was → what the network says"
        captions = [f"{label} → {now}" for label, now in zip(labels, after, strict=True)]
    else:
        words = "what it was: what the network said before → what it says now"
        told = zip(labels, before, after, strict=True)
        captions = [f"{label}: {was} → {now}" for label, was, now in told]
    shown = f"The newest {_MAX_SHOWN} of {len(labels)}" if len(labels) > _MAX_SHOWN else "Each"
    st.caption(f"{shown}, {words}.")
    wrong = [WRONG if is_wrong else None for is_wrong in after != labels]
    st.plotly_chart(
        draw_image_grid(
            images[:_MAX_SHOWN], captions[:_MAX_SHOWN], columns=6, colors=wrong[:_MAX_SHOWN]
        ),
        key="taught_drawings",
        config=GRID_CONFIG,
        alt="The drawings that the network did not learn from, and its answers",
    )
