"""Layers: inside the network."""

import streamlit as st

from dashboard.app_pages.layers.digit_in_network import render_digit_in_network
from dashboard.app_pages.layers.first_layer import render_first_layer
from dashboard.app_pages.layers.layer_table import render_layer_table
from dashboard.app_pages.layers.weights import render_weights
from dashboard.parts.run_header import require_run
from dashboard.parts.tabs import render_tabs
from dashboard.parts.worker_errors import explain_worker_errors

_VIEWS = {
    "Layers": render_layer_table,
    "First-layer pictures": render_first_layer,
    "Weights": render_weights,
    "One digit": render_digit_in_network,
}

run, _ = require_run()
st.caption(f"The network as it stands, after epoch {run.network_epoch}.")
with explain_worker_errors():
    render_tabs(_VIEWS, "layers_view", run)
