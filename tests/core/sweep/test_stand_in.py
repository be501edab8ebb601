"""The stand-in of these tests leaves what a training leaves, and obeys what a training obeys."""

from collections.abc import Callable

import pytest

from core.config import RunConfig
from core.runs import HISTORY_COLUMNS, Run, RunStore
from core.runs.errors import RunNotFoundError
from core.runs.status import Request, State, Status
from core.training import train
from tests.core.sweep.stand_in import Train, imitate_training

both = pytest.mark.parametrize("train", [train, imitate_training])


@pytest.fixture
def run(store: RunStore, small: Callable[..., RunConfig]) -> Run:
    return store.create(small(seed=3), state=State.RUNNING)


@both
def test_a_run_trained_to_its_end(run: Run, train: Train) -> None:
    seen: list[tuple[State, int, int]] = []

    def follow(status: Status) -> None:
        seen.append((status.state, status.epoch, len(run.history)))
        assert run.is_training()

    last = train(run, on_status=follow)
    assert last == run.status
    assert (last.state, last.epoch, last.final_epoch) == (State.FINISHED, 3, 3)
    assert seen[0] == (State.RUNNING, 1, 0)
    assert seen[-1] == (State.FINISHED, 3, 3)
    assert {(State.RUNNING, epoch, epoch) for epoch in (1, 2, 3)} <= set(seen)
    history = run.history
    assert list(history) == HISTORY_COLUMNS
    assert list(history["epoch"]) == [1, 2, 3]
    assert history["validation_accuracy"].iloc[-1] > history["validation_accuracy"].iloc[0]
    assert run.model_path.exists()
    before = run.version
    assert train(run) == last
    assert run.version == before


@both
@pytest.mark.parametrize("after", [0, 1, 3])
def test_a_stop_is_obeyed_before_the_next_epoch(run: Run, train: Train, after: int) -> None:
    def stop(status: Status) -> None:
        if status.state is State.RUNNING and len(run.history) == after:
            run.request(Request.STOP)

    last = train(run, on_status=stop)
    assert last.state is (State.FINISHED if after == 3 else State.STOPPED)
    assert last.final_epoch == len(run.history) == after


@both
def test_a_paused_run_waits_before_the_next_epoch(run: Run, train: Train) -> None:
    seen: list[State] = []

    def resume(status: Status) -> None:
        seen.append(status.state)
        if status.state is State.PAUSED:
            assert run.history.empty
            run.request(Request.RUN)

    run.request(Request.PAUSE)
    assert train(run, on_status=resume).state is State.FINISHED
    assert State.PAUSED in seen
    assert len(run.history) == 3


@both
def test_an_interrupted_run_goes_on_where_it_was(store: RunStore, run: Run, train: Train) -> None:
    def interrupt(status: Status) -> None:
        if len(run.history) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(run, on_status=interrupt)
    assert run.status.state is State.RUNNING
    assert len(run.history) == 2
    assert train(run).state is State.FINISHED
    other = store.create(run.config)
    train(other)
    accuracies = [list(each.history["validation_accuracy"]) for each in (run, other)]
    assert accuracies[0] == accuracies[1]


@both
def test_a_run_that_is_deleted_meanwhile(
    store: RunStore, run: Run, train: Train, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "core.runs.store._STOP_SECONDS", 0
    )  # it shall not stop, but lose its folder
    with pytest.raises(RunNotFoundError):
        train(run, on_status=lambda status: status.epoch == 2 and store.delete(run.id))
    assert not run.path.exists()
