"""Train: a form, a picture of the network, and the run as it learns."""

import streamlit as st

from core.config import RunConfig
from core.config.architecture import count_parameters
from dashboard import text
from dashboard.app_pages.train.live_panel import render_live_panel
from dashboard.app_pages.train.network_chart import describe_network, draw_network
from dashboard.app_pages.train.result import render_suggestions
from dashboard.parts.config_form import render_config_form
from dashboard.parts.run_header import find_chosen_run
from dashboard.parts.start import start_runs
from dashboard.session import form, linked
from dashboard.session.queries import estimate_seconds


def start_run(config: RunConfig) -> None:
    """Queue a run of `config` and watch it."""
    for run in start_runs([(config, st.session_state["run_name"])]):
        linked.RUN.choose(run.id)


def render_network(config: RunConfig) -> None:
    """Draw the network with its parameters, and say how long it will train."""
    seconds, learned = estimate_seconds(config)
    st.echarts_chart(draw_network(config), key="network", height=280, alt=describe_network(config))
    parameters = f"**{count_parameters(config):,}** parameters"
    images = f"**{config.training_size:,}** images to learn from"
    source = "on this machine" if learned else "at a guess: nothing was trained here yet"
    st.caption(
        f"{parameters} · {images} · about **{text.duration(seconds)}** for "
        f"{config.epochs} epochs, {source}"
    )


form.open_link()
with st.sidebar:
    config = render_config_form()
form.write_link(config)

button, name = st.columns([1, 4], vertical_alignment="bottom")
with button:
    st.button(
        "Train",
        key="train",
        type="primary",
        icon=":material/play_arrow:",
        width="stretch",
        on_click=start_run,
        args=(config,),
        help="Train the network that the form describes. Runs wait for one another.",
    )
with name:
    st.text_input(
        "Name of the next run", key="run_name", placeholder=config.summary(), max_chars=80
    )
run = find_chosen_run()
if run is None:
    render_network(config)
else:
    render_live_panel(run)
    render_suggestions(run)
    network = st.expander("The network in the form", icon=":material/hub:", on_change="rerun")
    if network.open:
        with network:
            render_network(config)
