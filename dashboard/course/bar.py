"""A slim bar above every page: the lesson that was taken up, its steps, what to do, and how far it
is.
"""

from collections.abc import Sequence
from functools import partial

import streamlit as st

from core.course.lesson import Lesson
from core.course.load import load_course
from core.course.progress import LessonProgress, StepName
from core.runs.summary import Summary
from dashboard import text
from dashboard.course.links import LEARN, find_link, render_link, say_how_far
from dashboard.course.standing import advance, change_progress, own_runs, read_progress, step_of
from dashboard.session.live_refresh import RefreshRate, draw_live

_refresh_rate = RefreshRate(fastest=1.0)
_TO_DO = {
    StepName.PREDICT: "Say what you expect, before anything is shown.",
    StepName.EXPLAIN: "Read what happened in your own run, beside what you expected.",
}


def render_lesson_bar(page: str) -> None:
    """Draw the bar on the page at the address `page`, if the visitor has taken up a lesson."""
    current = read_progress().carried
    if current and (lesson := load_course().lessons.get(current)):
        draw_live(partial(_render, lesson, page), _refresh_rate)


def _render(lesson: Lesson, page: str, _every: float) -> None:
    if read_progress().carried != lesson.id:  # left or ended, or another one, in another tab
        st.rerun()
    runs = own_runs(lesson)
    progress = advance(lesson, page, runs)
    with st.container(key="lesson_bar", border=True):
        words, links = st.columns([3, 2], vertical_alignment="center")
        words.markdown(
            f":material/school: **{text.escape(lesson.title)}** {_mark_steps(progress)}  \n"
            f"{_say_what_to_do(lesson, progress, runs)}"
        )
        with (
            links,
            st.container(
                horizontal=True, horizontal_alignment="right", vertical_alignment="center"
            ),
        ):
            _render_links(lesson, progress, runs)


def _render_links(lesson: Lesson, progress: LessonProgress, runs: Sequence[Summary]) -> None:
    if link := find_link(lesson, progress, runs):
        render_link(link)
    st.page_link(
        LEARN,
        label="The lesson",
        icon=":material/school:",
        query_params={"lesson": lesson.id},
        width="content",
    )
    st.button(
        "Leave",
        icon=":material/close:",
        key="leave_lesson",
        type="tertiary",
        on_click=change_progress,
        args=(lambda before: before.take_up(None),),
        help="Hide this bar. Open the lesson on the page Learn to go on with it.",
    )


def _mark_steps(progress: LessonProgress) -> str:
    """The four steps in a row: which are done, and which is the next."""
    marks = {True: ":green-badge[:material/check: {}]", False: ":gray-badge[{}]"}
    return " ".join(
        f":blue-badge[{step.title()}]"
        if step is progress.step
        else marks[step in progress.done].format(step.title())
        for step in StepName
    )


def _say_what_to_do(lesson: Lesson, progress: LessonProgress, runs: Sequence[Summary]) -> str:
    step = step_of(lesson, progress)
    sentence = " ".join(step.text.split()) if step else _TO_DO[progress.step or StepName.EXPLAIN]
    how_far = say_how_far(lesson, progress, runs)
    return f"{sentence} :small[:gray[{how_far}]]" if how_far else sentence
