"""The steps from the images as they come to what a network is fed, and the notebook's scaler."""

import numpy as np
import streamlit as st

from core.config import RunConfig
from core.data.preparation import (
    PreparationStep,
    ScalerDifference,
    preparation_steps,
    scaler_difference,
)
from dashboard import text
from dashboard.app_pages.data.digit_charts import as_picture, draw_stretch
from dashboard.charts.images import draw_image_grid
from dashboard.session.cache import cached

_EXPLANATIONS = {
    "flatten": "each image's 28 rows, one after another, become a vector",
    "float32": "whole numbers become floating-point numbers",
    "scale": "grey values are divided by 255",
    "one-hot": "each label becomes ten numbers, a 1 at its digit",
    "split: train": "these images the run learns from",
    "split: validation": "these it is judged by, and never learns from",
}


def render_preparation(config: RunConfig) -> None:
    """Draw the steps as a table, and how the notebook's scaler differs from dividing by 255."""
    with st.grid(1, min_column_width=900, wrap=False):
        st.table(
            [_row(step) for step in cached(preparation_steps, config)],
            hide_index=True,
            alt="Steps of the preparation",
        )
    st.caption("The 10,000 test images go the same way; they are never split.")
    st.header("Why divide by 255, and not as the notebook does?", anchor=False)
    _render_scaler(cached(scaler_difference))


def _row(step: PreparationStep) -> dict[str, str]:
    before, after = step.before, step.after
    return {
        "Step": f"**{step.name}**",
        "What happens": _EXPLANATIONS[step.name],
        "Shape before": str(before.shape),
        "Shape after": str(after.shape),
        "Type before": before.dtype,
        "Type after": after.dtype,
        "Values before": text.range_text(before.low, before.high),
        "Values after": text.range_text(after.low, after.high),
    }


def _render_scaler(difference: ScalerDifference) -> None:
    st.markdown(
        "The notebook fits a min-max scaler to **each pixel** over the training images. Of the 784 "
        f"pixels it stretches {difference.stretched_pixels} that never reach 255 there, up to "
        f"{np.nanmax(difference.stretch):.0f} times, and leaves {difference.blank_pixels} that are "
        f"never inked there as they come, so that {difference.values_above_one} values of the test "
        "images end above 1. Divided by 255, every image is prepared alike, a digit that you draw "
        "too."
    )
    stretch, example = st.columns(2, gap="large")
    with stretch:
        st.markdown("**How many times each pixel is stretched**; never inked: grey")
        st.plotly_chart(
            draw_stretch(difference),
            key="stretch",
            config={"displayModeBar": False},
            alt="Stretch of each pixel by the notebook's scaler: strongest at the rim",
        )
    with example:
        st.markdown(
            f"**Test image {difference.image_index:,}**, which the two treat most differently: "
            f"the scaler makes its largest value {difference.rescaled.max():g}"
        )
        st.plotly_chart(
            draw_image_grid(
                np.stack([as_picture(difference.divided), as_picture(difference.rescaled)]),
                ["divided by 255", "min-max per pixel"],
                size=220,
            ),
            key="scaled",
            config={"displayModeBar": False},
            alt="The same digit under both scalings",
        )
