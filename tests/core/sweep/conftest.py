"""A sweep of tiny runs, driven without a server, and trained by the stand-in unless told."""

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, event

from core.config import RunConfig
from core.runs import RunStore
from core.runs.status import State
from core.sweep.config import SweepConfig
from core.sweep.driver import Driver
from core.sweep.space import Choices, Range
from core.sweep.store import DATABASE_VARIABLE, Sweep, SweepStore
from tests.core.sweep.stand_in import Train, imitate_training

DROPOUT_AND_L2 = {
    "dropout": Range(low=0, high=0.7),
    "l2": Range(low=1e-6, high=1e-2, log=True),
}


DATABASE_REMEDY = (
    "The test of sweeps in a database needs PostgreSQL: install your system's `postgresql`."
)


def _find_postgres() -> Path | None:
    """The folder of PostgreSQL's programs, which Debian keeps off the path."""
    found = [Path(path).parent for path in [shutil.which("initdb")] if path]
    found += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((folder for folder in found if (folder / "pg_ctl").exists()), None)


POSTGRES = _find_postgres()


def pytest_collection_modifyitems() -> None:
    if POSTGRES is None and os.environ.get("REQUIRE_POSTGRES"):
        pytest.exit(DATABASE_REMEDY, returncode=3)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if POSTGRES is None:
        terminalreporter.write_line(DATABASE_REMEDY, yellow=True)


@pytest.fixture(scope="session")
def _database(tmp_path_factory: pytest.TempPathFactory) -> str:
    return f"sqlite:///{tmp_path_factory.mktemp('studies') / 'studies.db'}"


@pytest.fixture(scope="session", autouse=True)
def _no_wait_for_the_disk() -> Iterator[None]:
    """SQLite waits for the disk at every change, which takes longer than all else it does."""

    def hurry(connection: object, _: object) -> None:
        if isinstance(connection, sqlite3.Connection):
            connection.execute("PRAGMA synchronous = OFF")

    event.listen(Engine, "connect", hurry)
    yield
    event.remove(Engine, "connect", hurry)


@pytest.fixture(autouse=True)
def _one_database(monkeypatch: pytest.MonkeyPatch, _database: str) -> None:
    """One for all these tests: to make one takes longer than a sweep of tiny runs."""
    monkeypatch.setenv(DATABASE_VARIABLE, _database)


@pytest.fixture
def sweeps(store: RunStore) -> SweepStore:
    return SweepStore(store)


@pytest.fixture
def tiny(small: Callable[..., RunConfig]) -> Callable[..., SweepConfig]:
    """`tiny(**changes)`: a random search over dropout and L2 of runs of two epochs."""

    def make(**changes) -> SweepConfig:
        base = small(**{"epochs": 2} | changes.pop("base", {}))
        given = {"vary": DROPOUT_AND_L2, "sampler": "random", "trials": 4} | changes
        return SweepConfig(base=base, **given)

    return make


@pytest.fixture
def grid() -> dict[str, Range | Choices]:
    """Two values of dropout and three activations: six points."""
    return {
        "dropout": Range(low=0, high=0.5, points=2),
        "activation": Choices(values=("relu", "tanh", "elu")),
    }


def drive(
    sweep: Sweep, runs: RunStore, polls: int | None = None, train: Train = imitate_training
) -> Driver:
    """Drive the sweep in this process, to its end or for so many polls; train what it asks for."""
    with sweep.lock():
        driver = Driver(sweep, runs, created_as=State.RUNNING)
        while sweep.has_work and polls != 0:
            driver.poll(slots=1)
            for run in driver.runs_to_train():
                train(run)
            polls = None if polls is None else polls - 1
    return driver
