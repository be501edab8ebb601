"""How augmentation changes an image: variants by sliders, beside those that the form makes."""

import streamlit as st

from core.config import Group, RunConfig, hyperparameters
from core.data import Images
from core.engine import calls
from dashboard.app_pages.data.digit import pick_digit_or_first, render_digit
from dashboard.app_pages.data.scrollable import scrollable
from dashboard.charts.images import draw_image_grid
from dashboard.parts.controls import render_control
from dashboard.parts.messages import explain_worker_errors
from dashboard.session import form
from dashboard.session.cache import call_worker_once

_FIELDS = hyperparameters(Group.AUGMENTATION)
_START = {"rotation": 10.0, "zoom": 0.1, "shear": 0.1, "shift": 1.5, "elastic": 0.5}
_COUNT, _COLUMNS, _SIZE = 24, 6, 64
_EPOCH = "augmentation_epoch"


def render_augmentation(_: RunConfig) -> None:
    """Draw a training image and its variants: by the sliders, and by the form of Train."""
    st.markdown(
        "A network that sees each image anew in every epoch, a little turned, stretched, moved or "
        "bent, learns what makes a digit, and not where its pixels lie. Only what it learns from "
        "is changed: it is measured on the images as they are."
    )
    formed = form.current_config()
    controls, sliders, of_form = st.columns([4, 7, 7], gap="large")
    with controls:
        digit = pick_digit_or_first("train")
        render_digit(digit, "train", width=112)
        values = {}
        for field in _FIELDS:
            values[field.name] = render_control(
                field, _key(field.name), value=_START[field.name], bind="query-params"
            )
        chosen = formed.model_copy(update=values)
        st.button(
            "Set them to the form's",
            key="set_to_form",
            icon=":material/sync:",
            on_click=_set_sliders,
            args=(formed,),
            disabled=chosen == formed,
        )
        epoch = st.number_input(
            "Epoch", 1, 200, key=_EPOCH, help="In every epoch an image is changed differently."
        )
    for column, heading, config in (
        (sliders, "By these sliders", chosen),
        (of_form, "By the form of Train", formed),
    ):
        with column:
            _render_variants(heading, config, digit.images[0], int(epoch))
    with sliders:
        st.page_link(
            "app_pages/train/page.py",
            label="Put them into the form",
            icon=":material/tune:",
            query_params=form.link_to(chosen),
        )


def _render_variants(heading: str, config: RunConfig, image: Images, epoch: int) -> None:
    st.markdown(f"**{heading}**")
    if not config.is_augmented:
        st.caption("All five are 0: in every epoch the network sees the image as it is.")
        return
    st.caption(
        ", ".join(f"{field.title.lower()} {getattr(config, field.name):g}" for field in _FIELDS)
    )
    with explain_worker_errors("The variants cannot be shown"):
        variants = call_worker_once(calls.draw_variants, config, image, _COUNT, epoch)
        with scrollable(_COLUMNS * _SIZE):
            st.plotly_chart(
                draw_image_grid(variants, columns=_COLUMNS, size=_SIZE),
                key=heading,
                config={"displayModeBar": False},
                alt=f"{_COUNT} variants of the image: {heading.lower()}",
            )


def _set_sliders(config: RunConfig) -> None:
    for field in _FIELDS:
        st.session_state[_key(field.name)] = getattr(config, field.name)


def _key(name: str) -> str:
    return f"vary_{name}"
