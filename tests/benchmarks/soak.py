"""A long day: runs one after another on one worker, and sessions that come and go.

`python -m tests.benchmarks.soak --runs 50 --minutes 30`. Memory is measured once runs and sessions
have reached their usual number, and again at the end.
"""

import argparse
import asyncio
import random
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from websockets.exceptions import WebSocketException

from core.config import RunConfig
from core.runs import Run
from core.runs.status import State
from tests.benchmarks.memory import server_megabytes, worker_megabytes
from tests.benchmarks.report import Figure, print_head, run_topic
from tests.benchmarks.session import Record, Session
from tests.e2e.server import Server, wait_for

_RUNS = 50
_MINUTES = 2.0
_AT_ONCE = 10
# Streamlit keeps up to 128 sessions that have gone, in case they return: they are the usual number.
_SETTLED = 130
_CONFIG = RunConfig(epochs=2, training_images=5_000)
_GROWTH = 1.1


def measure(runs: int = _RUNS, minutes: float = _MINUTES) -> Iterator[Figure]:
    """Memory at the end over memory at the start, of worker and server."""
    with TemporaryDirectory() as folder:
        server = Server(Path(folder))
        try:
            first = train_in_a_row(server, 1)[0]
            before = worker_megabytes(server)
            train_in_a_row(server, runs)
            growth = worker_megabytes(server) / before
            yield Figure("memory of the worker after one run", before, "MB")
            yield Figure(f"– after {runs} more ÷ after one", growth, at_most=_GROWTH)
            record, settled, sessions = asyncio.run(come_and_go(server, first, minutes))
            growth = server_megabytes(server) / settled
            yield Figure(f"memory of the server after {_SETTLED} sessions", settled, "MB")
            yield Figure(f"– after {sessions:,} ÷ after {_SETTLED}", growth, at_most=_GROWTH)
            yield Figure(
                f"errors in {len(record.page_runs):,} page runs", len(record.errors), "", 0
            )
        finally:
            server.stop()


def train_in_a_row(server: Server, number: int) -> list[Run]:
    """Train so many runs, each of another network, one after another."""
    networks = [(64 + 8 * (place % 25), 32) for place in range(number)]
    runs = [server.runs.create(_CONFIG.model_copy(update={"hidden": n})) for n in networks]
    wait_for(
        lambda: all(run.status.state is State.FINISHED for run in runs),
        f"{number} runs to finish",
        deadline=60 + 20 * number,
    )
    return runs


async def come_and_go(server: Server, run: Run, minutes: float) -> tuple[Record, float, int]:
    """Sessions that open two pages and leave, for so long; the memory once they are settled.

    Returns what they saw, those megabytes, and how many came.
    """
    record, settled, came = Record(), 0.0, 0
    end = time.monotonic() + 60 * minutes

    async def visitors(seed: int) -> None:
        nonlocal settled, came
        chance = random.Random(seed)
        while time.monotonic() < end or came < 2 * _SETTLED:
            try:
                async with Session(f"localhost:{server.port}", record) as session:
                    await session.open("train", f"run={run.id}")
                    await asyncio.sleep(chance.uniform(0, 1))
                    await session.open(chance.choice(sorted(session.pages)), f"run={run.id}")
            except (OSError, WebSocketException) as error:
                record.errors.append(f"{type(error).__name__}: {error}")
            came += 1
            if came == _SETTLED:
                settled = server_megabytes(server)

    await asyncio.gather(*map(visitors, range(_AT_ONCE)))
    return record, settled, came


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Whether memory grows over a long day.")
    parser.add_argument("--runs", type=int, default=_RUNS)
    parser.add_argument("--minutes", type=float, default=_MINUTES)
    options = parser.parse_args()
    print_head()
    run_topic("soak", options.runs, options.minutes)
