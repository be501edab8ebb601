"""Which two runs show best what regularisation does: one with it, one without, else alike."""

from collections.abc import Iterable
from operator import eq
from typing import Any

from core.config import RunConfig
from core.runs.summary import Summary

_REGULARIZERS = {"dropout", "input_dropout", "l2"}
_ALIKE = [name for name in RunConfig.model_fields if name not in _REGULARIZERS | {"seed", "epochs"}]

_Candidate = tuple[Summary, list[Any]]
"""A run, and its values of _ALIKE."""


def find_regularized_pair(
    runs: Iterable[Summary], regularized: str | None = None, plain: str | None = None
) -> tuple[str | None, str | None]:
    """The ids of a regularised run and of one that is not, each with at least one epoch.

    If possible of as many epochs, the first with dropout, and then as like each other as can be; of
    several such pairs the first in `runs`. `regularized` and `plain` are ids already chosen. None
    where there is no such run.
    """
    with_it: list[_Candidate] = []
    without: list[_Candidate] = []
    for run in runs:
        is_chosen = run.id in (regularized, plain)
        if run.config and run.results.epochs_done and (run.is_from_scratch or is_chosen):
            is_regularized = run.config.is_regularized
            chosen = regularized if is_regularized else plain
            if chosen in (None, run.id):
                (with_it if is_regularized else without).append((run, _values(run.config)))
    if not with_it or not without:
        ids = [runs[0][0].id if runs else None for runs in (with_it, without)]
        return ids[0], ids[1]
    a, b = max(((a, b) for a in with_it for b in without), key=lambda pair: _rank(*pair))
    return a[0].id, b[0].id


def _values(config: RunConfig) -> list[Any]:
    return [getattr(config, name) for name in _ALIKE]


def _rank(regularized: _Candidate, plain: _Candidate) -> tuple[bool, bool, int]:
    (a, a_values), (b, b_values) = regularized, plain
    drops = a.config is not None and bool(a.config.dropout or a.config.input_dropout)
    same_epochs = a.results.epochs_done == b.results.epochs_done
    return same_epochs, drops, sum(map(eq, a_values, b_values))
