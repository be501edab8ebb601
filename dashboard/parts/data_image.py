"""One image of the data set: its number, its label, and whether people found that label wrong."""

import streamlit as st

from core.config import TEST_SET, TRAINING_SET
from core.data import DISPUTED_TEST_LABELS

_DISPUTED = "label disputed"


def pick_image_number(key: str, split: str = "test", placeholder: str | None = None) -> int | None:
    """Let the user give the number of an image of the split; None if they give none."""
    kind, size = ("test", TEST_SET) if split == "test" else ("training", TRAINING_SET)
    return st.number_input(
        f"{kind.title()} image",
        0,
        size - 1,
        value=None,
        key=key,
        bind="query-params",
        placeholder=placeholder,
        help=f"Its number among the {size:,} {kind} images, from 0.",
    )


def render_image_head(
    index: int, label: int, predicted: int | None = None, split: str = "test"
) -> None:
    """Say which image it is, its label and, if a network predicted one, whether it was right."""
    with st.container(horizontal=True, vertical_alignment="center"):
        if predicted is None:
            st.markdown(f"No. {index:,}: a **{label}**", width="content")
        else:
            words = f"No. {index:,}: true label **{label}**, predicted **{predicted}**"
            st.markdown(words, width="content")
            right = label == predicted
            st.badge("right" if right else "wrong", color="green" if right else "red")
        render_disputed_badge(index, split)


def render_disputed_badge(index: int, split: str = "test") -> None:
    """Draw the badge if the label of this image is one of the fifteen."""
    if _is_disputed(index, split):
        st.badge(
            _DISPUTED,
            color="orange",
            icon=":material/flag:",
            help="One of fifteen test images whose labels people found wrong: Northcutt, Athalye "
            "and Mueller 2021.",
        )


def mark_disputed(caption: str, index: int, split: str = "test") -> str:
    """The caption that `draw_image_grid` puts below this image, with a line more if it is one."""
    if not _is_disputed(index, split):
        return caption
    return f'{caption}<br><span style="font-size:10px">{_DISPUTED}</span>'


def _is_disputed(index: int, split: str) -> bool:
    return split == "test" and index in DISPUTED_TEST_LABELS
