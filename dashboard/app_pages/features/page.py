"""Features: a map of what a layer makes of the digits."""

from dashboard.app_pages.features.map_form import pick_map
from dashboard.app_pages.features.map_panel import render_map
from dashboard.parts.run_header import require_run

run, _ = require_run()
request = pick_map(run.config)
if request:
    render_map(run, request)
