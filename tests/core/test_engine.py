import json
import math
import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import dask
import keras
import numpy as np
import psutil
import pytest

import core
from core.config import RunConfig
from core.engine import Engine, EngineError
from core.run_errors import RunNotFoundError
from core.runs import Run, RunStore
from core.status import Request, State
from core.turns import QueueFullError
from core.version import versions

Small = Callable[..., RunConfig]
Wait = Callable[..., None]

RESULT_SECONDS = 300

# Long enough to be disturbed, whatever the machine
LONG: dict[str, Any] = {"epochs": 200, "batch_size": 16, "training_images": 4_000}


@contextmanager
def running(store: RunStore) -> Iterator[Engine]:
    engine = Engine(store)
    engine.start()
    try:
        yield engine
    finally:
        engine.stop()


@pytest.fixture(scope="module", autouse=True)
def _no_cluster_elsewhere() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("DASK_SCHEDULER_ADDRESS", raising=False)
        yield


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """An engine with a worker of its own."""
    with running(RunStore(tmp_path_factory.mktemp("engine"))) as engine:
        yield engine


def find_worker(engine: Engine) -> psutil.Process:
    """The process of the engine's only worker."""
    (pid,) = engine._client.run(os.getpid).values()
    return psutil.Process(pid)


def kill_worker_of(engine: Engine, run: Run) -> None:
    """Kill the one of several workers that the engine gave the run to."""
    address = engine._trainings[run.id].worker
    worker = psutil.Process(engine._client.run(os.getpid, workers=[address])[address])
    worker.kill()
    worker.wait()


def is_working(run: Run) -> bool:
    return run.status.state in {State.RUNNING, State.PAUSED, State.STOPPING}


def check_equal_weights(run: Run, other: Run) -> None:
    models = [keras.models.load_model(each.model_path) for each in (run, other)]
    for ours, theirs in zip(*(model.get_weights() for model in models), strict=True):
        np.testing.assert_array_equal(ours, theirs)


# --- with a worker of its own


def test_submitted_run_trains_to_its_end(engine: Engine, small: Small) -> None:
    damaged = engine.store.create(small())
    (damaged.path / "config.json").write_text("rubbish")
    run = engine.store.create(small())
    status = engine.submit_run(run.id).result(timeout=RESULT_SECONDS)
    assert status.state is State.FINISHED
    assert run.status == status
    assert len(run.history) == run.config.epochs
    assert damaged.status.state is State.DAMAGED
    assert engine.problem is None


def test_run_is_not_queued_twice(engine: Engine, small: Small) -> None:
    run = engine.store.create(small())
    futures = [engine.submit_run(run.id) for _ in range(3)]
    assert len({future.key for future in futures}) == 1
    assert futures[0].result(timeout=RESULT_SECONDS).state is State.FINISHED


def test_run_that_has_ended_stays_as_it_is(engine: Engine, small: Small) -> None:
    run = engine.store.create(small())
    run.ask(Request.STOP)
    assert engine.submit_run(run.id).result(timeout=RESULT_SECONDS).state is State.STOPPED
    assert run.history.empty


def test_queued_runs_train_one_after_another(
    engine: Engine, small: Small, wait_until: Wait
) -> None:
    """Nobody submits them: the engine finds what is queued in its folder."""
    first, second = (engine.store.create(small(epochs=8, batch_size=16)) for _ in range(2))
    engine.wake()
    together = []

    def both_finished() -> bool:
        # Read thrice, so that a change of turns between two readings is no overlap.
        together.append(is_working(first) and is_working(second) and is_working(first))
        return first.status.state is second.status.state is State.FINISHED

    wait_until(both_finished)
    assert not any(together)
    assert len(first.history) == len(second.history) == 8
    assert len(together) > 2


