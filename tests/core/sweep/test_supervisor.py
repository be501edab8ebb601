"""Sweeps looked after by a server: once on Dask workers, else with an engine for show.

The runs are trained by the stand-in, in the workers too.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from distributed import LocalCluster

from core.engine import Engine
from core.runs import Run, RunStore
from core.runs.status import Request, State
from core.sweep.config import SweepConfig
from core.sweep.store import DATABASE_VARIABLE, Sweep, SweepError, SweepStore
from core.sweep.study import load_study, trial_table
from core.sweep.supervisor import SweepSupervisor
from tests.core.sweep import stand_in
from tests.core.sweep.conftest import DATABASE_REMEDY, POSTGRES
from tests.core.sweep.stand_in import imitate_training

Tiny = Callable[..., SweepConfig]
Wait = Callable[..., None]


@contextmanager
def supervised(supervisor: SweepSupervisor) -> Iterator[None]:
    supervisor.start()
    try:
        yield
    finally:
        supervisor.stop()


def check_each_once(sweep: Sweep, runs: RunStore, trials: int) -> None:
    rows = trial_table(load_study(sweep), list(sweep.config.vary))
    assert list(rows["number"]) == list(range(trials))
    assert set(rows["state"]) == {"complete"}
    assert sorted(run.id for run in runs.list()) == sorted(ids[0] for ids in rows["runs"])
    for row in rows.itertuples():
        run = runs.get(row.runs[0])
        assert run.status.state is State.FINISHED
        assert row.value == run.history["validation_accuracy"].iloc[-1]


# --- on Dask workers


@pytest.fixture
def postgres(tmp_path: Path) -> Iterator[str]:
    """The URL of a real PostgreSQL server of our own, on a socket in a folder of its own."""
    if POSTGRES is None:
        pytest.skip(DATABASE_REMEDY)
    folder = Path(tempfile.mkdtemp(prefix="digitlab-", dir="/tmp"))  # a socket's path must be short
    user = {}
    if os.geteuid() == 0:  # which PostgreSQL refuses to run as
        shutil.chown(folder, "postgres")
        user = {"user": "postgres", "cwd": folder}
    data = str(folder / "data")
    quiet = {"stdout": subprocess.DEVNULL, "check": True} | user
    options = f"-c listen_addresses='' -c unix_socket_directories={folder} -c fsync=off"
    control = [POSTGRES / "pg_ctl", "-D", data, "-w", "-l", str(folder / "log"), "-o", options]
    try:
        subprocess.run([POSTGRES / "initdb", "-D", data, "-U", "lab", "-A", "trust", "-N"], **quiet)
        subprocess.run([*control, "start"], **quiet)
        try:
            yield f"postgresql://lab@/postgres?host={folder}"
        finally:
            subprocess.run([*control, "-m", "immediate", "stop"], **quiet)
    finally:
        shutil.rmtree(folder)


class PausingStore(RunStore):
    """A store whose new runs pause before their first batch, until a test lets them go on."""

    def create(self, *args, **kwargs) -> Run:
        made = RunStore(self.root / "aside").create(*args, **kwargs)
        made.request(Request.PAUSE)
        return Run(made.path.rename(self.root / made.id))


@contextmanager
def worker_of(cluster: LocalCluster) -> Iterator[subprocess.Popen[bytes]]:
    """A worker process that trains by the stand-in."""
    command = [sys.executable, "-m", "dask", "worker", cluster.scheduler_address, "--no-nanny"]
    command += ["--host=127.0.0.1", "--dashboard-address=127.0.0.1:0", "--no-dashboard"]
    command += ["--resources=train=1", "--nthreads=4", f"--preload={stand_in.__file__}"]
    with subprocess.Popen(command) as process:
        try:
            yield process
        finally:
            process.kill()


@contextmanager
def serving(runs: RunStore) -> Iterator[Engine]:
    """Engine and supervisor as a server has them."""
    engine = Engine(runs)
    supervisor = SweepSupervisor(SweepStore(runs), engine)
    engine.start()
    try:
        with supervised(supervisor):
            yield engine
    finally:
        engine.stop()


def test_a_sweep_in_postgresql_on_two_workers_survives_a_dead_worker_and_a_restart(
    store: RunStore, tiny: Tiny, postgres: str, wait_until: Wait, monkeypatch: pytest.MonkeyPatch
) -> None:
    def paused() -> int:
        return sum(run.status.state is State.PAUSED for run in store.list())

    pausing = PausingStore(store.root)
    monkeypatch.setenv(DATABASE_VARIABLE, postgres)
    sweep = SweepStore(pausing).create(tiny(trials=2))
    with (
        LocalCluster(n_workers=0, host="127.0.0.1", dashboard_address="127.0.0.1:0") as cluster,
        worker_of(cluster) as doomed,
        worker_of(cluster),
    ):
        monkeypatch.setenv("DASK_SCHEDULER_ADDRESS", cluster.scheduler_address)
        wait_until(lambda: len(cluster.scheduler.workers) == 2, "both workers to start", 120)
        with serving(pausing) as engine:
            wait_until(lambda: engine.slots == 2, "the engine to find both workers")
            wait_until(lambda: paused() == 2, "both workers to have a run")
            doomed.kill()
            for run in store.list():
                run.request(Request.RUN)
            wait_until(lambda: sweep.status.complete == 2, "the worker that is left to train both")
            sweep.extend(4)
            wait_until(lambda: paused() == 1, "it to have the third run")
        assert not sweep.path.joinpath("study.db").exists()
        store.list()[0].request(Request.RUN)
        with serving(store):
            wait_until(lambda: sweep.state is State.FINISHED, "the sweep to go on to its end")
    check_each_once(sweep, store, 4)


# --- without


class FakeEngine:
    """What a supervisor knows of an engine: its slots, and that it can be woken."""

    def __init__(self, runs: RunStore, slots: int = 1) -> None:
        self.slots = slots
        self._runs = runs
        self._woken = threading.Event()

    def wake(self) -> None:
        self._woken.set()

    def train_queued(self) -> None:
        """Train what is queued, if it was woken since it did that last."""
        if self._woken.is_set():
            self._woken.clear()
            for run in self._runs.list():
                imitate_training(run)


class CountedStore(SweepStore):
    """A store that knows how often a supervisor has polled it."""

    polls = 0

    def list(self) -> list[Sweep]:
        self.polls += 1
        return super().list()


@pytest.fixture
def _quick_polls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.sweep.supervisor._POLL_SECONDS", 0.01)


@pytest.mark.usefixtures("_quick_polls")
def test_two_servers_on_one_folder_drive_a_sweep_once(
    store: RunStore, tiny: Tiny, wait_until: Wait
) -> None:
    """The second would begin another run if it could, and takes over when the first has gone."""
    engine, second_engine = FakeEngine(store), FakeEngine(store, slots=2)
    sweeps = CountedStore(store)
    sweep = sweeps.create(tiny(trials=6))

    def trained_by(engine: FakeEngine, trials: int) -> bool:
        engine.train_queued()
        return sweep.status.complete >= trials

    with ExitStack() as first, ExitStack() as second:
        first.enter_context(supervised(SweepSupervisor(SweepStore(store), engine)))
        wait_until(store.list, "the first server to begin a run")
        second.enter_context(supervised(SweepSupervisor(sweeps, second_engine)))
        wait_until(lambda: sweeps.polls >= 3, "the second to poll twice")
        assert len(store.list()) == sweep.status.in_flight == 1
        wait_until(lambda: trained_by(engine, 3), "the first to take the sweep to three trials")
        assert sweep.status.in_flight == 1
        first.close()
        wait_until(lambda: sweep.status.in_flight == 2, "the second to take it over")
        engine.train_queued()  # what the first has begun
        wait_until(lambda: trained_by(second_engine, 6), "the second to take it to its end")
    assert sweep.state is State.FINISHED
    check_each_once(sweep, store, 6)


@pytest.mark.usefixtures("_quick_polls")
def test_a_sweep_that_cannot_be_written_goes_on_when_it_can_be(
    store: RunStore, tiny: Tiny, wait_until: Wait, caplog: pytest.LogCaptureFixture
) -> None:
    sweeps = SweepStore(store)
    sweep, other = sweeps.create(tiny()), sweeps.create(tiny())
    blocking = sweep.path / "status.json"
    blocking.mkdir()
    with supervised(SweepSupervisor(sweeps, FakeEngine(store))):
        wait_until(lambda: f"sweep {sweep.id} cannot be written" in caplog.text, "that to be said")
        wait_until(lambda: other.status.in_flight, "the other to go on")
        blocking.rmdir()
        wait_until(lambda: sweep.status.in_flight, "this one to go on")


def test_why_a_sweep_does_not_go_on_is_said(
    store: RunStore, tiny: Tiny, wait_until: Wait, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(DATABASE_VARIABLE, "postgresql://lab:secret@127.0.0.1:1/postgres")
    sweep = SweepStore(store).create(tiny())
    with supervised(SweepSupervisor(SweepStore(store), FakeEngine(store))):
        wait_until(lambda: sweep.status.problem, "the problem")
    assert "the study cannot be read or written" in sweep.status.problem
    assert "127.0.0.1" in sweep.status.problem
    assert "secret" not in sweep.status.problem
    assert store.list() == []


def test_the_same_sweep_of_the_same_owner_is_refused_for_two_seconds(
    store: RunStore, tiny: Tiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever else has begun one meanwhile, and wherever the clock was set."""
    supervisor = SweepSupervisor(SweepStore(store), FakeEngine(store))
    first = supervisor.begin(tiny(), "first", "Ada")
    supervisor.begin(tiny(), "another's", "Bert")
    with pytest.raises(SweepError, match="this very sweep was begun a moment ago"):
        supervisor.begin(tiny(), "first again", "Ada")
    supervisor.begin(tiny(trials=5), "another", "Ada")
    assert len(SweepStore(store).list()) == 3
    for hours in (1, -1):
        now = first.record.created + timedelta(hours=hours)
        clock = SimpleNamespace(now=lambda _, now=now: now)
        monkeypatch.setattr("core.sweep.supervisor.datetime", clock)
        supervisor.begin(tiny(), "again", "Ada")
    assert len(SweepStore(store).list()) == 5
