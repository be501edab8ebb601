"""Evaluate: how good a run's answers to the test images are, after any of its epochs."""

from dashboard.app_pages.evaluate.calibration import render_calibration
from dashboard.app_pages.evaluate.confusion import render_confusion
from dashboard.app_pages.evaluate.errors import render_errors
from dashboard.app_pages.evaluate.evaluation import load_evaluation, render_report, render_scores
from dashboard.app_pages.evaluate.probabilities import render_probabilities
from dashboard.parts.epoch_slider import pick_epoch
from dashboard.parts.run_header import require_run
from dashboard.parts.tabs import render_tabs

_PARTS = {
    "Confusion": render_confusion,
    "Report": render_report,
    "Errors": render_errors,
    "Probabilities": render_probabilities,
    "Calibration": render_calibration,
}

run, history = require_run()
epoch = pick_epoch(run, len(history))
evaluation = load_evaluation(run, epoch)
render_scores(evaluation, history["test_loss"].iloc[epoch - 1])
render_tabs(_PARTS, "evaluate", evaluation)
