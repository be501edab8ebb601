"""Compare: in what runs differ, and whether the difference is more than chance."""

import streamlit as st

from dashboard.resources import summaries
from dashboard.widgets.better import render_better
from dashboard.widgets.compare_table import render_compare_table
from dashboard.widgets.compared import pick_pair, require_compared
from dashboard.widgets.confusion_difference import render_confusion_difference
from dashboard.widgets.disagreements import render_disagreements
from dashboard.widgets.pair import load_pair
from dashboard.widgets.ruler import render_ruler
from dashboard.widgets.run_curves import render_histories

st.title("Compare", anchor=False)
st.caption("In what runs differ, and whether one is really better than another.")
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
