"""Which sweep is looked at: picked by name, kept in the URL."""

import streamlit as st

from core.sweep.store import Sweep, SweepError
from dashboard import text
from dashboard.session import state
from dashboard.session.resources import sweeps

_MOST = 100


def pick_sweep() -> Sweep | None:
    """Let the reader pick one of the newest sweeps, or none to begin another."""
    try:
        chosen = state.chosen_sweep(sweeps)
    except SweepError as error:
        st.warning(f"{text.plain(error)}.", icon=":material/search_off:")
        chosen = None
    listed = {sweep.id: sweep for sweep in sweeps.list()[:_MOST]}
    if chosen:
        listed.setdefault(chosen.id, chosen)
    if not listed:
        return None
    state.show_sweep(chosen)
    st.selectbox(
        "Sweep",
        list(listed),
        format_func=lambda sweep_id: _label(listed[sweep_id]),
        key=state.SWEEP_KEY,
        on_change=state.take_picked_sweep,
        args=(sweeps,),
        placeholder="the next one you start",
        index=None,
        help="The sweep that is looked at. Clear it to begin another.",
    )
    return chosen


def _label(sweep: Sweep) -> str:
    try:
        return f"{sweep.name} · {sweep.record.created.astimezone():%d %b %H:%M:%S}"
    except SweepError:
        return f"damaged sweep {sweep.id}"
