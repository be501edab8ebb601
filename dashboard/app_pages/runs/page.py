"""Runs: all of them in a table, to find, open, name, download and delete."""

from dashboard.app_pages.runs.run_actions import render_actions
from dashboard.app_pages.runs.run_filter import pick_fields, pick_rows
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
chosen = render_run_table(runs, rows, pick_fields(runs, rows))
render_actions(chosen)
