"""Runs: all of them in a table, to find, open, name, download and delete."""

import streamlit as st

from dashboard.app_pages.runs.run_actions import render_actions
from dashboard.app_pages.runs.run_filter import pick_fields, pick_folding, pick_rows
from dashboard.app_pages.runs.run_list import render_run_table
from dashboard.parts.run_header import stop_without_runs
from dashboard.session import dialogs
from dashboard.session.follow import follow_runs
from dashboard.session.queries import summaries

runs = summaries()
follow_runs(runs, dialogs.dialog_run_ids())
if not runs:
    stop_without_runs()
rows = pick_rows(runs)
with st.container(horizontal=True, vertical_alignment="bottom"):
    fields = pick_fields(runs, rows)
    folds = pick_folding(runs)
chosen = render_run_table(runs, rows, fields, folds)
render_actions(chosen)
