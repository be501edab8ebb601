"""What the queue decides, on workers that train nothing: each decision in milliseconds."""

import shutil
import time
from collections.abc import Callable, Iterable

import pytest

from core.config import RunConfig
from core.engine.queue import QueueFullError, RepeatedRunError, RunQueue
from core.runs import HISTORY_COLUMNS, Run, RunStore
from core.runs.errors import RunNotFoundError, RunNotWritableError
from core.runs.status import Request, State, Status
from core.training import train

Small = Callable[..., RunConfig]


class FakeTraining:
    """A training that goes as the test says."""

    def __init__(self, run: Run, worker: str, takes_slot: bool) -> None:
        self.run, self.worker, self.takes_slot = run, worker, takes_slot
        self.is_done = self.is_cancelled = False
        self.error: BaseException | None = None
        tell(run, State.RUNNING)

    def end(self, state: State = State.FINISHED) -> None:
        tell(self.run, state)
        self.is_done = True

    def lose(self, error: BaseException) -> None:
        self.is_done, self.error = True, error

    def cancel(self) -> None:
        self.is_cancelled = True


class FakeWorkers:
    """Keeps what it is given, in `trainings`; the worker with the least to do is chosen."""

    def __init__(self) -> None:
        self.slots = {"one": 1}
        self.trainings: list[FakeTraining] = []

    def choose_worker(self, trainings: Iterable[FakeTraining]) -> str:
        busy = [training.worker for training in trainings if not training.is_done]
        return min(self.slots, key=busy.count)

    def train(
        self, run: Run, worker: str, takes_slot: bool, on_end: Callable[[], object]
    ) -> FakeTraining:
        self.trainings.append(FakeTraining(run, worker, takes_slot))
        return self.trainings[-1]

    @property
    def trained(self) -> list[str]:
        """The ids of the runs that were given, in order."""
        return [training.run.id for training in self.trainings]


class Clock:
    """Seconds, as the test sets them."""

    seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def workers() -> FakeWorkers:
    return FakeWorkers()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def queue(store: RunStore, workers: FakeWorkers, clock: Clock) -> RunQueue:
    return RunQueue(store, workers, most_waiting=10, clock=clock)


def tell(run: Run, state: State, **details: object) -> None:
    run.write_status(Status.model_validate({"state": state} | details))


def end_epochs(run: Run, count: int) -> None:
    run.write_history([dict.fromkeys(HISTORY_COLUMNS, 1.0)] * count)


def interrupt(run: Run, state: State = State.RUNNING, hours: float = -1) -> None:
    """Leave the run as a process does that died; its last sign of life is so many hours off."""
    tell(run, state, epoch=1, heartbeat=time.time() + 3600 * hours)


def ids(runs: list[Run]) -> list[str]:
    return [run.id for run in runs]


# --- whose turn it is


def test_queued_runs_train_one_after_another(
    store: RunStore, small: Small, queue: RunQueue, workers: FakeWorkers
) -> None:
    """Nobody submits them: the queue finds what is queued in its folder, the oldest first."""
    first, second = store.create(small()), store.create(small())
    queue.poll()
    assert workers.trained == [first.id]
    assert ids(queue.training) == [first.id]
    assert ids(queue.waiting) == [second.id]
    queue.poll()
    assert workers.trained == [first.id]
    workers.trainings[0].end()
    queue.poll()
    assert workers.trained == [first.id, second.id]
    assert queue.waiting == []
    workers.trainings[1].end()
    queue.poll()
    assert queue.training == []


def test_a_run_has_its_place_until_its_worker_has_put_it_away(
    store: RunStore, small: Small, queue: RunQueue, workers: FakeWorkers
) -> None:
    first, second = store.create(small()), store.create(small())
    queue.poll()
    tell(first, State.FINISHED)  # and its worker is at it still
    queue.poll()
    assert ids(queue.waiting) == [second.id]
    workers.trainings[0].is_done = True
    queue.poll()
    assert workers.trained == [first.id, second.id]


def test_as_many_train_at_once_as_there_are_places(
    store: RunStore, small: Small, queue: RunQueue, workers: FakeWorkers
) -> None:
    workers.slots = {"one": 1, "other": 1}
    runs = [store.create(small()) for _ in range(3)]
    queue.poll()
    assert workers.trained == ids(runs[:2])
    assert {training.worker for training in workers.trainings} == {"one", "other"}
    assert ids(queue.waiting) == [runs[2].id]
    workers.slots = {"one": 1}
    next(training for training in workers.trainings if training.worker == "other").end()
    queue.poll()
    assert workers.trained == ids(runs[:2])
    assert ids(queue.waiting) == [runs[2].id]


