"""One lesson: its four steps, of which each opens when the one before is done."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import streamlit as st

from core.course.checks import find_active, find_finished, run_ids
from core.course.glossary import words_in
from core.course.lesson import Lesson
from core.course.progress import LessonProgress, StepName
from core.runs.summary import Summary
from dashboard import text
from dashboard.app_pages.learn.explanation import render_explanation
from dashboard.app_pages.learn.needed_runs import render_needed_runs
from dashboard.course.links import LEARN, find_link, link_to, render_link, say_how_far
from dashboard.course.standing import advance, change_progress, own_runs, read_progress
from dashboard.parts.run_header import render_words
from dashboard.session.linked import LESSON
from dashboard.session.live_refresh import RefreshRate, draw_live

_PAGE = "learn"
_refresh_rate = RefreshRate(fastest=1.0)
_HEADINGS = {
    StepName.PREDICT: ("Predict", "What do you expect?"),
    StepName.DO: ("Do", "Try it."),
    StepName.SEE: ("See", "Look at it."),
    StepName.EXPLAIN: ("Explain", "What happened, and what you expected."),
}


def render_lesson(lesson: Lesson, lesson_ids: Sequence[str]) -> None:
    """Draw the lesson as far as the visitor is; `lesson_ids` are all lessons', in order."""
    _render_head(lesson, lesson_ids)
    runs = own_runs(lesson)
    progress = advance(lesson, _PAGE, runs)
    if progress.prediction is not None and progress.step:
        change_progress(lambda before: before.take_up(lesson.id))  # also after it was left
    ids = run_ids(lesson, runs)
    if progress.prediction is not None and (progress.step or ids is None):
        _follow(lesson, progress, runs)
    with _step(StepName.PREDICT, progress):
        _render_prediction(lesson, progress)
    with _step(StepName.DO, progress) as is_open:
        if is_open:
            _render_do(lesson, progress, runs)
    with _step(StepName.SEE, progress) as is_open:
        if is_open:
            st.markdown(lesson.see.text)
            if ids is not None and (link := link_to(lesson.see, ids)):
                render_link(link)
    with _step(StepName.EXPLAIN, progress) as is_open:
        if is_open and render_explanation(lesson, progress, runs) and progress.step:
            change_progress(lambda before: before.finish(lesson.id, StepName.EXPLAIN))
            if read_progress().of(lesson.id).step is None:
                st.rerun()  # which shows that it is done
    _render_foot(lesson, lesson_ids, progress)


def _render_head(lesson: Lesson, lesson_ids: Sequence[str]) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "All lessons",
            icon=":material/arrow_back:",
            key="all_lessons",
            type="tertiary",
            on_click=LESSON.choose,
            args=(None,),
        )
        st.caption(
            f"Lesson {lesson_ids.index(lesson.id) + 1} of {len(lesson_ids)}", width="content"
        )
    with st.container(horizontal=True, vertical_alignment="center"):
        st.header(text.escape(lesson.title), anchor=False, width="content")
        render_words(words_in(lesson.texts))
    st.caption(lesson.sentence)


@contextmanager
def _step(step: StepName, progress: LessonProgress) -> Iterator[bool]:
    """Draw the frame and the heading of a step; gives whether it is open to the visitor."""
    title, sentence = _HEADINGS[step]
    is_open = step in progress.done or step is progress.step
    with st.container(border=True, key=f"step_{step}"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.subheader(title, anchor=False, width="content")
            if step in progress.done:
                st.badge("done", color="green", icon=":material/check:")
            elif not is_open:
                st.badge("later", color="gray", icon=":material/lock:")
            st.caption(sentence, width="content")
        yield is_open


def _render_prediction(lesson: Lesson, progress: LessonProgress) -> None:
    predict = lesson.predict
    st.markdown(predict.text)
    st.markdown(f"**{predict.question}**")
    if progress.prediction is not None:
        st.markdown(f"You said: **{progress.prediction}**")
        return
    answer = st.radio(
        predict.question,
        [answer.text for answer in predict.answers],
        index=None,
        key=f"answer_{lesson.id}",
        label_visibility="collapsed",
    )
    st.button(
        "This is what I expect",
        key="predict",
        type="primary",
        icon=":material/check:",
        disabled=answer is None,
        on_click=_predict,
        args=(lesson.id, answer),
        help="It is kept for you alone, and shown beside what happens.",
    )


def _predict(lesson: str, answer: str) -> None:
    change_progress(lambda progress: progress.predict(lesson, answer))


def _render_do(lesson: Lesson, progress: LessonProgress, runs: Sequence[Summary]) -> None:
    st.markdown(lesson.do.text)
    render_needed_runs(lesson, runs)
    if link := find_link(lesson, LessonProgress(done=frozenset({StepName.PREDICT})), runs):
        render_link(link)
    if progress.step is StepName.DO and (how_far := say_how_far(lesson, progress, runs)):
        st.caption(how_far)


def _follow(lesson: Lesson, progress: LessonProgress, runs: Sequence[Summary]) -> None:
    """Rerun the page when something is done or a run goes on, here or in another tab."""
    seen = progress, _fingerprint(lesson, runs)

    def rerun_if_changed(_every: float) -> None:
        now = own_runs(lesson)
        if (advance(lesson, _PAGE, now), _fingerprint(lesson, now)) != seen:
            st.rerun()

    draw_live(rerun_if_changed, _refresh_rate)


def _fingerprint(lesson: Lesson, runs: Sequence[Summary]) -> object:
    """Another value when one of the lesson's runs begins, ends, ends an epoch or is deleted."""
    active = [run for run in find_active(lesson, runs) if run]
    states = [(run.id, run.status.state, run.status.epoch) for run in active]
    return states, [run and run.id for run in find_finished(lesson, runs)]


def _render_foot(lesson: Lesson, lesson_ids: Sequence[str], progress: LessonProgress) -> None:
    if progress.prediction is None:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        if progress.step is None:
            _render_next_lesson(lesson_ids[lesson_ids.index(lesson.id) + 1 :])
        st.button(
            "Start over",
            key="begin_again",
            type="tertiary",
            icon=":material/replay:",
            on_click=change_progress,
            args=(lambda before: before.begin_again(lesson.id),),
            help="Forget the prediction and what was done. Runs and drawings stay.",
        )


def _render_next_lesson(following: Sequence[str]) -> None:
    if following and st.button(
        "Next lesson", key="next_lesson", type="primary", icon=":material/school:"
    ):
        st.switch_page(LEARN, query_params={"lesson": following[0]})
