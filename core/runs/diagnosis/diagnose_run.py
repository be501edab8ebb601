"""The diagnosis of a run, from what its directory holds and from other runs beside it."""

from collections.abc import Iterable
from contextlib import suppress

import numpy as np
import numpy.typing as npt

from core.analysis.comparison import ImageComparison, compare_on_images
from core.analysis.diagnosis import Finding, Reference, diagnose
from core.config import RunConfig, Schedule
from core.data import DataError, load_mnist
from core.runs.diagnosis.case import make_case
from core.runs.diagnosis.unit_activity import read_unit_activity
from core.runs.errors import DamagedRunError, RunError
from core.runs.run import Run
from core.runs.status import State
from core.runs.summary import Summary

_MAY_DIFFER = {"dropout", "input_dropout", "l2", "seed"}


def diagnose_run(run: Run, others: Iterable[Summary] = ()) -> list[Finding]:
    """What happened in the run, most important first; none before its first epoch has ended.

    `others` are runs that it may be held against, newest first: the newest of the same owner before
    it, and the newest without regularisation that is else like it. Raises RunError.
    """
    history, status = run.history, run.status
    run.require_epochs(len(history), status.final_epoch)
    if history.empty or status.state is State.DAMAGED:
        return []
    others = [one for one in others if one.id != run.id and one.results.epochs_done]
    units = None
    with suppress(DataError, DamagedRunError, ValueError):  # what its units need; the rest does not
        units = read_unit_activity(run)
    plain, earlier = _find_plain(run, others), _find_earlier(run, others)
    has_parent = run.record.parent is not None
    return diagnose(make_case(run.config, status, history, units, plain, earlier, has_parent))


def _find_plain(run: Run, others: Iterable[Summary]) -> Reference | None:
    """The first of `others` without regularisation that is else like the run."""
    if not run.config.is_regularized or run.record.parent or run.record.drawings:
        return None
    wanted = _compared_values(run.config)
    for other in others:
        is_whole = not other.status.state.is_active and other.results.kept_learning_rate
        is_whole &= other.is_from_scratch
        config = other.config
        if not config or config.is_regularized or not is_whole:
            continue
        if _compared_values(config) == wanted:
            with suppress(RunError):
                history = Run(run.path.parent / other.id).history
                if len(history):  # it may have been deleted meanwhile
                    return Reference(other.id, other.name, history)
    return None


def _compared_values(config: RunConfig) -> dict[str, object]:
    """What two runs must have alike: their epochs too if the learning rate follows them."""
    values = config.model_dump(exclude=_MAY_DIFFER)
    return values | ({} if config.schedule is Schedule.COSINE else {"epochs": None})


def _find_earlier(run: Run, others: Iterable[Summary]) -> Reference | None:
    """The newest of `others` that the same person began before the run and that has ended."""
    if run.status.state.is_active:
        return None
    for other in others:
        is_own = other.record is not None and other.record.owner == run.record.owner
        if is_own and other.id < run.id and not other.status.state.is_active:
            with suppress(DataError, RunError, IndexError, ValueError):
                before = Run(run.path.parent / other.id)
                return Reference(other.id, other.name, before.history, _compare(before, run))
    return None


def _compare(before: Run, run: Run) -> ImageComparison:
    return compare_on_images(right_answers(before), right_answers(run))


def right_answers(run: Run) -> npt.NDArray[np.bool_]:
    """Which test images the run's network gets right."""
    right: npt.NDArray[np.bool_] = (
        run.test_probabilities(run.network_epoch).argmax(axis=1) == load_mnist().y_test
    )
    return right
