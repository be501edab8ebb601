"""Sweeps looked after by a server, on real workers."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from core.engine import Engine
from core.runs import RunStore
from core.status import State
from core.sweep.config import SweepConfig
from core.sweep.store import DATABASE_VARIABLE, Sweep, SweepStore
from core.sweep.study import load_study, trial_table
from core.sweep.supervisor import SweepSupervisor
from tests.core.sweep.conftest import DATABASE_REMEDY, POSTGRES

Tiny = Callable[..., SweepConfig]
Wait = Callable[..., None]

TRIALS = 12


@contextmanager
def serving(runs: RunStore) -> Iterator[Engine]:
    """Engine and supervisor as a server has them."""
    engine = Engine(runs)
    supervisor = SweepSupervisor(SweepStore(runs), engine)
    engine.start()
    supervisor.start()
    try:
        yield engine
    finally:
        supervisor.stop()
        engine.stop()


def check_each_once(sweep: Sweep, runs: RunStore) -> None:
    rows = trial_table(load_study(sweep), list(sweep.config.vary))
    assert list(rows["number"]) == list(range(TRIALS))
    assert set(rows["state"]) == {"complete"}
    assert sorted(run.id for run in runs.list()) == sorted(ids[0] for ids in rows["runs"])
    for row in rows.itertuples():
        run = runs.get(row.runs[0])
        assert run.status.state is State.FINISHED
        assert row.value == run.history["validation_accuracy"].iloc[-1]


@pytest.fixture
def postgres(tmp_path: Path) -> Iterator[str]:
    """The URL of a real PostgreSQL server of our own, on a socket in a folder of its own."""
    if POSTGRES is None:
        pytest.skip(DATABASE_REMEDY)
    folder = Path("/tmp") / f"digitlab-postgres-{os.getpid()}"  # a socket's path must be short
    folder.mkdir()
    user = {}
    if os.geteuid() == 0:  # which PostgreSQL refuses to run as
        shutil.chown(folder, "postgres")
        user = {"user": "postgres", "cwd": folder}
    data = str(folder / "data")
    quiet = {"stdout": subprocess.DEVNULL, "check": True} | user
    subprocess.run([POSTGRES / "initdb", "-D", data, "-U", "lab", "-A", "trust", "-N"], **quiet)
    options = f"-c listen_addresses='' -c unix_socket_directories={folder} -c fsync=off"
    control = [POSTGRES / "pg_ctl", "-D", data, "-w", "-l", str(folder / "log"), "-o", options]
    try:
        subprocess.run([*control, "start"], **quiet)
        yield f"postgresql://lab@/postgres?host={folder}"
    finally:
        subprocess.run([*control, "-m", "immediate", "stop"], **quiet)
        shutil.rmtree(folder)


@contextmanager
def dask(*arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([sys.executable, "-m", "dask", *arguments])
    try:
        yield process
    finally:
        for child in [*psutil.Process(process.pid).children(recursive=True)]:
            child.terminate()
        process.terminate()
        process.wait()


def test_a_sweep_in_postgresql_on_two_workers_survives_a_dead_worker_and_a_restart(
    store: RunStore,
    tiny: Tiny,
    tmp_path: Path,
    postgres: str,
    wait_until: Wait,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    about = tmp_path / "scheduler.json"
    monkeypatch.setenv(DATABASE_VARIABLE, postgres)
    with dask(
        "scheduler",
        "--host=127.0.0.1",
        "--port=0",
        "--no-dashboard",
        "--dashboard-address=127.0.0.1:0",
        f"--scheduler-file={about}",
    ):
        wait_until(about.exists)
        worker = ("worker", f"--scheduler-file={about}", "--host=127.0.0.1", "--no-dashboard")
        worker += ("--dashboard-address=127.0.0.1:0", "--resources", "train=1", "--nthreads", "4")
        with dask(*worker, "--no-nanny") as doomed, dask(*worker):
            monkeypatch.setenv("DASK_SCHEDULER_ADDRESS", read_address(about))
            sweep = SweepStore(store).create(tiny(trials=TRIALS))
            with serving(store) as engine:
                wait_until(lambda: engine.places == 2)
                wait_until(lambda: sweep.status.complete >= 3 and sweep.status.in_flight == 2)
                doomed.kill()
                wait_until(lambda: sweep.status.complete >= 7)
            assert not sweep.path.joinpath("study.db").exists()
            with serving(store):
                wait_until(lambda: sweep.state is State.FINISHED)
    check_each_once(sweep, store)


def read_address(about: Path) -> str:
    return str(json.loads(about.read_text())["address"])


def test_two_servers_on_one_folder_drive_a_sweep_once(
    store: RunStore, tiny: Tiny, wait_until: Wait, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second has no workers, but would propose trials if it could."""
    monkeypatch.delenv("DASK_SCHEDULER_ADDRESS", raising=False)
    sweeps = SweepStore(store)
    second = SweepSupervisor(sweeps, Engine(store))
    sweep = sweeps.create(tiny(trials=TRIALS))
    second.start()
    try:
        with serving(store):
            wait_until(lambda: sweep.state is State.FINISHED)
    finally:
        second.stop()
    check_each_once(sweep, store)


def test_a_sweep_that_cannot_be_written_goes_on_when_it_can_be(
    store: RunStore, tiny: Tiny, wait_until: Wait, caplog: pytest.LogCaptureFixture
) -> None:
    sweeps = SweepStore(store)
    sweep, other = sweeps.create(tiny()), sweeps.create(tiny())
    blocking = sweep.path / "status.json"
    blocking.mkdir()
    supervisor = SweepSupervisor(sweeps, Engine(store))
    supervisor.start()
    try:
        wait_until(lambda: f"sweep {sweep.id} cannot be written" in caplog.text)
        wait_until(lambda: other.status.in_flight)
        blocking.rmdir()
        wait_until(lambda: sweep.status.in_flight)
    finally:
        supervisor.stop()


def test_why_a_sweep_does_not_go_on_is_said(
    store: RunStore, tiny: Tiny, wait_until: Wait, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(DATABASE_VARIABLE, "postgresql://lab:secret@127.0.0.1:1/postgres")
    sweep = SweepStore(store).create(tiny())
    supervisor = SweepSupervisor(SweepStore(store), Engine(store))
    supervisor.start()
    try:
        wait_until(lambda: sweep.status.problem)
    finally:
        supervisor.stop()
    assert "the study cannot be read or written" in sweep.status.problem
    assert "127.0.0.1" in sweep.status.problem
    assert "secret" not in sweep.status.problem
    assert store.list() == []
