"""Several runs: picked by name, kept in the address by their ids."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime

import streamlit as st

from core.runs import Run
from core.runs.errors import DamagedRunError, RunError, RunNotFoundError
from dashboard.session.linked import Linked
from dashboard.session.server import server
from dashboard.session.trials import SweepHead, is_best, offered_runs, sweep_heads

_ID_SUFFIX = 6
"""Characters at the end of an id that no other run of the same second has."""


def pick_runs(
    label: str,
    runs: Sequence[Run],
    *,
    name: str,
    limit: int,
    default: Sequence[Run] = (),
    placeholder: str | None = None,
    help: str,
) -> list[Run]:
    """Let the user pick at most `limit` of `runs`, or `default`; the URL has the ids as `name`."""
    by_id, labels = {run.id: run for run in runs}, label_runs(runs)
    usual = [run.id for run in default]
    choice = Linked(name)
    linked = choice.read_ids()
    chosen = usual if linked is None else [run_id for run_id in linked if run_id in by_id][:limit]
    st.multiselect(
        label,
        list(by_id),
        format_func=labels.__getitem__,
        max_selections=limit,
        key=choice.show(chosen),
        on_change=lambda: choice.choose_ids(None if choice.picked == usual else choice.picked),
        placeholder=placeholder,
        help=help,
    )
    return [by_id[run_id] for run_id in chosen]


def readable_runs(*names: str) -> list[Run]:
    """The runs that are offered, and those chosen under these `names` in the URL, newest first.

    Those are left out whose configuration cannot be read.
    """
    runs = {run.id: run for run in offered_runs()}
    for run_id in {run_id for name in names for run_id in Linked(name).read_ids() or ()}:
        with suppress(RunNotFoundError):
            runs.setdefault(run_id, server().store.get(run_id))
    readable = []
    for run in sorted(runs.values(), key=lambda run: run.id, reverse=True):
        with suppress(RunError):
            _ = run.record
            readable.append(run)
    return readable


def label_runs(runs: Iterable[Run]) -> dict[str, str]:
    """By its id, what tells each run from the others: its name and when it was created, and that
    it is the best of its sweep.
    """
    heads = sweep_heads()
    return make_labels_unique({run.id: _label(run, heads) for run in runs})


def make_labels_unique(labels: Mapping[str, str]) -> dict[str, str]:
    """The labels of runs by their ids, with the end of the id where several runs share one.

    A control finds the chosen option by its label, and of equal labels takes the last.
    """
    times = Counter(labels.values())
    return {
        run_id: label if times[label] == 1 else f"{label} · {run_id[-_ID_SUFFIX:]}"
        for run_id, label in labels.items()
    }


def dated_label(name: str, created: datetime) -> str:
    """The name of a run or sweep, and when it was created."""
    return f"{name} · {created.astimezone():%d %b %H:%M:%S}"


def name_runs(runs: Sequence[Run]) -> dict[Run, str]:
    """What to call each run among the others: its name, with the time if several share it."""
    times, labels = Counter(run.name for run in runs), label_runs(runs)
    return {run: run.name if times[run.name] == 1 else labels[run.id] for run in runs}


def _label(run: Run, heads: Mapping[str, SweepHead]) -> str:
    try:
        label = dated_label(run.name, run.record.created)
        return f"{label} · best of its sweep" if is_best(run.record.trial, heads) else label
    except (DamagedRunError, RunNotFoundError):
        return f"damaged run {run.id}"
