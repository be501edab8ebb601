"""The fifteen test images whose labels people found wrong, marked wherever one of them is shown."""

import streamlit as st

from core.data import DISPUTED_TEST_LABELS

_WORDS = "label disputed"


def render_disputed_badge(index: int, split: str = "test") -> None:
    """Draw the badge if this image of a split is one of them."""
    if _is_disputed(index, split):
        st.badge(
            _WORDS,
            color="orange",
            icon=":material/flag:",
            help="One of fifteen test images whose labels people found wrong: Northcutt, Athalye "
            "and Mueller 2021.",
        )


def mark_disputed(caption: str, index: int, split: str = "test") -> str:
    """The caption that `draw_image_grid` puts below this image, with a line more if it is one."""
    if not _is_disputed(index, split):
        return caption
    return f'{caption}<br><span style="font-size:10px">{_WORDS}</span>'


def _is_disputed(index: int, split: str) -> bool:
    return split == "test" and index in DISPUTED_TEST_LABELS