def test_worker_answers_while_a_run_trains(engine: Engine, small: Small, wait_until: Wait) -> None:
    run = engine.store.create(small(**LONG))
    engine.submit_run(run.id)
    wait_until(lambda: run.status.epoch >= 2)
    assert engine.submit("math:sqrt", 2.0).result(timeout=RESULT_SECONDS) == math.sqrt(2)
    assert engine.submit(math.hypot, 3, 4).result(timeout=RESULT_SECONDS) == 5
    assert run.status.state is State.RUNNING
    run.ask(Request.STOP)
    wait_until(lambda: run.status.state is State.STOPPED)
    assert run.status.epoch < 200


def test_work_runs_in_the_worker_and_not_here(engine: Engine) -> None:
    pid = engine.submit("os:getpid").result(timeout=RESULT_SECONDS)
    assert pid in {process.pid for process in psutil.Process().children(recursive=True)}


def test_work_raises_what_it_raises(engine: Engine) -> None:
    with pytest.raises(ValueError, match=r"math domain error|nonnegative"):
        engine.submit("math:sqrt", -1.0).result(timeout=RESULT_SECONDS)
    with pytest.raises(AttributeError, match="no_such_function"):
        engine.submit("math:no_such_function").result(timeout=RESULT_SECONDS)


def test_engine_listens_on_loopback_only_and_on_no_well_known_port(engine: Engine) -> None:
    assert engine.submit("os:getpid").result(timeout=RESULT_SECONDS)
    processes = [psutil.Process(), *psutil.Process().children(recursive=True)]
    listening = [
        connection.laddr
        for process in processes
        for connection in process.net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN
    ]
    assert {address.ip for address in listening} == {"127.0.0.1"}
    assert 8787 not in {address.port for address in listening}  # Dask's dashboard


# Long enough to be interrupted, and short enough to be trained to its end twice.
TWICE: dict[str, Any] = {"epochs": 60, "batch_size": 16, "dropout": 0.5}


@pytest.fixture(scope="module")
def undisturbed(engine: Engine, small: Small) -> Run:
    run = engine.store.create(small(**TWICE))
    engine.submit_run(run.id).result(timeout=RESULT_SECONDS)
    return run


def pause_after_two_epochs(run: Run, wait_until: Wait) -> None:
    wait_until(lambda: len(run.history) >= 2)
    run.ask(Request.PAUSE)
    wait_until(lambda: run.status.state is State.PAUSED)
    assert len(run.history) < run.config.epochs


def test_run_of_a_killed_worker_goes_on_to_the_same_weights(
    engine: Engine, undisturbed: Run, wait_until: Wait
) -> None:
    run = engine.store.create(undisturbed.config)
    future = engine.submit_run(run.id)
    pause_after_two_epochs(run, wait_until)
    worker = find_worker(engine)
    worker.kill()
    worker.wait()
    run.ask(Request.RUN)
    assert future.result(timeout=RESULT_SECONDS).state is State.FINISHED
    assert find_worker(engine).pid != worker.pid
    check_equal_weights(run, undisturbed)


