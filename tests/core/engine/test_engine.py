"""The engine with real workers: a worker of its own, two of them, a scheduler elsewhere, a script.

What it decides is tested in `test_queue`, what it knows of workers in `test_cluster`.
"""

import json
import math
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import distributed.system
import keras
import numpy as np
import psutil
import pytest

import core
from core.config import RunConfig
from core.engine import Engine
from core.engine.version import versions
from core.engine.worker import train_run
from core.runs import Run, RunStore
from core.runs.errors import RunNotFoundError
from core.runs.status import Request, State
from core.training import train
from tests.ports import free_port

Small = Callable[..., RunConfig]
Wait = Callable[..., None]

# Long enough to be disturbed, whatever the machine
LONG: dict[str, Any] = {"epochs": 200, "batch_size": 16, "training_images": 4_000}
# Long enough to be interrupted, and short enough to be trained to its end several times
TWICE: dict[str, Any] = {"epochs": 40, "batch_size": 16, "dropout": 0.5}
RESULT_SECONDS = WAKING_SECONDS = 120

pytestmark = pytest.mark.apart  # it kills processes


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
    """An engine whose one worker may have 3 GB."""
    engine = Engine(RunStore(tmp_path_factory.mktemp("engine")))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(distributed.system, "MEMORY_LIMIT", 3_000_000_000)
        engine.start()
    yield engine
    engine.stop()


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, small: Small) -> Run:
    """A run trained to its end in this process."""
    run = RunStore(tmp_path_factory.mktemp("undisturbed")).create(small(**TWICE))
    assert train(run).state is State.FINISHED
    return run


