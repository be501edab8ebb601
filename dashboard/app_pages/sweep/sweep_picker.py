"""The control that chooses which sweep the page shows."""

from collections.abc import Iterable

from core.sweep.store import Sweep, SweepError
from dashboard.parts.run_picker import dated_label, make_labels_unique
from dashboard.session import linked
from dashboard.session.server import server


def pick_sweep() -> Sweep | None:
    """Draw the control; return the chosen sweep, or None to begin another."""
    sweeps = server().sweeps
    sweep = linked.find_member(linked.SWEEP, sweeps)
    linked.pick_member(
        linked.SWEEP,
        sweeps,
        sweep,
        sweeps.list()[: linked.MAX_OFFERED],
        _label_sweeps,
        "Sweep",
        "The sweep that is looked at. Clear it to begin another.",
        placeholder="the next one you start",
    )
    return sweep


def _label_sweeps(sweeps: Iterable[Sweep]) -> dict[str, str]:
    return make_labels_unique({sweep.id: _label(sweep) for sweep in sweeps})


def _label(sweep: Sweep) -> str:
    try:
        return dated_label(sweep.name, sweep.record.created)
    except SweepError:
        return f"damaged sweep {sweep.id}"
