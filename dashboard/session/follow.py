"""Keeping a page up to date with runs that still train."""

from collections.abc import Collection, Sequence
from contextlib import suppress
from functools import partial

import streamlit as st

from core.runs import Run
from core.runs.errors import RunError
from core.runs.status import State
from core.runs.summary import Summary
from dashboard.session import dialogs, state
from dashboard.session.live_refresh import Pace, draw_live
from dashboard.session.queries import summaries

_training = Pace(fastest=1.0)
_ended = Pace(fastest=5.0)  # they may still be deleted
_all = Pace(fastest=2.0)


def follow(*runs: Run) -> None:
    """Run the whole page again when one of them ends an epoch, changes its state or is deleted.

    To be called before the runs are read, or what happens in between is not seen.
    """
    if not runs:
        return
    marks = _mark(runs)
    pace = _training if any(mark and mark[0].is_active for mark in marks) else _ended
    draw_live(partial(_look, runs, marks), pace, state.visit())


def follow_runs(runs: list[Summary], about: Collection[str] = ()) -> None:
    """Run the whole page again whenever a run appears, goes, ends an epoch or changes its state.

    While a dialog about some runs is open, only when one of those goes: the page would draw the
    dialog anew, under the hand that is about to press a button in it.
    """
    draw_live(partial(_look_at_all, mark_runs(runs, about), about), _all, state.visit())


def _look(runs: Sequence[Run], seen: object, _every: float) -> None:
    if _mark(runs) != seen:
        st.rerun()


def _mark(runs: Sequence[Run]) -> list[tuple[State, object] | None]:
    return [_mark_one(run) for run in runs]


def _mark_one(run: Run) -> tuple[State, object] | None:
    with suppress(RunError):  # deleted
        return run.status.state, run.version[-1]  # which is the history's
    return None


def _look_at_all(seen: object, about: Collection[str], _every: float) -> None:
    if needs_run(seen, about):
        st.rerun()


def needs_run(seen: object, about: Collection[str]) -> bool:
    """Whether the runs are no more as they were `seen`, or the dialog `about` them is closed: the
    page itself closes it where it finds that one of them is gone.
    """
    return not set(about) <= dialogs.dialog_runs() or mark_runs(summaries(), about) != seen


def mark_runs(runs: list[Summary], about: Collection[str] = ()) -> object:
    """Another value whenever a page that follows the runs is to be run again: see `follow_runs`."""
    if about:
        return {run.id for run in runs} & set(about)
    return [(run.id, run.label, run.status.state, run.results) for run in runs]
