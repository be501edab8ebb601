"""Learn: the course, a lesson after another, each asked before it is shown."""

import streamlit as st

from core.course.load import load_course
from dashboard.app_pages.learn.lesson_view import render_lesson
from dashboard.app_pages.learn.overview import render_overview, render_problems
from dashboard.session.linked import LESSON

course = load_course()
chosen = LESSON.read()
render_problems(course)
if chosen in course.lessons:
    render_lesson(course.lessons[chosen], list(course.lessons))
else:
    if chosen:
        st.warning("There is no such lesson.", icon=":material/search_off:")
        LESSON.choose(None)
    render_overview(course)
