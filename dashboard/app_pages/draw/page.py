"""Draw: a digit of the reader's own, and what networks make of it."""

import streamlit as st

from dashboard.app_pages.draw.drawing import render_drawing
from dashboard.app_pages.draw.handwriting import render_handwriting
from dashboard.parts.kept_epoch import pick_kept_epoch
from dashboard.parts.run_header import require_run
from dashboard.parts.worker_errors import explain_silence

run, history = require_run()
drawing, handwriting = st.tabs(["One digit", "My handwriting"], key="draw", bind="query-params")
if drawing.open:
    with drawing, explain_silence():
        render_drawing(run, pick_kept_epoch(run, len(history)))
if handwriting.open:
    with handwriting:
        render_handwriting(run)
