"""A drawing as it is drawn, and what the network says of it after each stroke."""

import streamlit as st

from core.drawing import Preparation, prepare
from core.drawing.answers import Reading
from core.engine import calls
from core.runs import Run
from dashboard import text
from dashboard.app_pages.draw.canvas import pick_canvas
from dashboard.app_pages.draw.drawing_steps import pick_steps, render_steps
from dashboard.app_pages.draw.drawing_views import render_views
from dashboard.app_pages.draw.label_drawing import ask_for_label
from dashboard.charts.answer import draw_answer
from dashboard.parts.worker_errors import explain_worker_errors
from dashboard.session.sharing import ask_worker_anew


@st.fragment
def render_drawing(run: Run, epoch: int) -> None:
    """Draw the square, the answer and all that explains it; a stroke runs this, not the page.

    The answer comes first: what else there is follows while one looks at it.
    """
    left, right = st.columns([2, 3], gap="large")
    with left:
        canvas = pick_canvas()
    with right:
        answer = st.container(key="drawing_answer")
        strip = st.container(key="drawing_steps")
    with strip:
        steps = pick_steps()
    preparation = None if canvas is None else prepare(canvas, steps)
    if preparation is None or preparation.is_empty:
        with answer:
            st.info("Draw a digit in the square, or give a picture of one.", icon=":material/draw:")
        return
    with explain_worker_errors():
        with answer:
            reading = _answer(run, epoch, preparation)
        with strip:
            render_steps(preparation)
        render_views(run, epoch, preparation.image, reading)


def _answer(run: Run, epoch: int, preparation: Preparation) -> Reading:
    """Draw what the network takes the drawing for."""
    reading: Reading = ask_worker_anew(calls.read_image, run, epoch, preparation.image)
    second, first = reading.probabilities.argsort(kind="stable")[-2:].tolist()
    sure, less = (text.percent(reading.probabilities[digit]) for digit in (first, second))
    st.markdown(f"### Read as {first} &ensp; :small[{sure} sure; next {second}, {less}]")
    st.echarts_chart(
        draw_answer(reading.probabilities),
        key="drawn_answer",
        height=220,
        alt="Ten probabilities of the drawing",
    )
    ask_for_label(preparation.image, first)
    return reading
