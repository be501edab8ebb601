"""What sessions share of a run: computed once, and anew when the run has changed; the queue."""

from pathlib import Path

import pytest

from core.config import RunConfig
from core.runs import HISTORY_COLUMNS, Run, RunStore
from core.runs.errors import RunNotFoundError
from core.runs.status import State, Status
from dashboard.session.resources import (
    engine,
    estimate_seconds,
    queue_place,
    shared,
    shared_by_epoch,
)

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


def test_a_deleted_run_keeps_nobody_in_the_queue(
    store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The engine looks at the runs once a second: until then its lists hold runs that are gone."""
    training, gone, first, second = (
        store.create(RunConfig(epochs=epochs)) for epochs in range(1, 5)
    )
    training.write_status(Status(state=State.RUNNING, seconds_left=7.0))
    monkeypatch.setattr(engine.queue, "training", [training])
    monkeypatch.setattr(engine.queue, "waiting", [gone, first, second])
    waits = [estimate_seconds(RunConfig(epochs=epochs))[0] for epochs in (2, 3)]
    assert queue_place(second) == (2, pytest.approx(7 + sum(waits)))
    store.delete(gone.id)
    # has read nothing yet
    monkeypatch.setattr(engine.queue, "waiting", [Run(gone.path), first, second])
    assert queue_place(gone) is None
    assert queue_place(second) == (1, pytest.approx(7 + waits[1]))
    store.delete(training.id)
    assert queue_place(second) == (1, pytest.approx(waits[1]))
