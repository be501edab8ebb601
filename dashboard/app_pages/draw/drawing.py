"""Draws the canvas and, after each stroke, what the network says of the drawing."""

import streamlit as st

from core.config import IMAGE_SIDE
from core.drawing import BOX_SIDE, DrawingSteps, PreparedDrawing, prepare
from core.drawing.answers import Reading
from core.drawing.separate import separate_digits
from core.engine import calls
from core.runs import Run
from dashboard.access.visitor import visitor
from dashboard.app_pages.draw.canvas import SCENE, has_square, pick_canvas
from dashboard.app_pages.draw.drawing_charts import draw_ink
from dashboard.app_pages.draw.drawing_views import render_views
from dashboard.app_pages.draw.label_drawing import render_label_buttons
from dashboard.app_pages.draw.several_digits import finish_digit, pick_digit
from dashboard.app_pages.draw.teach import render_teaching_progress
from dashboard.live.components import (
    PICTURE_HELP,
    Served,
    describe_network,
    render_answer,
    render_picture,
    render_steps,
)
from dashboard.parts.messages import explain_worker_errors
from dashboard.session.cache import call_worker_uncached

NOTHING_DRAWN = "Draw a digit in the square, or give a picture of one."
_SIDE = 132
"""Width of the picture of a step, in pixels."""


@st.fragment
def render_drawing(run: Run, epoch: int) -> None:
    """Draw the square, the answer and all that explains it; a stroke runs this, not the page.

    The answer and the picture of the network follow the pen, as the browser computes them; when a
    stroke ends, the server's answer takes over, and what is kept is by that.
    """
    left, right = st.columns([2, 3], gap="large")
    with left:
        picked = pick_canvas()
    with right:
        answer = st.container(key="drawing_answer")
        with explain_worker_errors():
            render_teaching_progress(run, visitor().name)
    _render_network(run, epoch)
    strip = st.container(key="drawing_steps")
    with strip:
        steps = _pick_steps()
        if has_square():
            render_steps(SCENE)
    digits = [prepare(one, steps) for one in separate_digits(picked.canvas)] if picked else []
    chosen, preparation, reading = 0, None, None
    with answer, explain_worker_errors():
        if picked and not digits[0].is_empty:
            if picked.note:
                st.caption(picked.note)
            chosen = pick_digit(run, epoch, digits, picked.source)
            preparation = digits[chosen]
            reading = _read(run, epoch, preparation)
    with answer:
        render_answer(
            SCENE,
            run,
            epoch,
            Served(preparation.image, reading.probabilities, reading.activations)
            if preparation and reading
            else None,
            empty="" if reading else NOTHING_DRAWN,
            steps=steps if has_square() else None,
            chosen=chosen,
        )
    if not preparation or not reading:
        return
    with answer:
        answered = int(reading.probabilities.argmax())
        render_label_buttons(preparation.image, answered, finish_digit)
    if not has_square():
        with strip:
            _render_steps(preparation)
    with explain_worker_errors():
        render_views(run, epoch, preparation.image, reading)


def _read(run: Run, epoch: int, preparation: PreparedDrawing) -> Reading:
    reading: Reading = call_worker_uncached(calls.read_image, run, epoch, preparation.image)
    return reading


def _render_network(run: Run, epoch: int) -> None:
    """Draw the picture of the network, which reads what is drawn."""
    network = describe_network(run, epoch)
    st.markdown("**Inside the network**", help=network["problem"] or PICTURE_HELP)
    render_picture(SCENE, run.config, network=network)


def _pick_steps() -> DrawingSteps:
    """Let the user leave steps out."""
    st.markdown(
        "**Prepared as MNIST was**",
        help="A network reads a drawing well only if it is prepared as the digits were that it "
        "learned from. Leave a step out, draw small in a corner, and watch the answer fall apart.",
    )
    with st.container(horizontal=True):
        return DrawingSteps(
            crop=_switch("Crop to the ink", "step_crop", "Otherwise the whole square is scaled."),
            shrink=_switch(
                f"Fit {BOX_SIDE}×{BOX_SIDE}",
                "step_fit",
                f"Otherwise the digit fills the {IMAGE_SIDE}×{IMAGE_SIDE}.",
            ),
            center=_switch(
                "Centre",
                "step_centre",
                "The centre of mass to the middle. Otherwise the digit stays where it was drawn.",
            ),
        )


def _render_steps(preparation: PreparedDrawing) -> None:
    """Draw the picture after each step."""
    fitted = len(preparation.scaled)
    pictures = {
        "canvas": preparation.canvas,
        "cropped": preparation.cropped,
        f"{fitted}×{fitted}": preparation.scaled,
        f"{IMAGE_SIDE}×{IMAGE_SIDE}": preparation.image,
    }
    with st.container(horizontal=True):
        for name, ink in pictures.items():
            st.image(draw_ink(ink, _SIDE), caption=name, width=_SIDE, alt=f"The drawing, {name}")


def _switch(label: str, key: str, explanation: str) -> bool:
    return st.toggle(label, value=True, key=key, bind="query-params", help=explanation)