def test_people_take_turns(small: Small, queue: RunQueue, workers: FakeWorkers) -> None:
    """One who asks for three runs lets one who comes later with one go before the second."""
    greedy = queue.add([(small(seed=seed), None) for seed in range(3)], "greedy")
    queue.poll()
    modest = queue.add([(small(), None)], "modest")
    for _ in range(4):
        workers.trainings[-1].end()
        queue.poll()
    assert workers.trained == [greedy[0].id, modest[0].id, greedy[1].id, greedy[2].id]


def test_a_run_is_given_once_however_often_it_is_asked_for(
    store: RunStore, small: Small, queue: RunQueue, workers: FakeWorkers
) -> None:
    run = store.create(small())
    given = [queue.start_training(run.id) for _ in range(3)]
    queue.poll()
    assert given == workers.trainings * 3
    assert ids(queue.training) == [run.id]
    with pytest.raises(RunNotFoundError, match="20200101-000000-000000"):
        queue.start_training("20200101-000000-000000")


def test_what_was_added_since_the_last_look_waits_too(
    small: Small, queue: RunQueue, workers: FakeWorkers
) -> None:
    queue.add([(small(), None)], "Ada")
    queue.poll()
    (second,) = queue.add([(small(seed=2), None)], "Ada")
    assert ids(queue.waiting) == [second.id]


# --- what is refused


def test_one_person_may_not_fill_the_queue(store: RunStore, small: Small, queue: RunQueue) -> None:
    for seed in range(queue.most_waiting):
        queue.add([(small(seed=seed), None)], "Ada")
    with pytest.raises(QueueFullError, match="10 of your runs are waiting"):
        queue.add([(small(seed=11), None)], "Ada")
    queue.add([(small(), None)], "Bert")
    assert len(store.list()) == 11


def test_a_bunch_of_runs_is_queued_as_a_whole_or_not_at_all(
    store: RunStore, small: Small, queue: RunQueue
) -> None:
    queue.add([(small(seed=seed), f"seed {seed}") for seed in range(8)], "Ada")
    bunch = [(small(seed=seed), None) for seed in range(8, 11)]
    with pytest.raises(
        QueueFullError, match=r"8 of your runs are waiting .* 3 more .* the 10 that"
    ):
        queue.add(bunch, "Ada")
    assert len(store.list()) == 8
    assert [run.name for run in queue.waiting] == [f"seed {seed}" for seed in range(8)]
    queue.add(bunch[:2], "Ada")
    assert len(store.list()) == 10


def test_the_same_run_of_the_same_owner_is_refused_for_two_seconds(
    store: RunStore, small: Small, queue: RunQueue, clock: Clock
) -> None:
    queue.add([(small(), "the first")], "Ada")
    clock.seconds += 1.9
    again = [(small(seed=7), None), (small(), "another name")]
    with pytest.raises(RepeatedRunError, match="This very run, the first, was asked for a moment"):
        queue.add(again, "Ada")
    assert len(store.list()) == 1
    queue.add(again, "Bert")
    queue.add([(small(epochs=4), None)], "Ada")
    clock.seconds += 0.2
    queue.add([(small(), None)], "Ada")
    assert len(store.list()) == 5


def test_the_same_run_is_not_refused_once_the_first_has_ended(
    store: RunStore, small: Small, queue: RunQueue
) -> None:
    (first,) = queue.add([(small(), None)], None)
    with pytest.raises(RepeatedRunError):
        queue.add([(small(), None)], None)
    first.request(Request.STOP)
    (second,) = queue.add([(small(), None)], None)
    store.delete(second.id)
    queue.add([(small(), None)], None)
    assert len(store.list()) == 2


def test_deleted_runs_wait_no_longer(store: RunStore, small: Small, queue: RunQueue) -> None:
    runs = queue.add([(small(seed=seed), None) for seed in range(10)], "Ada")
    for run in runs:
        store.delete(run.id)
    (last,) = queue.add([(small(), None)], "Ada")
    assert last.id in ids(queue.waiting)
    queue.poll()
    assert ids(queue.training) == [last.id]
    assert queue.waiting == []


# --- what was interrupted, paused or stopped


@pytest.mark.parametrize("hours", [-1, 1], ids=["set forward", "set back"])
def test_an_interrupted_run_goes_before_those_that_wait(
    store: RunStore,
    small: Small,
    queue: RunQueue,
    workers: FakeWorkers,
    hours: float,
) -> None:
    """Also if the clock was set meanwhile: a sign of life from the future is silence too."""
    waiting, interrupted = store.create(small()), store.create(small(), state=State.RUNNING)
    interrupt(interrupted, hours=hours)
    queue.poll()
    assert workers.trained == [interrupted.id]
    assert ids(queue.waiting) == [waiting.id]


