"""Draw: a digit that the user draws, and what networks make of it."""

from core.runs import Run
from dashboard.app_pages.draw.drawing import render_drawing
from dashboard.app_pages.draw.handwriting import render_handwriting
from dashboard.app_pages.draw.teach import HANDWRITING, TABS
from dashboard.parts.epoch_slider import pick_kept_epoch
from dashboard.parts.messages import explain_worker_errors
from dashboard.parts.run_header import require_run
from dashboard.parts.tabs import render_tabs


def render_one_digit(run: Run) -> None:
    """Draw the square, and what the network says of it after the epoch that the user picks."""
    with explain_worker_errors():
        render_drawing(run, pick_kept_epoch(run))


run, _ = require_run()
render_tabs({"One digit": render_one_digit, HANDWRITING: render_handwriting}, TABS, run)
