"""How a drawing is prepared as MNIST was, step by step, each of which can be left out."""

import streamlit as st

from core.config import IMAGE_SIDE
from core.drawing import BOX_SIDE, Preparation, Steps
from dashboard.app_pages.draw.drawing_charts import draw_ink

_SIDE = 132


def pick_steps() -> Steps:
    """Let the reader leave steps out."""
    st.markdown(
        "**Prepared as MNIST was**",
        help="A network reads a drawing well only if it is prepared as the digits were that it "
        "learned from. Leave a step out, draw small in a corner, and watch the answer fall apart.",
    )
    with st.container(horizontal=True):
        return Steps(
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


def render_steps(preparation: Preparation) -> None:
    """Draw the canvas after each step."""
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
