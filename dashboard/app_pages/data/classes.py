"""The ten classes: how many images each has, and what they look like on average."""

import numpy as np
import streamlit as st

from core.config import CLASSES, RunConfig
from core.data.browsing import class_counts, training_class_images
from dashboard.app_pages.data.digit_charts import draw_class_counts
from dashboard.app_pages.data.scrollable import scrollable
from dashboard.charts.images import draw_image_grid
from dashboard.session.cache import cached

_SIZE = 110
_DIGITS = [str(digit) for digit in range(CLASSES)]


def render_classes(config: RunConfig) -> None:
    """Draw images per class in each split, and the mean and spread image of each class."""
    st.plotly_chart(
        draw_class_counts(cached(class_counts, config)),
        key="class_counts",
        config={"displayModeBar": False},
        alt="Images per class in train, validation and test",
    )
    mean, spread = cached(training_class_images, config)
    for title, images, explanation in (
        ("Mean image", mean, "The average of all training images of a class, pixel by pixel."),
        (
            "Spread",
            255 * spread / spread.max(),
            "The standard deviation of each pixel within a class: bright where people write the "
            "digit differently. White is the largest of all.",
        ),
    ):
        st.markdown(f"**{title}**", help=explanation)
        with scrollable(CLASSES * _SIZE):
            st.plotly_chart(
                draw_image_grid(np.rint(images).astype(np.uint8), _DIGITS, size=_SIZE),
                key=title,
                config={"displayModeBar": False},
                alt=f"{title} of each class",
            )
