"""Curves: loss and accuracy of runs, and why the two kinds of training loss differ."""

from dashboard.app_pages.curves.two_losses import render_two_losses
from dashboard.parts.run_curves import render_run_curves
from dashboard.parts.tabs import render_tabs

render_tabs({"Runs": render_run_curves, "Two training losses": render_two_losses}, "curves")
