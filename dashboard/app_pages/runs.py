"""Runs: all of them in a table, to find, open, name, take away and delete."""

import streamlit as st

from dashboard import state
from dashboard.resources import summaries
from dashboard.widgets.follow import follow_runs
from dashboard.widgets.run_actions import render_actions
from dashboard.widgets.run_filter import pick_fields, pick_rows
from dashboard.widgets.run_list import pick_runs, require_runs

st.title("Runs", anchor=False)
st.caption("All runs: sort, filter and search them; choose some to open, compare or delete.")
runs = summaries()
follow_runs(runs, about=state.dialog_runs())
require_runs(runs)
rows = pick_rows(runs)
chosen = pick_runs(runs, rows, pick_fields(runs, rows))
render_actions(chosen)
