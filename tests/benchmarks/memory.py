"""Memory of the server after all pages were opened, and of its worker after a training."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil

from core.config import RunConfig
from core.runs import Run
from core.runs.status import State
from tests.benchmarks.report import Figure, print_head, run_topic
from tests.benchmarks.session import Session
from tests.e2e.server import Server, wait_for


def measure() -> Iterator[Figure]:
    """Resident megabytes, of the server at most 400."""
    with TemporaryDirectory() as folder:
        server = Server(Path(folder))
        try:
            run = server.runs.create(RunConfig(epochs=3))
            wait_for(lambda: run.status.state is State.FINISHED, "the run to finish", 120)
            asyncio.run(open_all_pages(server, run))
            yield Figure(
                "memory of the server, all pages opened", server_megabytes(server), "MB", 400
            )
            yield Figure("memory of its worker after a training", worker_megabytes(server), "MB")
        finally:
            server.stop()


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
