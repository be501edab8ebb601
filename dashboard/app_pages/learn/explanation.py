"""What happened in the visitor's own runs, beside what they expected."""

from collections.abc import Mapping, Sequence

import streamlit as st

from core.course.checks import run_ids
from core.course.lesson import Lesson, fill
from core.course.measures import Material, MeasureError, Value, measure, measure_run
from core.course.progress import LessonProgress
from core.engine import calls
from core.runs import Run
from core.runs.summary import Summary
from dashboard import text
from dashboard.course.links import link_to, render_link
from dashboard.course.standing import drawings_since
from dashboard.parts.messages import explain_worker_errors
from dashboard.session.cache import cached, call_worker
from dashboard.session.server import server


def render_explanation(lesson: Lesson, progress: LessonProgress, runs: Sequence[Summary]) -> bool:
    """Draw what the lesson says of the visitor's `runs`; return whether all of it could be said."""
    ids = run_ids(lesson, runs)
    if ids is None:
        st.info(
            "Runs of this lesson are missing. Train them again under Do.",
            icon=":material/model_training:",
        )
        return False
    with explain_worker_errors():
        try:
            values = _measure_all(lesson, progress, ids)
        except MeasureError as error:
            st.info(f"{text.escape(error)}.", icon=":material/search_off:")
            return False
        written = {name: text.escape(value.text) for name, value in values.items()}
        _render_verdict(lesson, progress, values, written)
        st.markdown(fill(lesson.explain.text, written))
        st.markdown(f"**Try further:** {lesson.explain.further.text}")
        if link := link_to(lesson.explain.further, ids):
            render_link(link)
        return True
    return False


def _render_verdict(
    lesson: Lesson,
    progress: LessonProgress,
    values: Mapping[str, Value],
    written: Mapping[str, str],
) -> None:
    predict = lesson.predict
    measured = values.get(predict.measure)
    right = predict.right_answer(measured.value if measured else None, progress.prediction)
    said = next((one for one in predict.answers if one.text == progress.prediction), None)
    is_right = said is not None and said is right
    with st.grid(2, min_column_width=260):
        _render_answer("You expected", progress.prediction or "", is_right)
        _render_answer("The right answer", right.text if right else "none of the answers", True)
    if said and not (is_right and measured):
        st.markdown(fill(said.reply, written))


def _render_answer(label: str, answer: str, is_right: bool) -> None:
    icon = ":green[:material/check_circle:]" if is_right else ":orange[:material/cancel:]"
    st.markdown(f":small[{label}]  \n{icon} **{answer}**")


def _measure_all(
    lesson: Lesson, progress: LessonProgress, ids: Mapping[str, str]
) -> dict[str, Value]:
    """Every number that the explanation needs. Raises MeasureError, RunError, EngineError."""
    material = Material(
        [server().store.get(run_id) for run_id in ids.values()],
        drawings_since(progress)[: lesson.drawings],
        lambda run, images: call_worker(calls.predict, run, images),
    )

    def measure_once(name: str, run: Run) -> Value:
        return cached(measure_run, name, run)

    return {name: measure(name, material, measure_once) for name in sorted(lesson.measures)}
