"""Compare: in what runs differ, and whether the difference is more than chance."""

import streamlit as st

from dashboard.app_pages.compare.compare_table import render_compare_table
from dashboard.app_pages.compare.compared import pick_pair, require_compared
from dashboard.app_pages.compare.confusion_difference import render_confusion_difference
from dashboard.app_pages.compare.disagreements import render_disagreements
from dashboard.app_pages.compare.pair import load_pair
from dashboard.app_pages.compare.ruler import render_ruler
from dashboard.app_pages.compare.significance import render_better
from dashboard.parts.run_curves import render_histories
from dashboard.session.queries import summaries

runs = summaries()
compared = require_compared(runs)
render_compare_table(compared)
better, curves, confusion, images, ruler = st.tabs(
    ["Really better?", "Curves", "Confusion", "Images", "Ruler"], key="compare", bind="query-params"
)
if better.open:
    with better:
        render_better(load_pair(*pick_pair(compared)), runs)
if curves.open:
    with curves:
        render_histories(
            {one.run: one.history for one in compared}, {one.run: one.title for one in compared}
        )
if confusion.open:
    with confusion:
        render_confusion_difference(load_pair(*pick_pair(compared)))
if images.open:
    with images:
        render_disagreements(load_pair(*pick_pair(compared)))
if ruler.open:
    with ruler:
        render_ruler(compared)
