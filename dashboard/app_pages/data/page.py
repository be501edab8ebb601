"""Data: the digits as they come, how they are prepared, a grid to browse, and each class."""

import streamlit as st

from core.config import TEST_SET, RunConfig
from core.runs.errors import RunError
from dashboard import text
from dashboard.app_pages.data.augmentation import render_augmentation
from dashboard.app_pages.data.classes import render_classes
from dashboard.app_pages.data.digit import render_arrays
from dashboard.app_pages.data.digit_browser import render_browser
from dashboard.app_pages.data.preparation import render_preparation
from dashboard.parts.run_header import find_chosen_run
from dashboard.parts.tabs import render_tabs

_PARTS = {
    "As they come": render_arrays,
    "Preparation": render_preparation,
    "Augmentation": render_augmentation,
    "Browse": render_browser,
    "Classes": render_classes,
}


def pick_split() -> RunConfig:
    """The configuration that decides the split: of the run that the user picks, if any."""
    run = find_chosen_run()
    try:
        config = run.config if run else RunConfig()
    except RunError as error:
        st.warning(
            f"{text.escape(error)}. The default split is shown.", icon=":material/broken_image:"
        )
        config = RunConfig()
    config = RunConfig(  # no more than decides the split, so that runs share what is computed
        seed=config.seed,
        validation_share=config.validation_share,
        training_images=config.training_images,
    )
    st.caption(
        f"Split by seed {config.seed}: **{config.training_size:,}** images to train on, "
        f"**{config.validation_size:,}** for validation, **{TEST_SET:,}** to test."
    )
    return config


render_tabs(_PARTS, "data", pick_split())