def test_paused_run_gives_its_place_to_others_and_takes_its_turn_once_resumed(
    engine: Engine,
    undisturbed: Run,
    small: Small,
    wait_until: Wait,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("core.engine._LEAVE_SECONDS", 0.5)
    run = engine.enqueue(undisturbed.config, owner="Ada")
    pause_after_two_epochs(run, wait_until)
    other = engine.enqueue(small(), owner="Bert")
    wait_until(lambda: other.status.state is State.FINISHED)
    assert run.status.state is State.PAUSED
    assert not run.is_training()

    blocker = engine.enqueue(small(**LONG), owner="Bert")
    wait_until(lambda: blocker.status.state is State.RUNNING)
    run.ask(Request.RUN)
    wait_until(lambda: [each.id for each in engine.queue] == [run.id])
    blocker.ask(Request.STOP)
    wait_until(lambda: run.status.state is State.FINISHED)
    check_equal_weights(run, undisturbed)


def test_paused_run_that_nobody_trains_is_stopped(
    engine: Engine, small: Small, wait_until: Wait, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.engine._LEAVE_SECONDS", 0.0)
    run = engine.enqueue(small(**LONG))
    pause_after_two_epochs(run, wait_until)
    wait_until(lambda: not run.is_training())
    run.ask(Request.STOP)
    wait_until(lambda: run.status.state is State.STOPPED)
    wait_until(lambda: run.is_closed)
    assert run.status.final_epoch == len(run.history) >= 2
    assert run.model_path.exists()


def test_paused_run_that_lost_its_place_is_stopped_while_another_trains(
    engine: Engine, small: Small, wait_until: Wait, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.engine._LEAVE_SECONDS", 0.0)
    run = engine.enqueue(small(**LONG))
    pause_after_two_epochs(run, wait_until)
    other = engine.enqueue(small(**LONG))
    wait_until(lambda: other.status.state is State.RUNNING)
    run.ask(Request.STOP)
    wait_until(lambda: run.status.state is State.STOPPED)
    assert other.status.state is State.RUNNING
    assert run.model_path.exists()
    other.ask(Request.STOP)
    wait_until(lambda: not engine.training)


def test_run_that_does_not_exist_cannot_be_submitted(engine: Engine) -> None:
    with pytest.raises(RunNotFoundError, match="20200101-000000-000000"):
        engine.submit_run("20200101-000000-000000")


# --- lives of an engine


def test_engine_must_be_started(store: RunStore, small: Small) -> None:
    engine = Engine(store)
    run = store.create(small())
    with pytest.raises(EngineError, match="has not been started"):
        engine.submit("math:sqrt", 2.0)
    with pytest.raises(EngineError, match="has not been started"):
        engine.submit_run(run.id)


def test_next_engine_takes_up_queued_and_interrupted_runs(
    store: RunStore, small: Small, wait_until: Wait
) -> None:
    interrupted = store.create(small(**LONG))
    with running(store):
        wait_until(lambda: len(interrupted.history) >= 2)
        queued = store.create(small())
    assert interrupted.status.state is State.RUNNING
    assert not interrupted.is_training()
    assert queued.status.state is State.QUEUED
    done = interrupted.history

    with running(store):
        # Which goes first depends on how long the restart took: silent for two seconds, the
        # interrupted one does.
        wait_until(lambda: len(interrupted.history) > len(done))
        interrupted.ask(Request.STOP)
        wait_until(lambda: interrupted.status.state is State.STOPPED)
        wait_until(lambda: queued.status.state is State.FINISHED)
    history = interrupted.history
    assert history["epoch"].tolist() == list(range(1, len(history) + 1))
    # The last row may have been written after the last checkpoint; then its epoch was repeated.
    kept = history.iloc[: len(done) - 1]
    assert kept.to_dict("records") == done.iloc[:-1].to_dict("records")


def test_run_whose_workers_keep_dying_fails_with_a_sentence(
    store: RunStore, small: Small, wait_until: Wait
) -> None:
    """Once is enough here, and it may be before the training has begun, but not after an epoch."""
    run = store.create(small(**LONG))
    run.ask(Request.PAUSE)
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 0}),
        running(store) as engine,
    ):
        engine.submit_run(run.id)
        # The worker that answers has been given the earlier training too.
        pid = engine.submit("os:getpid").result(timeout=RESULT_SECONDS)
        psutil.Process(pid).kill()
        wait_until(lambda: run.status.state is State.FAILED)
    assert run.status.error is not None
    assert run.status.error.startswith("The worker process died again and again")


def test_run_that_made_progress_outlives_any_number_of_workers(
    store: RunStore, small: Small, wait_until: Wait
) -> None:
    """Others may have killed them: Dask blames all that they were working on."""
    run = store.create(small(**LONG))
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 0}),
        running(store) as engine,
    ):
        future = engine.submit_run(run.id)
        pause_after_two_epochs(run, wait_until)
        pid = engine.submit("os:getpid").result(timeout=RESULT_SECONDS)
        psutil.Process(pid).kill()
        wait_until(lambda: future.status == "error")
        run.ask(Request.RUN)
        done = len(run.history)
        wait_until(lambda: len(run.history) > done)
        assert run.status.error is None
        run.ask(Request.STOP)
        wait_until(lambda: run.status.state is State.STOPPED)


