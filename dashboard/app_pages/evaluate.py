"""Evaluate: how good a run's answers to the test images are, after any of its epochs."""

import streamlit as st

from dashboard.widgets.calibration import render_calibration
from dashboard.widgets.confusion import render_confusion
from dashboard.widgets.epoch_slider import pick_epoch
from dashboard.widgets.errors import render_errors
from dashboard.widgets.evaluation import load_evaluation, render_report, render_scores
from dashboard.widgets.probabilities import render_probabilities
from dashboard.widgets.run_picker import require_run

_PARTS = {
    "Report": render_report,
    "Confusion": render_confusion,
    "Errors": render_errors,
    "Probabilities": render_probabilities,
    "Calibration": render_calibration,
}

st.title("Evaluate", anchor=False)
st.caption("Right and wrong answers: report, confusion matrix, errors, probabilities, calibration.")
run, history = require_run()
epoch = pick_epoch(run, len(history))
evaluation = load_evaluation(run, epoch)
render_scores(evaluation, history["test_loss"].iloc[epoch - 1])
tabs = st.tabs(list(_PARTS), key="evaluate", bind="query-params")
for tab, render_part in zip(tabs, _PARTS.values(), strict=True):
    if tab.open:
        with tab:
            render_part(evaluation)
