"""Folds the runs of each sweep into one row of the table of runs."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from core.runs.status import State, Trial


@dataclass(frozen=True)
class SweepRow:
    """What the row of a sweep stands for."""

    runs: tuple[str, ...]
    """The ids of its listed runs, in their order, but for pinned ones: those stand by themselves.
    """
    trials: int
    """How many of its trials are listed."""
    trials_in_all: int
    is_open: bool
    """Whether all of `runs` have a row of their own."""
    is_foldable: bool
    """Whether all of its runs are listed, so that it may be opened and folded."""


def fold_sweeps(
    rows: pd.DataFrame,
    trials: Mapping[str, Trial],
    best_runs: Mapping[str, str],
    opened: Collection[str] = (),
    in_sight: Collection[str] = (),
) -> tuple[pd.DataFrame, dict[str, SweepRow]]:
    """The rows to draw, in order; and by id those of them that stand for sweeps.

    `rows` are those of `run_table` that are listed. `trials` has the trial of every run of a sweep,
    also of runs that are not listed; `best_runs` names each sweep's best run. A sweep's row, with
    the sweep's id, stands where its first run would, and is followed by its runs: all of them if it
    is `opened`, or if a search or filter found only some; else those `in_sight`.
    """
    ids = rows.index.to_list()
    listed = defaultdict(list)
    for run_id, is_pinned in zip(ids, rows["pinned"].to_list(), strict=True):
        if run_id in trials and not is_pinned:
            listed[trials[run_id].sweep].append(run_id)
    if not listed:
        return rows, {}
    found, in_all = _trials_by_sweep(ids, trials), _trials_by_sweep(trials, trials)
    sweeps: dict[str, SweepRow] = {}
    for sweep, run_ids in listed.items():
        is_whole = len(found[sweep]) == len(in_all[sweep])
        is_open = sweep in opened or not is_whole
        counts = len({*found[sweep]}), len({*in_all[sweep]})
        sweeps[sweep] = SweepRow(tuple(run_ids), *counts, is_open, is_foldable=is_whole)
    made = _make_rows(rows, ids, listed, best_runs)
    places = {row_id: place for place, row_id in enumerate([*ids, *listed])}
    order = [places[row_id] for row_id in _order(ids, sweeps, in_sight)]
    return pd.concat([rows, made]).iloc[order], sweeps


def _trials_by_sweep(run_ids: Iterable[str], trials: Mapping[str, Trial]) -> dict[str, list[int]]:
    """Of each sweep the number of the trial of each of its runs."""
    found = defaultdict(list)
    for run_id in run_ids:
        if trial := trials.get(run_id):
            found[trial.sweep].append(trial.number)
    return found


def _order(
    ids: Sequence[str], sweeps: Mapping[str, SweepRow], in_sight: Collection[str]
) -> Iterable[str]:
    """The ids of the rows to draw, in order."""
    sweep_of = {run_id: sweep for sweep, row in sweeps.items() for run_id in row.runs}
    drawn = set()
    for run_id in ids:
        sweep = sweep_of.get(run_id)
        if sweep is None:
            yield run_id
        elif sweep not in drawn:
            drawn.add(sweep)
            yield sweep
            row = sweeps[sweep]
            yield from (one for one in row.runs if row.is_open or one in in_sight)


def _make_rows(
    rows: pd.DataFrame,
    ids: Sequence[str],
    listed: Mapping[str, Sequence[str]],
    best_runs: Mapping[str, str],
) -> pd.DataFrame:
    """A row for each sweep: its best run's values, the time of its newest run, the seconds of all,
    and of their states the numbers. Without its best run, that of the highest accuracy stands in.
    """
    accuracies, seconds, states = (
        dict(zip(ids, values.to_list(), strict=True))
        for values in (
            rows["highest_validation_accuracy"].fillna(-1.0),
            rows["seconds"],
            rows["state"],
        )
    )
    places = {run_id: place for place, run_id in enumerate(ids)}
    best = [
        one if (one := best_runs.get(sweep)) in places else max(runs, key=accuracies.__getitem__)
        for sweep, runs in listed.items()
    ]
    made = rows.iloc[[places[run_id] for run_id in best]].set_axis(list(listed))
    made["created"] = rows["created"].iloc[[places[max(runs)] for runs in listed.values()]].array
    made["seconds"] = [sum(seconds[one] for one in runs) for runs in listed.values()]
    made["state"] = [_describe_states([states[one] for one in runs]) for runs in listed.values()]
    return made.assign(pinned=False, note="")


def _describe_states(states: Sequence[str]) -> str:
    """ "finished", or "3 queued, 2 finished" where they differ."""
    counts = Counter(states)
    if len(counts) == 1:
        return states[0]
    return ", ".join(f"{counts[state]} {state}" for state in map(str, State) if counts[state])
