"""The control that chooses which sweep the page shows."""

import streamlit as st

from core.sweep.store import Sweep, SweepError
from dashboard import text
from dashboard.session import linked
from dashboard.session.server import server

_MOST = 100


def pick_sweep() -> Sweep | None:
    """Draw the control; return the chosen sweep, or None to begin another."""
    try:
        chosen = linked.SWEEP.find(server().sweeps.get)
    except SweepError as error:
        st.warning(f"{text.plain(error)}.", icon=":material/search_off:")
        chosen = None
    listed = {sweep.id: sweep for sweep in server().sweeps.list()[:_MOST]}
    if chosen:
        listed.setdefault(chosen.id, chosen)
    if not listed:
        return None
    st.selectbox(
        "Sweep",
        list(listed),
        format_func=lambda sweep_id: _label(listed[sweep_id]),
        key=linked.SWEEP.show(chosen.id if chosen else None),
        on_change=linked.pick_sweep,
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