def test_a_run_that_another_process_trains_is_left_to_it(
    store: RunStore, small: Small, queue: RunQueue, workers: FakeWorkers
) -> None:
    """It holds the lock, whatever its clock says; a run just created has no lock yet."""
    run, new = (store.create(small(), state=State.RUNNING) for _ in range(2))
    with run.training_lock():
        interrupt(run)
        queue.poll()
    assert workers.trained == []
    assert set(ids(queue.training)) == {run.id, new.id}


def test_a_paused_run_that_its_worker_left_waits_for_its_turn_once_resumed(
    store: RunStore, small: Small, queue: RunQueue, workers: FakeWorkers
) -> None:
    run = store.create(small())
    queue.poll()
    run.request(Request.PAUSE)
    interrupt(run, State.PAUSED)
    workers.trainings[0].is_done = True
    other = store.create(small())
    queue.poll()
    assert workers.trained == [run.id, other.id]
    assert queue.waiting == []
    run.request(Request.RUN)
    queue.poll()
    assert ids(queue.waiting) == [run.id]
    workers.trainings[1].end()
    queue.poll()
    assert workers.trained == [run.id, other.id, run.id]


def test_a_run_without_a_worker_is_stopped_while_another_trains(
    store: RunStore, small: Small, queue: RunQueue, workers: FakeWorkers
) -> None:
    other, paused = store.create(small()), store.create(small(), state=State.PAUSED)
    paused.request(Request.PAUSE)
    interrupt(paused, State.PAUSED)
    queue.poll()
    assert workers.trained == [other.id]
    paused.request(Request.STOP)
    queue.poll()
    assert workers.trained == [other.id, paused.id]
    assert [training.takes_slot for training in workers.trainings] == [True, False]


def test_a_run_is_not_stopped_before_there_is_a_worker(
    store: RunStore, small: Small, queue: RunQueue, workers: FakeWorkers
) -> None:
    run = store.create(small(), state=State.PAUSED)
    interrupt(run, State.PAUSED)
    run.request(Request.STOP)
    workers.slots = {}
    queue.poll()
    assert workers.trained == []
    workers.slots = {"one": 1}
    queue.poll()
    assert workers.trained == [run.id]


def test_a_queued_run_that_was_stopped_never_trains(
    store: RunStore, small: Small, queue: RunQueue, workers: FakeWorkers
) -> None:
    run = store.create(small())
    run.request(Request.STOP)
    queue.poll()
    assert (workers.trained, queue.waiting, queue.training) == ([], [], [])