def check_equal_weights(run: Run, other: Run) -> None:
    models = [keras.models.load_model(each.model_path) for each in (run, other)]
    for ours, theirs in zip(*(model.get_weights() for model in models), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def await_training(run: Run, wait_until: Wait) -> None:
    """Wait for a worker, which may have only just been started, to train the run."""
    wait_until(
        lambda: run.status.state in {State.RUNNING, State.FINISHED},
        f"a worker to wake and to train {run}",
        WAKING_SECONDS,
    )


def pause_after_two_epochs(run: Run, wait_until: Wait) -> None:
    await_training(run, wait_until)
    wait_until(lambda: len(run.history) >= 2, "a woken worker to train two epochs", WAKING_SECONDS)
    run.request(Request.PAUSE)
    wait_until(lambda: run.status.state is State.PAUSED, "the pause")
    assert len(run.history) < run.config.epochs


def end(run: Run, state: State, wait_until: Wait) -> None:
    wait_until(lambda: not run.status.state.is_active, f"{run} to end", WAKING_SECONDS)
    assert run.status.state is state


# --- a worker of its own


def test_a_worker_answers_while_a_run_trains(
    engine: Engine, small: Small, wait_until: Wait
) -> None:
    (run,) = engine.enqueue_all([(small(**LONG), None)], "Ada")
    await_training(run, wait_until)
    wait_until(lambda: run.status.epoch >= 2, "a woken worker to train two epochs", WAKING_SECONDS)
    assert engine.submit(math.sqrt, 2.0).result(timeout=RESULT_SECONDS) == math.sqrt(2)
    assert engine.submit(math.hypot, 3, 4).result(timeout=RESULT_SECONDS) == 5
    with pytest.raises(ValueError, match=r"math domain error|nonnegative"):
        engine.submit(math.sqrt, -1.0).result(timeout=RESULT_SECONDS)
    pid = engine.submit(os.getpid).result(timeout=RESULT_SECONDS)
    assert pid in {process.pid for process in psutil.Process().children(recursive=True)}
    assert run.status.state is State.RUNNING
    assert engine.problem is None
    run.request(Request.STOP)
    end(run, State.STOPPED, wait_until)
    assert run.status.epoch < 200
    assert run.model_path.exists()


def test_it_listens_on_loopback_only_and_on_no_well_known_port(engine: Engine) -> None:
    assert engine.submit(os.getpid).result(timeout=RESULT_SECONDS)
    listening = []
    for process in (psutil.Process(), *psutil.Process().children(recursive=True)):
        with suppress(psutil.NoSuchProcess):  # one of a browser's, ended since
            listening += [
                connection.laddr
                for connection in process.net_connections("tcp")
                if connection.status == psutil.CONN_LISTEN
            ]
    assert {address.ip for address in listening} == {"127.0.0.1"}
    assert 8787 not in {address.port for address in listening}  # Dask's dashboard


def test_a_worker_that_does_not_see_the_folder_says_so(engine: Engine, tmp_path: Path) -> None:
    run_id = "20260101-000000-000000"
    future = engine.submit(train_run, tmp_path, run_id, 0.0)
    with pytest.raises(RunNotFoundError) as caught:
        future.result(timeout=RESULT_SECONDS)
    assert "the worker at tcp://127.0.0.1:" in str(caught.value)
    assert f"does not see run {run_id} in {tmp_path}" in str(caught.value)


def test_the_run_of_a_worker_killed_for_its_memory_goes_on_to_the_same_weights(
    engine: Engine, undisturbed: Run, wait_until: Wait, tmp_path: Path
) -> None:
    run = engine.store.create(undisturbed.config)
    pause_after_two_epochs(run, wait_until)
    worker = psutil.Process(engine.submit(os.getpid).result(timeout=RESULT_SECONDS))
    job = engine.submit(_eat_memory, str(tmp_path / "eaten"))  # held, or it would be dropped
    what = "the worker to fill its memory and to be killed"
    wait_until(lambda: not worker.is_running(), what, WAKING_SECONDS)
    run.request(Request.RUN)
    await_training(run, wait_until)
    end(run, State.FINISHED, wait_until)
    assert job.result(timeout=RESULT_SECONDS) is None
    check_equal_weights(run, undisturbed)


def _eat_memory(marker: str) -> None:
    if Path(marker).exists():  # Dask tries it again in the next worker
        return
    Path(marker).touch()
    eaten = []
    for _ in range(80):  # to 4 GB, which is more than it may have, and no more than there is
        eaten.append(bytearray(b"1") * 50_000_000)
        time.sleep(0.02)
    time.sleep(60)


# --- two workers


def test_of_two_workers_each_trains_a_run_and_takes_over_that_of_a_dead_one(
    store: RunStore,
    undisturbed: Run,
    small: Small,
    wait_until: Wait,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DIGITLAB_WORKERS", "2")
    with running(store) as engine:
        wait_until(lambda: engine.slots == 2, "two workers", WAKING_SECONDS)
        for _ in range(2):  # a worker chosen blindly would do for half of them
            runs = [store.create(small(**LONG)) for _ in range(2)]
            for run in runs:
                await_training(run, wait_until)
            wait_until(
                lambda runs=runs: all(run.status.epoch >= 1 for run in runs), "both to train"
            )
            assert len({engine.queue.start_training(run.id).worker for run in runs}) == 2
            for run in runs:
                run.request(Request.STOP)
            for run in runs:
                end(run, State.STOPPED, wait_until)

        runs = [store.create(undisturbed.config) for _ in range(2)]
        for run in runs:
            pause_after_two_epochs(run, wait_until)
        address = str(engine.queue.start_training(runs[0].id).worker)
        client = engine.cluster._client
        assert client is not None
        psutil.Process(client.run(os.getpid, workers=[address])[address]).kill()
        for run in runs:
            run.request(Request.RUN)
        for run in runs:
            await_training(run, wait_until)
        for run in runs:
            end(run, State.FINISHED, wait_until)
            check_equal_weights(run, undisturbed)


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


@contextmanager
def scheduler(about: Path, wait_until: Wait, port: int = 0) -> Iterator[subprocess.Popen[bytes]]:
    """`dask scheduler` on loopback, once it listens; `about` then holds its address."""
    with process(
        "scheduler",
        "--host=127.0.0.1",
        f"--port={port or free_port()}",
        "--dashboard-address=127.0.0.1:0",
        "--no-dashboard",
        f"--scheduler-file={about}",
    ) as started:
        wait_until(lambda: about.exists() and about.read_text().endswith("}"), "the scheduler")
        yield started


def read_address(about: Path) -> str:
    return str(json.loads(about.read_text())["address"])


def worker_of(address: str) -> tuple[str, ...]:
    return ("worker", address, "--host=127.0.0.1", "--resources", "train=1", "--nthreads", "4")


def test_a_run_survives_its_scheduler(
    tmp_path: Path,
    store: RunStore,
    undisturbed: Run,
    wait_until: Wait,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is killed and comes back with another worker; the run goes on in that."""
    run = store.create(undisturbed.config)
    with scheduler(tmp_path / "first.json", wait_until) as first:
        address = read_address(tmp_path / "first.json")
        monkeypatch.setenv("DASK_SCHEDULER_ADDRESS", address)
        with running(store) as engine:
            with process(*worker_of(address)) as nanny:
                pause_after_two_epochs(run, wait_until)
                workers = [psutil.Process(nanny.pid), *psutil.Process(nanny.pid).children(True)]
                assert engine.submit(os.getpid).result(timeout=RESULT_SECONDS) in {
                    worker.pid for worker in workers
                }
                first.kill()
                wait_until(lambda: "lost" in str(engine.problem), "the loss to be told")
                for worker in workers:
                    with suppress(psutil.NoSuchProcess):
                        worker.kill()
            wait_until(lambda: not run.is_training(), "the worker to be gone")
            port = int(address.rpartition(":")[2])
            with (
                scheduler(tmp_path / "second.json", wait_until, port) as second,
                process(*worker_of(address)) as another,
            ):
                run.request(Request.RUN)
                await_training(run, wait_until)
                end(run, State.FINISHED, wait_until)
                assert engine.problem is None
                engine.stop()
                assert second.poll() is None
                assert another.poll() is None
    check_equal_weights(run, undisturbed)


def test_a_worker_of_another_version_is_refused(
    tmp_path: Path,
    store: RunStore,
    small: Small,
    wait_until: Wait,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    other, about = tmp_path / "other", tmp_path / "scheduler.json"
    shutil.copytree(Path(core.__file__).parent, other / "core")
    with (other / "core" / "steps.py").open("a") as file:
        file.write("# changed\n")
    with scheduler(about, wait_until):
        address = read_address(about)
        monkeypatch.setenv("DASK_SCHEDULER_ADDRESS", address)
        with running(store) as engine:
            run = store.create(small())
            with process(*worker_of(address), folder=other) as refused:
                what = "a worker to start and to be refused"
                wait_until(lambda: "is refused" in str(engine.problem), what, WAKING_SECONDS)
                assert "it has Digit Lab " in str(engine.problem)
                assert f"and this server {versions()['Digit Lab']}" in str(engine.problem)
                refused.wait(RESULT_SECONDS)
            assert run.status.state is State.QUEUED


SCRIPT = """
import math
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
    print(run.id, status.state, engine.submit(math.sqrt, 16.0).result())
    engine.stop()
"""


def test_an_engine_in_a_script(tmp_path: Path, store: RunStore) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    result = subprocess.run(
        [sys.executable, str(script), str(store.root)],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert result.returncode == 0, result.stderr
    (run,) = store.list()
    assert result.stdout.split() == [run.id, "finished", "4.0"]
    assert run.status.state is State.FINISHED
