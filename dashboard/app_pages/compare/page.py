"""Compare: in what runs differ, and whether the difference is more than chance."""

from dashboard.app_pages.compare.compare_table import render_compare_table
from dashboard.app_pages.compare.compared import pick_pair, require_compared
from dashboard.app_pages.compare.confusion_difference import render_confusion_difference
from dashboard.app_pages.compare.disagreements import render_disagreements
from dashboard.app_pages.compare.published_errors import render_published_errors
from dashboard.app_pages.compare.significance import render_significance
from dashboard.parts.run_curves import render_histories
from dashboard.parts.tabs import render_tabs
from dashboard.session.queries import summaries


def render_compared_curves() -> None:
    """Draw the curves of all that are compared."""
    names = {one.run: one.title for one in compared}
    render_histories({one.run: one.history for one in compared}, names)


compared = require_compared()
render_compare_table(compared)
render_tabs(
    {
        "Really better?": lambda: render_significance(pick_pair(compared), summaries()),
        "Curves": render_compared_curves,
        "Confusion": lambda: render_confusion_difference(pick_pair(compared)),
        "Images": lambda: render_disagreements(pick_pair(compared)),
        "Ruler": lambda: render_published_errors(compared),
    },
    "compare",
)
