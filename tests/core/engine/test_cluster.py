"""What is known of workers and their scheduler, on a Dask cluster within this process."""

import math
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace

import pytest
from distributed import KilledWorker, LocalCluster

from core.config import RunConfig
from core.engine import Engine, EngineError
from core.engine.cluster import Cluster, free_worker
from core.runs import RunStore
from core.runs.status import State
from tests.ports import free_port

Small = Callable[..., RunConfig]
Wait = Callable[..., None]


@contextmanager
def scheduler(workers: int, **options: object) -> Iterator[LocalCluster]:
    """A scheduler with so many workers, all threads of this process, that listens on loopback."""
    with LocalCluster(
        n_workers=workers,
        processes=False,
        host="127.0.0.1",
        protocol="tcp://",
        dashboard_address="127.0.0.1:0",
        **options,
    ) as cluster:
        yield cluster


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    """A cluster that is not connected yet."""
    monkeypatch.delenv("DASK_SCHEDULER_ADDRESS", raising=False)
    monkeypatch.setattr("core.engine.cluster.warm_up_worker", lambda niceness: None)
    cluster = Cluster()
    yield cluster
    cluster.close()


@contextmanager
def giving_up_soon() -> Iterator[None]:
    """A cluster waits one second for a scheduler of which the test knows that it is not there."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("core.engine.cluster._CONNECT_SECONDS", 1)
        yield


@pytest.mark.parametrize(
    ("given", "chosen"),
    [
        ({}, "one"),
        ({"one": {"train-1"}}, "two"),
        ({"one": {"predict-1", "predict-2"}, "two": {"train-1"}}, "one"),
        ({"one": {"train-1"}, "two": {"train-2"}}, "large"),
        ({"large": {"train-1", "train-2"}}, "one"),
        ({"one": {"train-1"}, "two": {"train-2"}, "gone": set(), "large": {"train-3"}}, "large"),
    ],
)
def test_the_worker_with_the_most_places_free_is_chosen(
    given: dict[str, set[str]], chosen: str
) -> None:
    """Of equals the first; what is no training takes no place."""
    slots = {"one": 1, "two": 1, "large": 2 if "large" in chosen or "large" in given else 0}
    assert free_worker(slots, given) == chosen


def test_without_a_connection_nothing_is_submitted(cluster: Cluster) -> None:
    with pytest.raises(EngineError, match="has not been started"):
        cluster.submit(math.sqrt, 2.0)
    with pytest.raises(EngineError, match="has not been started"):
        cluster.choose_worker([])


@pytest.mark.parametrize("address", ["nonsense", "gopher://127.0.0.1:8786"])
def test_an_address_that_is_none_is_named(
    cluster: Cluster, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DASK_SCHEDULER_ADDRESS", address)
    with giving_up_soon():
        assert not cluster.poll()
    assert f"the scheduler at {address} cannot be reached" in str(cluster.problem)


def test_a_scheduler_is_named_until_it_is_there_and_when_it_is_lost(
    cluster: Cluster, wait_until: Wait, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = free_port()
    address = f"tcp://127.0.0.1:{port}"
    monkeypatch.setenv("DASK_SCHEDULER_ADDRESS", address)
    with giving_up_soon():
        cluster.connect()
        assert f"the scheduler at {address} cannot be reached" in str(cluster.problem)
        with pytest.raises(EngineError, match=address):
            cluster.submit(math.sqrt, 2.0)
    with scheduler(0, scheduler_port=port):
        assert not cluster.poll()
        with pytest.raises(EngineError, match="none has joined"):
            cluster.choose_worker([])
        assert cluster.problem == f"no workers: none has joined the scheduler at {address}"
    with giving_up_soon():
        wait_until(
            lambda: not cluster.poll() and "lost" in str(cluster.problem), "the loss to be told"
        )
    assert cluster.problem == f"no workers: the connection to the scheduler at {address} is lost"


def test_workers_are_counted_by_their_places(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    with scheduler(2, resources={"train": 3}) as dask:
        monkeypatch.setenv("DASK_SCHEDULER_ADDRESS", dask.scheduler_address)
        assert cluster.poll()
        assert list(cluster.slots.values()) == [3, 3]
        assert cluster.choose_worker([]) in cluster.slots
        assert cluster.submit(math.sqrt, 16.0).result(timeout=30) == 4.0


def test_workers_without_a_place_to_train_are_told(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    with scheduler(1) as dask:
        monkeypatch.setenv("DASK_SCHEDULER_ADDRESS", dask.scheduler_address)
        assert not cluster.poll()
        assert "were not started with --resources train=1" in str(cluster.problem)


def test_a_worker_of_another_version_is_sent_away(
    cluster: Cluster, wait_until: Wait, monkeypatch: pytest.MonkeyPatch
) -> None:
    def check(*_: object) -> tuple[int, str]:
        return 1, "it has TensorFlow 9.9, and this server 2.21"

    monkeypatch.setattr("core.engine.cluster.check_worker", check)
    with scheduler(1, resources={"train": 1}) as dask:
        monkeypatch.setenv("DASK_SCHEDULER_ADDRESS", dask.scheduler_address)
        assert not cluster.poll()
        assert "is refused, for it has TensorFlow 9.9, and this server" in str(cluster.problem)
        assert cluster.slots == {}
        wait_until(lambda: not dask.scheduler_info["workers"], "the worker to leave")


def test_what_a_training_was_lost_by_is_told(
    cluster: Cluster,
    store: RunStore,
    small: Small,
    wait_until: Wait,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ended: list[object] = []
    killed = KilledWorker("train", SimpleNamespace(address="tcp://127.0.0.1:9"), 3)
    with scheduler(1, resources={"train": 1}) as dask:
        monkeypatch.setenv("DASK_SCHEDULER_ADDRESS", dask.scheduler_address)
        assert cluster.poll()
        run = store.create(small())
        for error in (LookupError("it broke"), killed):

            def lose(*_: object, error: BaseException = error) -> None:
                raise error

            monkeypatch.setattr("core.engine.cluster.train_run", lose)
            worker = cluster.choose_worker([])
            training = cluster.train(run, worker, takes_slot=True, on_end=lambda: ended.append(1))
            wait_until(lambda training=training: training.is_done, "the training to be lost")
            assert type(training.error) is type(error)
        wait_until(lambda: len(ended) == 2, "both ends to be told")
        pending = cluster.train(run, "tcp://127.0.0.1:9", takes_slot=True, on_end=list)
        assert not pending.is_done
        assert pending.error is None
        cluster.close()
        assert pending.is_done


def test_runs_are_created_while_the_scheduler_is_sought(
    store: RunStore, small: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A scheduler that accepts the connection and says nothing holds up nobody's page."""
    monkeypatch.setattr("core.engine.cluster._CONNECT_SECONDS", 3)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"tcp://127.0.0.1:{silent.getsockname()[1]}"
        monkeypatch.setenv("DASK_SCHEDULER_ADDRESS", address)
        engine = Engine(store)
        starting = threading.Thread(target=engine.start)
        starting.start()
        connection, _ = silent.accept()
        (run,) = engine.enqueue_all([(small(), None)], "Ada")
        assert starting.is_alive()
        assert run.status.state is State.QUEUED
        connection.close()
    starting.join()
    engine.stop()


def test_a_training_that_has_ended_is_forgotten_with_who_asked_for_it(
    cluster: Cluster,
    store: RunStore,
    small: Small,
    wait_until: Wait,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Else Dask would train all of them again when their worker dies."""
    monkeypatch.setattr("core.engine.cluster.train_run", lambda *_: None)

    def train_to_its_end() -> str:
        worker = cluster.choose_worker([])
        training = cluster.train(store.create(small()), worker, takes_slot=True, on_end=list)
        wait_until(lambda: training.is_done, "the training to end")
        assert training.future.key in dask.scheduler.tasks
        return str(training.future.key)

    with scheduler(1, resources={"train": 1}) as dask:
        monkeypatch.setenv("DASK_SCHEDULER_ADDRESS", dask.scheduler_address)
        assert cluster.poll()
        key = train_to_its_end()
        wait_until(lambda: key not in dask.scheduler.tasks, "the scheduler to forget it")
