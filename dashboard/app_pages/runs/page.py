"""Runs: all of them in a table, to find, open, name, take away and delete."""

import streamlit as st

from dashboard.app_pages.runs.run_actions import render_actions
from dashboard.app_pages.runs.run_filter import pick_fields, pick_rows
from dashboard.app_pages.runs.run_list import pick_runs, require_runs
from dashboard.session import state
from dashboard.session.follow import follow_runs
from dashboard.session.resources import summaries

st.title("Runs", anchor=False)
st.caption("All runs: sort, filter and search them; choose some to open, compare or delete.")
runs = summaries()
follow_runs(runs, about=state.dialog_runs())
require_runs(runs)
rows = pick_rows(runs)
chosen = pick_runs(runs, rows, pick_fields(runs, rows))
render_actions(chosen)
