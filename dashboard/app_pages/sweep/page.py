"""Sweep: search hyperparameters, a run for each trial, and see what they say."""

import streamlit as st

from core.sweep.config import SweepConfig
from core.sweep.store import SweepError
from dashboard import text
from dashboard.access.visitor import visitor
from dashboard.app_pages.sweep.sweep_form import pick_varied, render_sweep_form
from dashboard.app_pages.sweep.sweep_panel import render_sweep_panel
from dashboard.app_pages.sweep.sweep_picker import pick_sweep
from dashboard.parts.config_form import render_form_column
from dashboard.parts.messages import show_message
from dashboard.session import dialogs, form, linked
from dashboard.session.queries import estimate_trial_seconds, sweep_seconds
from dashboard.session.server import server


def start_sweep(config: SweepConfig) -> None:
    """Have the server begin the sweep, and look at it."""
    try:
        sweep = server().sweep_supervisor.begin(
            config, st.session_state["sweep_name"], visitor().name
        )
    except SweepError as error:
        dialogs.keep_message(f"{error}.")
    else:
        linked.SWEEP.choose(sweep.id)


def render_start(config: SweepConfig) -> None:
    """Say how many runs it will be and how long they take, and draw the button that starts them."""
    trial_seconds, learned = estimate_trial_seconds(config)
    trials, seeds = config.planned_trials, config.seeds
    seconds = sweep_seconds(trials, trial_seconds)
    count = f"**{trials * seeds:,}** runs"
    if seeds > 1:
        count = f"{trials:,} trials of {seeds} seeds, {count}"
    source = "on this machine" if learned else "at a guess: nothing was trained here yet"
    button, name = st.columns([1, 2], vertical_alignment="bottom")
    with button:
        st.button(
            "Start the sweep",
            key="start_sweep",
            type="primary",
            icon=":material/play_arrow:",
            width="stretch",
            on_click=start_sweep,
            args=(config,),
            help="Its runs are ordinary runs: they wait their turn, and are on the Runs page.",
        )
    with name:
        st.text_input(
            "Name of the sweep",
            key="sweep_name",
            placeholder=", ".join(config.vary),
            max_chars=80,
        )
    limit = "at most " if config.may_end_early else ""
    st.caption(f"{count} · {limit}**{text.about(seconds)}**, {source}")


sweep = pick_sweep()
if sweep:
    render_sweep_panel(sweep)
else:
    form.open_link()
    show_message()
    varied = pick_varied()
    with render_form_column("Everything that does not vary", without=varied) as base:
        form.write_link(base)
        if config := render_sweep_form(base, varied):
            render_start(config)
