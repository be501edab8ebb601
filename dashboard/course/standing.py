"""How far the visitor is in a lesson, judged by what they have done."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from operator import methodcaller

import streamlit as st

from core.course.checks import Deeds, is_done, is_wanted, run_ids
from core.course.lesson import Check, Lesson, Step
from core.course.measures import LETTERS, finished_maps
from core.course.progress import LessonProgress, Progress, ProgressError, StepName
from core.drawing.collection import Drawing
from core.maps.request import MapRequest
from core.runs.errors import RunError
from core.runs.summary import Summary
from dashboard import text
from dashboard.access.visitor import visitor
from dashboard.session.queries import all_drawings, summaries
from dashboard.session.server import server


def read_progress() -> Progress:
    """How far the visitor is in the course; if that cannot be read, as if they had not begun."""
    try:
        return server().progress.read(visitor().name)
    except ProgressError as error:
        st.warning(f"{text.escape(error)}.", icon=":material/broken_image:")
        return Progress(owner=visitor().name)


def change_progress(change: Callable[[Progress], Progress]) -> None:
    """Change how far the visitor is; say so if it cannot be kept."""
    try:
        server().progress.change(visitor().name, change)
    except ProgressError as error:
        st.toast(f"{text.escape(error)}.", icon=":material/error:", duration="long")


def advance(lesson: Lesson, page: str, runs: Sequence[Summary]) -> LessonProgress:
    """How far the visitor, whose runs these are, is in the lesson at `page`.

    What they have just done is kept; if it cannot be, say so.
    """
    progress = read_progress().of(lesson.id)
    while (step := step_of(lesson, progress)) and progress.step:
        if not is_done(lesson, step, _gather(lesson, step, page, progress, runs)):
            break
        keep = methodcaller("finish", lesson.id, progress.step)
        try:
            server().progress.change(visitor().name, keep)
        except ProgressError as error:
            st.warning(f"{text.escape(error)}.", icon=":material/save:")
            break
        progress = read_progress().of(lesson.id)
    return progress


def step_of(lesson: Lesson, progress: LessonProgress) -> Step | None:
    """What is to be done next, of Do and See; None in the other two steps, and after the last."""
    return {StepName.DO: lesson.do, StepName.SEE: lesson.see}.get(progress.step or StepName.EXPLAIN)


def _gather(
    lesson: Lesson, step: Step, page: str, progress: LessonProgress, runs: Sequence[Summary]
) -> Deeds:
    """What the visitor did, as far as the step asks."""
    return Deeds(
        runs,
        page,
        st.query_params.to_dict(),
        len(drawings_since(progress)) if step.check is Check.DRAWINGS_KEPT else 0,
        maps_of(lesson, runs) if step.check is Check.MAPS_MADE else (),
    )


def own_runs(lesson: Lesson) -> list[Summary]:
    """Of the visitor's own runs, newest first, those that the lesson needs and the newest.

    All that is asked of runs here is asked of these: it is a few of maybe a thousand.
    """
    owner = visitor().name
    own = [run for run in summaries() if run.record and run.record.owner == owner]
    return [run for run in own if run is own[0] or is_wanted(lesson, run)]


def drawings_since(progress: LessonProgress) -> list[Drawing]:
    """What the visitor has kept since the prediction, the first one first."""
    owner, since = visitor().name, progress.predicted
    kept = [one for one in all_drawings() if one.owner == owner and since and one.created >= since]
    return kept[::-1]


def maps_of(lesson: Lesson, runs: Sequence[Summary]) -> list[MapRequest]:
    """The finished t-SNE maps of the lesson's first run, of the same images."""
    with suppress(RunError, KeyError):  # deleted, or not there yet
        return finished_maps(server().store.get((run_ids(lesson, runs) or {})[LETTERS[0]]))
    return []