def test_what_a_killed_training_had_no_time_to_give_up_is_given_up(
    store: RunStore, small: Small, queue: RunQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = store.create(small(epochs=50), state=State.RUNNING)

    def stop(status: Status) -> None:
        if len(run.history) == 2:
            run.request(Request.STOP)

    def die(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Run, "close", die)
        with pytest.raises(KeyboardInterrupt):
            train(run, stop)
    assert run.status.state is State.STOPPED
    before, size = run.test_probabilities().copy(), (run.path / "test_probabilities.npy").stat()
    assert not run.is_closed
    with run.training_lock():  # whoever is at it closes it
        queue.poll()
    assert not run.is_closed
    queue.poll()
    assert run.is_closed
    assert (run.path / "test_probabilities.npy").stat().st_size < size.st_size / 10
    assert (run.test_probabilities() == before).all()


def test_a_run_that_cannot_be_closed_is_left_as_it_is(
    store: RunStore, small: Small, queue: RunQueue, caplog: pytest.LogCaptureFixture
) -> None:
    run = store.create(small(), state=State.STOPPED)
    (run.path / "checkpoint.npz").write_text("rubbish")
    (run.path / "history.csv").write_text("rubbish")
    damaged = store.create(small())
    (damaged.path / "config.json").write_text("rubbish")
    for _ in range(2):
        queue.poll()
    assert caplog.text.count(f"run {run.id} cannot be closed") == 1
    assert damaged.status.state is State.DAMAGED


# --- what is lost


def test_a_training_lost_by_an_unexpected_error_names_it(
    store: RunStore, small: Small, queue: RunQueue, workers: FakeWorkers
) -> None:
    run = store.create(small())
    queue.poll()
    workers.trainings[0].lose(LookupError("it broke"))
    queue.poll()
    assert run.status.state is State.FAILED
    assert run.status.error == (
        "The training was lost by an unexpected error: LookupError: it broke"
    )


@pytest.mark.parametrize("error", [RunNotWritableError, RunNotFoundError])
def test_a_run_that_cannot_be_written_is_tried_again_after_a_while(
    store: RunStore,
    small: Small,
    queue: RunQueue,
    workers: FakeWorkers,
    clock: Clock,
    error: type[Exception],
) -> None:
    run = store.create(small())
    queue.poll()
    workers.trainings[0].lose(error("the disk is full"))
    queue.poll()
    assert queue.problems == {run.id: "the disk is full"}
    clock.seconds += 14
    queue.poll()
    assert workers.trained == [run.id]
    clock.seconds += 2
    interrupt(run)
    queue.poll()
    assert workers.trained == [run.id] * 2
    assert queue.problems == {run.id: "the disk is full"}  # until it gives a sign of life
    tell(run, State.RUNNING)
    queue.poll()
    assert queue.problems == {}


def test_a_trouble_is_forgotten_with_its_run(
    store: RunStore, small: Small, queue: RunQueue, workers: FakeWorkers
) -> None:
    deleted, stopped, paused = (store.create(small()) for _ in range(3))
    workers.slots = {"one": 3}
    queue.poll()
    for training in workers.trainings:
        training.lose(RunNotWritableError("read-only"))
    queue.poll()
    assert queue.problems.keys() == {deleted.id, stopped.id, paused.id}
    shutil.rmtree(deleted.path)
    tell(stopped, State.STOPPED)
    queue.poll()
    assert queue.problems.keys() == {paused.id}


def test_a_run_whose_lock_cannot_be_opened_holds_up_no_other(
    store: RunStore, small: Small, queue: RunQueue, workers: FakeWorkers
) -> None:
    runs = [store.create(small(), state=State.RUNNING) for _ in range(2)]
    for run in runs:
        interrupt(run)
        (run.path / ".lock").mkdir()
    other = store.create(small())
    queue.poll()
    assert workers.trained == [other.id]
    assert queue.problems.keys() == set(ids(runs))
    assert f"run {runs[0].id} cannot be written" in queue.problems[runs[0].id]
    workers.trainings[0].end()
    (runs[0].path / ".lock").rmdir()
    shutil.rmtree(runs[1].path)
    for _ in range(2):
        queue.poll()
    assert workers.trained == [other.id, runs[0].id]
    assert queue.problems == {}


def test_a_deleted_run_leaves_the_queue_in_peace(
    store: RunStore, small: Small, queue: RunQueue, workers: FakeWorkers
) -> None:
    run = store.create(small())
    queue.poll()
    shutil.rmtree(run.path)
    workers.trainings[0].is_done = True
    following = store.create(small())
    queue.poll()
    assert workers.trained == [run.id, following.id]
    assert ids(queue.training) == [following.id]
    assert set(queue._trainings) == {following.id}


def test_a_look_is_broken_off_where_the_engine_stops(
    store: RunStore, small: Small, queue: RunQueue, workers: FakeWorkers
) -> None:
    store.create(small())
    queue.poll(is_stopping=lambda: True)
    assert workers.trained == []


# --- workers that die


def test_the_training_of_a_worker_that_is_gone_is_given_to_another(
    store: RunStore, small: Small, queue: RunQueue, workers: FakeWorkers
) -> None:
    workers.slots = {"one": 1, "other": 1}
    runs = [store.create(small()) for _ in range(2)]
    queue.poll()
    first = workers.trainings[0]
    workers.slots = {"third": 1} | {place: 1 for place in ("one", "other") if place != first.worker}
    interrupt(first.run)
    queue.poll()
    assert first.is_cancelled
    assert workers.trained == [*ids(runs), first.run.id]
    assert workers.trainings[-1].worker == "third"


def test_a_run_that_kills_each_of_its_workers_fails(
    store: RunStore, small: Small, queue: RunQueue, workers: FakeWorkers
) -> None:
    """The fourth time; but an epoch more begins the count anew."""
    run = store.create(small())
    names = iter(range(100))

    def kill() -> None:
        workers.slots = {f"worker {next(names)}": 1}
        interrupt(run)
        queue.poll()

    kill()
    for epochs in (0, 0, 0, 1, 1, 1, 1):
        if epochs:
            end_epochs(run, epochs)
        assert run.status.state is State.RUNNING
        kill()
    assert run.status.state is State.RUNNING
    kill()
    assert run.status.state is State.FAILED
    assert str(run.status.error).startswith("The worker process died again and again")


def test_a_deleted_run_of_a_dead_worker_holds_no_place(
    store: RunStore, small: Small, queue: RunQueue, workers: FakeWorkers
) -> None:
    workers.slots = {"one": 1, "other": 1}
    run = store.create(small())
    queue.poll()
    del workers.slots[str(workers.trainings[0].worker)]
    workers.slots["third"] = 1
    shutil.rmtree(run.path)  # as by another server; this one had no say in it
    others = [store.create(small()) for _ in range(2)]
    queue.poll()
    assert workers.trained == [run.id, *ids(others)]