def test_training_lost_by_any_other_error_names_it(
    engine: Engine, small: Small, wait_until: Wait, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_down(*args: Any) -> None:  # sent as code, for it is local
        raise LookupError("it broke")

    monkeypatch.setattr("core.engine.train_run", break_down)
    run = engine.enqueue(small())
    wait_until(lambda: run.status.state is State.FAILED)
    assert run.status.error == (
        "The training was lost by an unexpected error: LookupError: it broke"
    )


SCRIPT = """
import sys

from core.config import RunConfig
from core.engine import Engine
from core.runs import RunStore

if __name__ == "__main__":
    engine = Engine(RunStore(sys.argv[1]))
    engine.start()
    config = RunConfig(hidden=(16,), training_images=1_000, validation_share=0.05, epochs=2)
    run = engine.store.create(config)
    status = engine.submit_run(run.id).result()
    print(run.id, status.state, engine.submit("math:sqrt", 16.0).result())
    engine.stop()
"""


def test_engine_in_a_script(tmp_path: Path, store: RunStore) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    result = subprocess.run(
        [sys.executable, str(script), str(store.root)],
        capture_output=True,
        text=True,
        timeout=RESULT_SECONDS,
    )
    assert result.returncode == 0, result.stderr
    (run,) = store.list()
    assert result.stdout.split() == [run.id, "finished", "4.0"]
    assert run.status.state is State.FINISHED


# --- a cluster elsewhere


@contextmanager
def process(*arguments: str, folder: Path | None = None) -> Iterator[subprocess.Popen[bytes]]:
    """A `dask` process; it imports what is in `folder` first."""
    command = [sys.executable, "-m", "dask", *arguments]
    environment = os.environ | ({"PYTHONPATH": str(folder)} if folder else {})
    with subprocess.Popen(command, cwd=folder, env=environment) as started:
        try:
            yield started
        finally:
            started.terminate()


def scheduler(port: int, about: Path) -> Any:
    """`dask scheduler` on loopback; it writes its address into `about` once it listens."""
    return process(
        "scheduler",
        "--host=127.0.0.1",
        f"--port={port}",
        "--dashboard-address=127.0.0.1:0",
        "--no-dashboard",
        f"--scheduler-file={about}",
    )


def read_address(about: Path) -> str:
    return str(json.loads(about.read_text())["address"])


@pytest.fixture
def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def short_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.engine._CONNECT_SECONDS", 1)


def test_run_trains_on_a_cluster_elsewhere(
    tmp_path: Path,
    store: RunStore,
    small: Small,
    wait_until: Wait,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    about = tmp_path / "scheduler.json"
    with scheduler(0, about) as its_scheduler:
        wait_until(about.exists)
        address = read_address(about)
        worker = process(
            "worker", address, "--host=127.0.0.1", "--resources", "train=1", "--nthreads", "4"
        )
        monkeypatch.setenv("DASK_SCHEDULER_ADDRESS", address)
        with worker as its_worker:
            with running(store) as engine:
                run = store.create(small())
                status = engine.submit_run(run.id).result(timeout=RESULT_SECONDS)
                pid = engine.submit("os:getpid").result(timeout=RESULT_SECONDS)
                workers = psutil.Process(its_worker.pid).children(recursive=True)
                assert pid in {process.pid for process in workers}
            assert its_scheduler.poll() is None
            assert its_worker.poll() is None
    assert status.state is State.FINISHED
    assert run.status == status


def make_other_version(folder: Path, name: str) -> None:
    """A folder of which a process that imports what is in it first has another version."""
    shutil.copytree(Path(core.__file__).parent, folder / "core")
    if name == "TensorFlow":  # what `importlib.metadata` finds first
        about = folder / "tensorflow-9.9.dist-info"
        about.mkdir()
        (about / "METADATA").write_text("Metadata-Version: 2.1\nName: tensorflow\nVersion: 9.9\n")
    else:
        with (folder / "core" / "steps.py").open("a") as file:
            file.write("# changed\n")


@pytest.mark.parametrize("name", ["Digit Lab", "TensorFlow"])
def test_worker_of_another_version_is_refused(
    tmp_path: Path,
    store: RunStore,
    small: Small,
    wait_until: Wait,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
) -> None:
    other = tmp_path / "other"
    make_other_version(other, name)
    about = tmp_path / "scheduler.json"
    with scheduler(0, about):
        wait_until(about.exists)
        address = read_address(about)
        monkeypatch.setenv("DASK_SCHEDULER_ADDRESS", address)
        with running(store) as engine:
            run = store.create(small())
            wait_until(
                lambda: engine.problem == f"no workers: none has joined the scheduler at {address}"
            )
            arguments = (address, "--host=127.0.0.1", "--resources", "train=1", "--nthreads", "2")
            with process("worker", *arguments, folder=other) as refused:
                wait_until(lambda: "is refused" in str(engine.problem))
                assert f"it has {name} " in str(engine.problem)
                assert f"and this server {versions()[name]}" in str(engine.problem)
                refused.wait(RESULT_SECONDS)
            assert run.status.state is State.QUEUED
            with process("worker", *arguments):
                wait_until(lambda: run.status.state is State.FINISHED)
                assert engine.problem is None


def test_worker_of_another_version_that_nobody_has_looked_at_trains_nothing(
    tmp_path: Path,
    store: RunStore,
    small: Small,
    wait_until: Wait,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It may be given a run in the second before the engine looks at it."""
    monkeypatch.setattr("core.engine.compare_worker", lambda client, address: None)
    other = tmp_path / "other"
    make_other_version(other, "Digit Lab")
    about = tmp_path / "scheduler.json"
    with scheduler(0, about):
        wait_until(about.exists)
        address = read_address(about)
        monkeypatch.setenv("DASK_SCHEDULER_ADDRESS", address)
        arguments = (address, "--host=127.0.0.1", "--resources", "train=1", "--nthreads", "2")
        with running(store) as engine:
            with process("worker", *arguments, folder=other):
                run = engine.enqueue(small())
                wait_until(lambda: f"and this server {versions()}" in caplog.text)
                assert run.status.state is State.QUEUED
                assert not run.model_path.exists()
            with process("worker", *arguments):
                wait_until(lambda: run.status.state is State.FINISHED)


def test_run_survives_its_scheduler(
    tmp_path: Path,
    store: RunStore,
    undisturbed: Run,
    free_port: int,
    wait_until: Wait,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The scheduler is killed and comes back with another worker; the run goes on in that."""
    address = f"tcp://127.0.0.1:{free_port}"
    monkeypatch.setenv("DASK_SCHEDULER_ADDRESS", address)
    arguments = ("worker", address, "--host=127.0.0.1", "--resources", "train=1", "--nthreads", "4")
    run = store.create(undisturbed.config)
    with scheduler(free_port, tmp_path / "first.json") as first:
        wait_until((tmp_path / "first.json").exists)
        with running(store) as engine:
            with process(*arguments) as nanny:
                pause_after_two_epochs(run, wait_until)
                workers = [psutil.Process(nanny.pid), *psutil.Process(nanny.pid).children(True)]
                first.kill()
                wait_until(lambda: "lost" in str(engine.problem))
                for worker in workers:
                    with suppress(psutil.NoSuchProcess):
                        worker.kill()
            wait_until(lambda: not run.is_training())
            with scheduler(free_port, tmp_path / "second.json"), process(*arguments):
                run.ask(Request.RUN)
                wait_until(lambda: run.status.state is State.FINISHED)
                assert engine.problem is None
    check_equal_weights(run, undisturbed)


def test_runs_are_created_while_the_scheduler_is_sought(
    store: RunStore,
    small: Small,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A scheduler that accepts the connection and says nothing holds up nobody's page."""
    monkeypatch.setattr("core.engine._CONNECT_SECONDS", 5)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"tcp://127.0.0.1:{silent.getsockname()[1]}"
        monkeypatch.setenv("DASK_SCHEDULER_ADDRESS", address)
        engine = Engine(store)
        starting = threading.Thread(target=engine.start)
        starting.start()
        connection, _ = silent.accept()
        engine.enqueue(small(), owner="Ada")
        assert starting.is_alive()
        connection.close()
    starting.join()
    engine.stop()


@pytest.mark.usefixtures("short_timeout")
def test_unreachable_scheduler_is_named_until_it_is_there(
    tmp_path: Path,
    store: RunStore,
    small: Small,
    free_port: int,
    wait_until: Wait,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    address = f"tcp://127.0.0.1:{free_port}"
    monkeypatch.setenv("DASK_SCHEDULER_ADDRESS", address)
    run = store.create(small())
    with running(store) as engine:
        assert engine.problem is not None
        assert f"the scheduler at {address} cannot be reached" in engine.problem
        with pytest.raises(EngineError, match=address):
            engine.submit_run(run.id)
        with pytest.raises(EngineError, match=address):
            engine.submit("math:sqrt", 2.0)
        with scheduler(free_port, tmp_path / "scheduler.json"):
            wait_until(lambda: "none has joined" in str(engine.problem))
            engine.stop()
    assert run.status.state is State.QUEUED


@pytest.mark.usefixtures("short_timeout")
def test_lost_scheduler_is_named(
    tmp_path: Path,
    store: RunStore,
    free_port: int,
    wait_until: Wait,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    address = f"tcp://127.0.0.1:{free_port}"
    monkeypatch.setenv("DASK_SCHEDULER_ADDRESS", address)
    with running(store) as engine:
        with scheduler(free_port, tmp_path / "scheduler.json"):
            wait_until(lambda: "none has joined" in str(engine.problem))
        wait_until(lambda: "lost" in str(engine.problem), seconds=60)
        assert address in str(engine.problem)


@pytest.mark.usefixtures("short_timeout")
@pytest.mark.parametrize("address", ["nonsense", "gopher://127.0.0.1:8786"])
def test_address_that_is_none_is_named(
    store: RunStore, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DASK_SCHEDULER_ADDRESS", address)
    with running(store) as engine:
        assert engine.problem is not None
        assert address in engine.problem


# --- the queue


def test_people_take_turns(engine: Engine, small: Small, wait_until: Wait) -> None:
    """One who asks for three runs lets one who comes later with one go before the second.

    Nobody else asks by these names: whose turn it was in another test would count.
    """
    blocker = engine.enqueue(small(**LONG), owner="first")
    wait_until(lambda: blocker.status.state is State.RUNNING)
    greedy = [engine.enqueue(small(epochs=5), owner="greedy") for _ in range(3)]
    modest = engine.enqueue(small(epochs=5), owner="modest")
    runs = [*greedy, modest]
    blocker.ask(Request.STOP)
    wait_until(lambda: all(run.status.state is State.FINISHED for run in runs))
    order = sorted(runs, key=lambda run: run.status.heartbeat)
    assert [run.id for run in order] == [greedy[0].id, modest.id, greedy[1].id, greedy[2].id]
    wait_until(lambda: not engine.queue and not engine.training)


@pytest.fixture
def two_workers(
    store: RunStore, wait_until: Wait, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Engine]:
    monkeypatch.setenv("DIGITLAB_WORKERS", "2")
    with running(store) as engine:
        wait_until(lambda: engine.places == 2)
        yield engine


def test_two_workers_train_two_runs_at_once(
    two_workers: Engine, store: RunStore, small: Small, wait_until: Wait
) -> None:
    for _ in range(5):  # a worker chosen blindly would do for half of them
        runs = [store.create(small(**LONG)) for _ in range(2)]
        wait_until(lambda runs=runs: all(run.status.epoch >= 1 for run in runs))
        assert len({two_workers._trainings[run.id].worker for run in runs}) == 2
        for run in runs:
            run.ask(Request.STOP)
        wait_until(lambda runs=runs: not any(run.status.state.is_active for run in runs))


def test_one_of_two_workers_dies_and_both_runs_go_on(
    two_workers: Engine, store: RunStore, undisturbed: Run, wait_until: Wait
) -> None:
    runs = [store.create(undisturbed.config) for _ in range(2)]
    for run in runs:
        pause_after_two_epochs(run, wait_until)
    kill_worker_of(two_workers, runs[0])
    for run in runs:
        run.ask(Request.RUN)
    wait_until(lambda: all(run.status.state is State.FINISHED for run in runs))
    for run in runs:
        check_equal_weights(run, undisturbed)


def test_deleted_run_of_a_dead_worker_holds_no_place(
    two_workers: Engine, store: RunStore, small: Small, wait_until: Wait
) -> None:
    run = store.create(small(**LONG))
    run.ask(Request.PAUSE)
    wait_until(lambda: run.id in two_workers._trainings and run.is_training())
    kill_worker_of(two_workers, run)
    shutil.rmtree(run.path)  # as by another server; this one had no say in it
    wait_until(lambda: run.id not in two_workers._trainings)


def test_run_that_kills_each_worker_fails_also_where_there_are_several(
    two_workers: Engine,
    store: RunStore,
    small: Small,
    wait_until: Wait,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("core.engine._MOST_DEATHS", 1)
    run = store.create(small(**LONG))
    run.ask(Request.PAUSE)
    for _ in range(2):
        wait_until(lambda: run.id in two_workers._trainings and run.is_training())
        kill_worker_of(two_workers, run)
    wait_until(lambda: run.status.state is State.FAILED)
    assert str(run.status.error).startswith("The worker process died again and again")


def test_one_person_may_not_fill_the_queue(store: RunStore, small: Small) -> None:
    engine = Engine(store)
    for _ in range(engine.most_waiting):
        engine.enqueue(small(), owner="Ada")
    with pytest.raises(QueueFullError, match="10 of your runs are waiting"):
        engine.enqueue(small(), owner="Ada")
    engine.enqueue(small(), owner="Bert")
    assert len(store.list()) == 11


def test_a_bunch_of_runs_is_queued_as_a_whole_or_not_at_all(store: RunStore, small: Small) -> None:
    engine = Engine(store)
    engine.enqueue_all([(small(seed=seed), f"seed {seed}") for seed in range(8)], owner="Ada")
    bunch = [(small(seed=seed), None) for seed in range(3)]
    with pytest.raises(
        QueueFullError, match=r"8 of your runs are waiting .* 3 more .* the 10 that"
    ):
        engine.enqueue_all(bunch, owner="Ada")
    assert len(store.list()) == 8
    assert [run.name for run in engine.queue] == [f"seed {seed}" for seed in range(8)]
    engine.enqueue_all(bunch[:2], owner="Ada")
    assert len(store.list()) == 10


def test_deleted_runs_wait_no_longer(engine: Engine, small: Small, wait_until: Wait) -> None:
    blocker = engine.enqueue(small(**LONG), owner="Cleo")
    wait_until(lambda: blocker.status.state is State.RUNNING)
    runs = engine.enqueue_all([(small(), None)] * engine.most_waiting, owner="Ada")
    wait_until(lambda: len(engine.queue) == len(runs))
    for run in runs:
        engine.store.delete(run.id)
    last = engine.enqueue(small(), owner="Ada")
    wait_until(lambda: [run.id for run in engine.queue] == [last.id])
    for run in (last, blocker):
        run.ask(Request.STOP)
    wait_until(lambda: not engine.queue and not engine.training)


def test_most_waiting_is_a_setting(
    store: RunStore, small: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIGITLAB_MOST_WAITING", "0")
    with pytest.raises(QueueFullError):
        Engine(store).enqueue(small(), owner="Ada")
    assert store.list() == []
