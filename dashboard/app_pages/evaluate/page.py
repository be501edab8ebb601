"""Evaluate: how good a run's answers to the test images are, after any of its epochs."""

import streamlit as st

from dashboard.app_pages.evaluate.calibration import render_calibration
from dashboard.app_pages.evaluate.confusion import render_confusion
from dashboard.app_pages.evaluate.errors import render_errors
from dashboard.app_pages.evaluate.evaluation import load_evaluation, render_report, render_scores
from dashboard.app_pages.evaluate.probabilities import render_probabilities
from dashboard.parts.epoch_slider import pick_epoch
from dashboard.parts.run_header import require_run

_PARTS = {
    "Report": render_report,
    "Confusion": render_confusion,
    "Errors": render_errors,
    "Probabilities": render_probabilities,
    "Calibration": render_calibration,
}

run, history = require_run()
epoch = pick_epoch(run, len(history))
evaluation = load_evaluation(run, epoch)
render_scores(evaluation, history["test_loss"].iloc[epoch - 1])
tabs = st.tabs(list(_PARTS), key="evaluate", bind="query-params")
for tab, render_part in zip(tabs, _PARTS.values(), strict=True):
    if tab.open:
        with tab:
            render_part(evaluation)
