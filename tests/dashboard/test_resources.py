"""What sessions share of a run: computed once, and anew when the run has changed."""

from pathlib import Path

import pytest

from core.config import RunConfig
from core.runs import HISTORY_COLUMNS, Run, RunNotFoundError, RunStore
from core.status import State, Status
from dashboard.resources import shared, shared_by_epoch

calls: list[str] = []


def look(run: Run) -> State:
    calls.append(run.id)
    return run.status.state


def count_epochs(run: Run, epoch: int) -> tuple[int, int]:
    calls.append(run.id)
    return epoch, len(run.history)


@pytest.fixture
def store(tmp_path: Path) -> RunStore:
    calls.clear()
    return RunStore(tmp_path)


def test_a_run_is_read_once_until_it_changes(store: RunStore) -> None:
    run = store.create(RunConfig(), state=State.QUEUED)
    assert [shared(look, store.get(run.id)) for _ in range(3)] == [State.QUEUED] * 3
    assert len(calls) == 1
    run.write_status(Status(state=State.RUNNING))
    assert shared(look, run) is State.RUNNING
    assert len(calls) == 2


def test_runs_are_told_apart(store: RunStore) -> None:
    queued = store.create(RunConfig(), state=State.QUEUED)
    running = store.create(RunConfig(), state=State.RUNNING)
    assert [shared(look, run) for run in (queued, running)] == [State.QUEUED, State.RUNNING]


def test_what_depends_on_the_epoch_outlives_a_status(store: RunStore) -> None:
    run = store.create(RunConfig(), state=State.RUNNING)
    run.write_history([dict.fromkeys(HISTORY_COLUMNS, 1.0)])
    assert shared_by_epoch(count_epochs, run, 1) == (1, 1)
    run.write_status(Status(state=State.RUNNING, batch=7))
    assert shared_by_epoch(count_epochs, run, 1) == (1, 1)
    assert len(calls) == 1
    run.write_history([dict.fromkeys(HISTORY_COLUMNS, 1.0)] * 2)
    assert shared_by_epoch(count_epochs, run, 1) == (1, 2)


def test_a_deleted_run_is_missed_by_all(store: RunStore) -> None:
    run = store.create(RunConfig(), state=State.STOPPED)
    shared(look, run)
    store.delete(run.id)
    for _ in range(2):
        with pytest.raises(RunNotFoundError):
            shared(look, run)
