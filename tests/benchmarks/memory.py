"""Memory of the server after all pages were opened, and after hours of use; and of its worker."""

import asyncio
import shutil
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil

from core.config import RunConfig
from core.runs import Run
from core.runs.status import State
from core.sweep.config import SweepConfig
from core.sweep.store import Sweep, SweepStore
from tests.benchmarks.pages import PARTS
from tests.benchmarks.report import Figure, print_head, run_topic
from tests.benchmarks.session import Session
from tests.e2e.server import Server, wait_for

_RUNS = 20
_BY_EPOCH = [
    ("evaluate", "evaluate=Confusion"),
    ("evaluate", "evaluate=Probabilities"),
    ("layers", "layers_view=One digit"),
    ("layers", "layers_view=Weights"),
]


def measure() -> Iterator[Figure]:
    """Resident megabytes, of the server at most 400."""
    with TemporaryDirectory() as folder:
        server = Server(Path(folder))
        try:
            run = server.runs.create(RunConfig(epochs=10))
            wait_for(lambda: run.status.state is State.FINISHED, "the run to finish", 300)
            asyncio.run(open_all_pages(server, run))
            yield Figure(
                "memory of the server, all pages opened", server_megabytes(server), "MB", 400
            )
            yield Figure("memory of its worker after a training", worker_megabytes(server), "MB")
            asyncio.run(walk(server, make_runs(server, run), make_sweeps(server)))
            yield Figure("– of the server, after a walk", server_megabytes(server), "MB", 400)
        finally:
            server.stop()


def make_runs(server: Server, run: Run) -> list[Run]:
    """`run` and copies of it, as many as a lesson makes."""
    copies = []
    for _ in range(_RUNS - 1):
        copies.append(server.runs.create(run.config, state=State.FINISHED))
        shutil.copytree(
            run.path, copies[-1].path, dirs_exist_ok=True, ignore=lambda *_: ["config.json"]
        )
    return [run, *copies]


def make_sweeps(server: Server) -> list[Sweep]:
    """Two sweeps of small networks, which the server has trained."""
    base = RunConfig(hidden=(16,), epochs=2, training_images=1_000)
    config = SweepConfig(base=base, vary={"dropout": {"low": 0.0, "high": 0.5}}, trials=6)
    store = SweepStore(server.runs)
    sweeps = [store.create(config) for _ in range(2)]
    for sweep in sweeps:
        wait_for(lambda sweep=sweep: not sweep.has_work, "the server to train the sweep", 180)
    return sweeps


async def walk(server: Server, runs: list[Run], sweeps: list[Sweep]) -> None:
    """Open every part of every page on each run, several of them after each epoch.

    Raises RuntimeError if a page does not come as it should.
    """
    async with Session(f"localhost:{server.port}") as session:
        for run, other in zip(runs, runs[1:] + runs[:1], strict=True):
            looks = [(page, part) for page, parts in PARTS.items() for part in parts]
            for epoch in range(1, run.epochs_done + 1):
                looks += [(page, f"{part}&epoch={epoch}") for page, part in _BY_EPOCH]
            looks += [("features", f"map_points={points}") for points in (100, 500)]
            for page, part in looks:
                await session.open(page, f"run={run.id}&{part}".replace(" ", "+"))
            for part in ("Really+better?", "Curves", "Confusion", "Images", "Ruler"):
                await session.open("compare", f"runs={run.id},{other.id}&compare={part}")
            await session.open("train", f"run={run.id}")
        for sweep in sweeps:
            for view in ("Trials", "History", "Epochs", "Slices", "Parallel", "Importances"):
                await session.open("sweep", f"sweep={sweep.id}&sweep_view={view}")
    if session.record.errors:
        raise RuntimeError("; ".join(session.record.errors))


async def open_all_pages(server: Server, run: Run) -> list[float]:
    """Open every page of the menu once, looking at `run`; the seconds that each took.

    Raises RuntimeError if a page does not come as it should.
    """
    async with Session(f"localhost:{server.port}") as session:
        await session.open("train", f"run={run.id}")
        for page in session.pages:
            await session.open(page, f"run={run.id}")
    if session.record.errors:
        raise RuntimeError("; ".join(session.record.errors))
    return session.record.page_runs


def server_megabytes(server: Server) -> float:
    """Resident memory of the server's own process."""
    return psutil.Process(server.process.pid).memory_info().rss / 1e6


def worker_megabytes(server: Server) -> float:
    """Resident memory of the process that trains."""
    return server.worker.memory_info().rss / 1e6


if __name__ == "__main__":
    print_head()
    run_topic("memory")
