"""A grid of the digits of a split, filtered by class, page by page, and the one clicked, large."""

import streamlit as st

from core.config import CLASSES, RunConfig
from core.data.browsing import SPLITS, DigitImages, load_digits, select_indices
from dashboard.app_pages.data.digit import (
    digit_key,
    pick_digit,
    render_digit,
    render_grey_values,
    render_head,
)
from dashboard.app_pages.data.scrollable import scrollable
from dashboard.parts.controls import choose
from dashboard.parts.data_image import mark_disputed
from dashboard.parts.image_grid import pick_image

_PAGE_SIZES = [10, 20, 40, 80, 160]
_SIZE = 72
_PAGE = "digit_page"


def render_browser(config: RunConfig) -> None:
    """Draw filters, grid, pages and the digit that was clicked."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        split = choose(
            "Split",
            {split: split.title() for split in SPLITS},
            "digit_split",
            "What a run learns from, what it is judged by while it trains, or what it is tested on "
            "at the end.",
            on_change=_first_page,
        )
        classes = st.pills(
            "Classes",
            range(CLASSES),
            selection_mode="multi",
            key="digit_classes",
            bind="query-params",
            on_change=_first_page,
            help="Only images with these labels; without a choice, all.",
        )
        size = st.selectbox(
            "Images a page",
            _PAGE_SIZES,
            index=_PAGE_SIZES.index(40),
            key="digits_a_page",
            bind="query-params",
            on_change=_first_page,
            width=120,
            help="How many digits the grid shows at once.",
        )
    indices = select_indices(config, split, classes)
    grid, large = st.columns([3, 1], gap="large")
    with grid:
        pages = max(1, -(-len(indices) // size))
        slot = st.container()
        page = st.pagination(pages, key=_PAGE, bind="query-params")
        with slot:
            _render_grid(split, load_digits(split, indices[(page - 1) * size : page * size]))
    with large:
        _render_large(split)


def _render_grid(split: str, digits: DigitImages) -> None:
    def show_large(place: int) -> None:
        st.session_state[digit_key(split)] = int(digits.indices[place])

    with scrollable(10 * _SIZE):
        pick_image(
            digits.images,
            [
                mark_disputed(str(label), index, split)
                for index, label in zip(digits.indices, digits.labels, strict=True)
            ],
            key="digit_grid",
            alt=f"{len(digits.images)} digits of the split {split}",
            size=_SIZE,
            on_pick=show_large,
        )


def _render_large(split: str) -> None:
    digit = pick_digit(split)
    if digit is None:
        return
    render_digit(digit, split)
    if st.button(
        "Its grey values",
        icon=":material/grid_on:",
        help="The 28×28 numbers that the image is made of.",
    ):
        _show_grey_values(digit, split)


@st.dialog("Grey values", width=820)
def _show_grey_values(digit: DigitImages, split: str) -> None:
    render_head(digit, split)
    render_grey_values(digit)


def _first_page() -> None:
    st.session_state[_PAGE] = 1
