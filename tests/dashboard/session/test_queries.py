"""What sessions share of a run: computed once, and anew when it has changed; the queue."""

from pathlib import Path

import numpy as np
import pytest

from core.config import RunConfig
from core.engine import Engine
from core.runs import HISTORY_COLUMNS, Run, RunStore
from core.runs.errors import RunNotFoundError
from core.runs.status import State, Status
from core.sweep.config import SweepConfig
from core.sweep.space import Range
from dashboard.session.cache import (
    cached,
    cached_by_version,
    history_version,
)
from dashboard.session.queries import (
    estimate_seconds,
    estimate_trial_seconds,
    queue_position,
    read_test_probabilities,
    sweep_seconds,
)
from dashboard.session.server import server

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
    assert [cached(look, store.get(run.id)) for _ in range(3)] == [State.QUEUED] * 3
    assert len(calls) == 1
    run.write_status(Status(state=State.RUNNING))
    assert cached(look, run) is State.RUNNING
    assert len(calls) == 2


def test_runs_are_told_apart(store: RunStore) -> None:
    queued = store.create(RunConfig(), state=State.QUEUED)
    running = store.create(RunConfig(), state=State.RUNNING)
    assert [cached(look, run) for run in (queued, running)] == [State.QUEUED, State.RUNNING]


def test_what_depends_on_the_epoch_outlives_a_status(store: RunStore) -> None:
    run = store.create(RunConfig(), state=State.RUNNING)
    run.write_history([dict.fromkeys(HISTORY_COLUMNS, 1.0)])
    assert cached_by_version(history_version(run), count_epochs, run, 1) == (1, 1)
    run.write_status(Status(state=State.RUNNING, batch=7))
    assert cached_by_version(history_version(run), count_epochs, run, 1) == (1, 1)
    assert len(calls) == 1
    run.write_history([dict.fromkeys(HISTORY_COLUMNS, 1.0)] * 2)
    assert cached_by_version(history_version(run), count_epochs, run, 1) == (1, 2)


def test_an_epoch_that_was_trained_again_is_read_again(store: RunStore) -> None:
    """A run taken up from its checkpoint repeats the epoch, in as many seconds as it may be."""
    run = store.create(RunConfig(), state=State.RUNNING)
    for share in (0.1, 0.9):
        thought = np.full((10_000, 10), share, np.float32)
        run.write_test_probabilities(1, thought)
        run.write_history([dict.fromkeys(HISTORY_COLUMNS, 1.0)])
        np.testing.assert_array_equal(read_test_probabilities(run, 1), thought)


def test_a_deleted_run_is_missed_by_all(store: RunStore) -> None:
    run = store.create(RunConfig(), state=State.STOPPED)
    cached(look, run)
    store.delete(run.id)
    for _ in range(2):
        with pytest.raises(RunNotFoundError):
            cached(look, run)


def test_a_deleted_run_keeps_nobody_in_the_queue(
    store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The engine looks at the runs once a second: until then its lists hold runs that are gone."""
    training, gone, first, second = (
        store.create(RunConfig(epochs=epochs)) for epochs in range(1, 5)
    )
    training.write_status(Status(state=State.RUNNING, seconds_left=7.0))
    monkeypatch.setattr(server().engine.queue, "training", [training])
    monkeypatch.setattr(server().engine.queue, "waiting", [gone, first, second])
    waits = [estimate_seconds(RunConfig(epochs=epochs))[0] for epochs in (2, 3)]
    assert queue_position(second) == (2, pytest.approx(7 + sum(waits)))
    store.delete(gone.id)
    # has read nothing yet
    monkeypatch.setattr(server().engine.queue, "waiting", [Run(gone.path), first, second])
    assert queue_position(gone) is None
    assert queue_position(second) == (1, pytest.approx(7 + waits[1]))
    store.delete(training.id)
    assert queue_position(second) == (1, pytest.approx(waits[1]))


# --- estimates


@pytest.fixture
def _two_slots(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Engine, "slots", 2)


@pytest.mark.usefixtures("_two_slots")
def test_of_several_runs_as_many_are_trained_at_once_as_there_are_slots() -> None:
    short, long = RunConfig(epochs=1), RunConfig(epochs=100)
    one, another = (estimate_seconds(config)[0] for config in (short, long))
    assert estimate_seconds(long, short)[0] == another
    together, _ = estimate_seconds(*[long] * 4)
    assert 2 * another <= together <= 2 * another + 2
    assert 0 < one < another


@pytest.mark.usefixtures("_two_slots")
def test_a_sweep_takes_what_its_runs_take_on_average() -> None:
    vary = {"epochs": Range(low=10, high=30, points=3)}
    config = SweepConfig(vary=vary, sampler="grid", seeds=2)
    mean = estimate_seconds(RunConfig(epochs=20))[0]
    seconds, _ = estimate_trial_seconds(config)
    assert 2 * mean <= seconds <= 2 * mean + 2
    assert sweep_seconds(3, seconds) == pytest.approx(3 * seconds / 2)
