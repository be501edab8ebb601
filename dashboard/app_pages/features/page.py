"""Features: a map of what a layer makes of the digits."""

import streamlit as st

from dashboard.app_pages.features.map_form import pick_map
from dashboard.app_pages.features.map_panel import render_map
from dashboard.parts.run_picker import require_run

st.title("Features", anchor=False)
st.caption(
    "A map of what a layer makes of the digits: images that the network finds alike lie together."
)
run, _ = require_run()
request = pick_map(run.config)
if request:
    render_map(run, request)
