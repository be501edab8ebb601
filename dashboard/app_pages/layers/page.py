"""Layers: inside the network."""

from dashboard.app_pages.layers.digit_in_network import render_digit_in_network
from dashboard.app_pages.layers.first_layer import render_first_layer
from dashboard.app_pages.layers.layer_table import render_layer_table
from dashboard.app_pages.layers.weights import render_weights
from dashboard.parts.epoch_slider import pick_kept_epoch
from dashboard.parts.messages import explain_worker_errors
from dashboard.parts.run_header import require_run
from dashboard.parts.tabs import render_tabs

_VIEWS = {
    "One digit": render_digit_in_network,
    "First-layer pictures": render_first_layer,
    "Weights": render_weights,
    "Layers": render_layer_table,
}

run, _ = require_run()
with explain_worker_errors():
    render_tabs(_VIEWS, "layers_view", run, pick_kept_epoch(run))
