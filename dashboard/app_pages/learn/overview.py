"""All lessons: which are done, and where to go on."""

import streamlit as st

from core.course.lesson import Lesson
from core.course.load import Course
from core.course.progress import LessonProgress, Progress
from dashboard import text
from dashboard.access.visitor import visitor
from dashboard.course.links import LEARN
from dashboard.course.standing import read_progress


def render_overview(course: Course) -> None:
    """Draw the lessons in order, how far the visitor is in each, and where to go on."""
    progress = read_progress()
    done = [name for name in course.lessons if progress.of(name).step is None]
    open_ = [name for name in course.lessons if name not in done]
    following = progress.carried if progress.carried in open_ else next(iter(open_), None)
    st.progress(
        len(done) / max(len(course.lessons), 1),
        f"{len(done)} of {len(course.lessons)} lessons done",
    )
    if following:
        _render_beginning(following, course.lessons[following], progress)
    with st.grid(2, min_column_width=320):
        for number, (name, lesson) in enumerate(course.lessons.items(), start=1):
            with st.container(border=True, gap="xsmall", height="stretch"):
                _render_entry(number, name, lesson, progress.of(name))


def _render_entry(number: int, name: str, lesson: Lesson, progress: LessonProgress) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.page_link(
            LEARN,
            label=f"**{number} · {text.escape(lesson.title)}**",
            query_params={"lesson": name},
            width="content",
        )
        _render_standing(progress)
    st.caption(lesson.sentence)


def _render_beginning(name: str, lesson: Lesson, progress: Progress) -> None:
    verb = "Go on with" if progress.of(name).done else "Begin with"
    if st.button(
        f"{verb} “{text.escape(lesson.title)}”",
        key="go_on",
        type="primary",
        icon=":material/school:",
    ):
        st.switch_page(LEARN, query_params={"lesson": name})


def _render_standing(progress: LessonProgress) -> None:
    if progress.step is None:
        st.badge("done", color="green", icon=":material/check:")
    elif progress.done:
        st.badge(f"next: {progress.step}", color="blue", icon=":material/play_arrow:")


def render_problems(course: Course) -> None:
    """Tell a teacher which files of lessons are left out, and why."""
    if course.problems and visitor().is_teacher:
        words = "\n".join(f"- {text.escape(problem)}" for problem in course.problems)
        st.warning(f"Lessons that cannot be shown:\n\n{words}", icon=":material/error:")
