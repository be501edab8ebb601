"""One image of the data set: which, by its number, and the numbers that it is made of."""

import numpy as np
import pandas as pd
import streamlit as st

from core.config import RunConfig
from core.data.browsing import DigitImages, load_digits
from core.data.preparation import describe_arrays
from dashboard import text
from dashboard.app_pages.data.digit_charts import GREY_VALUES_SIZE, draw_grey_values
from dashboard.app_pages.data.scrollable import scrollable
from dashboard.charts.images import enlarge
from dashboard.parts.controls import choose
from dashboard.parts.data_image import pick_image_number, render_image_head
from dashboard.session.cache import cached

_SETS = {"train": "training", "test": "test"}
_CONTENT = {
    "x_train": "training images",
    "y_train": "their labels",
    "x_test": "test images",
    "y_test": "their labels",
}


def digit_key(split: str) -> str:
    """The key of the number of the image that is looked at; train and validation share theirs."""
    return "test_digit" if split == "test" else "training_digit"


def pick_digit(split: str, placeholder: str = "click a digit, or its number") -> DigitImages | None:
    """Let the user give the number of an image; return it, if they do."""
    number = pick_image_number(digit_key(split), split, placeholder)
    return None if number is None else load_digits(split, np.array([number]))


def pick_digit_or_first(split: str) -> DigitImages:
    """Let the user give the number of an image; return it, or the first."""
    return pick_digit(split, placeholder="0") or load_digits(split, np.array([0]))


def render_head(digit: DigitImages, split: str) -> None:
    """Say which image of the split it is, and its label."""
    render_image_head(int(digit.indices[0]), int(digit.labels[0]), split=split)


def render_digit(digit: DigitImages, split: str, width: int = 224) -> None:
    """Draw the image large, with its label; `width` in pixels."""
    render_head(digit, split)
    alt = f"Image {digit.indices[0]}, a {digit.labels[0]}"
    st.image(enlarge(digit.images[0]), width=width, alt=alt)


def render_grey_values(digit: DigitImages) -> None:
    """Draw the 28×28 numbers of the image; on a narrow screen they can be scrolled."""
    with scrollable(GREY_VALUES_SIZE):
        st.plotly_chart(
            draw_grey_values(digit.images[0]),
            key="grey_values",
            theme=None,
            config={"displayModeBar": False},
            alt=f"The 28×28 grey values of a {digit.labels[0]}",
        )


def render_arrays(_: RunConfig) -> None:
    """Draw what the data set consists of, and the grey values of an image that the user picks."""
    picker, values = st.columns([1, 2], gap="large")
    with picker:
        st.table(
            _array_table(cached(describe_arrays)),
            hide_index=True,
            alt="The four arrays of the data set",
        )
        split = choose(
            "Set",
            _SETS,
            "digit_set",
            "The 60,000 training images, of which a run holds some out, or the 10,000 for "
            "the test.",
        )
        digit = pick_digit_or_first(split)
        render_digit(digit, split)
        st.caption("0 is black, the paper; 255 is white, the ink.")
    with values:
        render_grey_values(digit)


def _array_table(facts: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "Array": [f"`{name}`" for name in facts["array"]],
            "Holds": facts["array"].map(_CONTENT),
            "Shape": facts["shape"].map(str),
            "Type": facts["dtype"],
            "Values": [
                text.range_text(*ends) for ends in facts[["low", "high"]].itertuples(index=False)
            ],
        }
    )
