"""A class at work: sessions that watch two people's runs train, and visit the other pages.

`python -m tests.benchmarks.load --sessions 30`. Page and fragment runs are timed as a browser sees
them, from asking to the last message; what a run costs the server is its processor time. Training
is timed in windows with and without visitors, one after another. The visitors' own processor time
is on the same machine, and is given beside.
"""

import argparse
import asyncio
import random
import statistics
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import psutil
from websockets.exceptions import WebSocketException

from core.config import RunConfig
from core.runs import Run
from core.runs.status import Request
from tests.benchmarks.report import Figure, print_head, run_topic
from tests.benchmarks.session import Record, Session
from tests.e2e.server import Server, wait_for

SESSIONS = (1, 10, 30, 60, 100)

_WORKERS = 2
_CLASS = 30  # sessions for which the targets are set
_ALONE = 20.0  # seconds of training that nobody watches, before and after the visitors
_WATCHED = 30.0
_ARRIVE = 5.0  # seconds within which all have come
_LONG = RunConfig(epochs=200)


@dataclass(frozen=True)
class Load:
    """What came of one window: what the visitors saw, and what it cost."""

    record: Record
    epoch: float
    """Seconds an epoch took while they watched, all runs that train taken together."""
    epoch_alone: float
    """The same before and after."""
    server: float
    """Processor seconds of the server, a second."""
    visitors: float
    """Processor seconds of this process, a second."""


def measure(sessions: tuple[int, ...] = SESSIONS, workers: int = _WORKERS) -> Iterator[Figure]:
    """For each number of sessions: times at the median and 95th percentile, errors, slowdown.

    With one worker the second run waits for its turn.
    """
    with TemporaryDirectory() as folder:
        server = Server(Path(folder), DIGITLAB_WORKERS=str(workers))
        try:
            for number in sessions:
                yield from _figures(number, asyncio.run(put_under_load(server, number, workers)))
        finally:
            server.stop()


def _figures(number: int, load: Load) -> Iterator[Figure]:
    def target(value: float) -> float | None:
        return value if number == _CLASS else None

    name = f"{number} session{'s' if number > 1 else ''}"
    for kind, seconds, most in (
        ("page", load.record.page_runs, 0.5),
        ("fragment", load.record.fragment_runs, 0.2),
    ):
        median, high = np.percentile(seconds or [np.nan], [50, 95])
        yield Figure(f"{name}: {len(seconds)} {kind} runs, median", median, "s")
        yield Figure(f"{name}: {kind} runs, 95th percentile", high, "s", target(most))
    yield Figure(f"{name}: errors", len(load.record.errors), at_most=target(0))
    slowdown = load.epoch / load.epoch_alone - 1
    yield Figure(f"{name}: training slowed by", 100 * slowdown, "%", target(25))
    runs = len(load.record.page_runs) + len(load.record.fragment_runs)
    yield Figure(f"{name}: server's processor, a run", 1000 * load.server * _WATCHED / runs, "ms")
    yield Figure(f"{name}: cores busy with serving", load.server)
    yield Figure(f"{name}: cores busy with visiting", load.visitors)
    for error, count in Counter(load.record.errors).most_common(5):
        yield Figure(f"{name}: “{error}”", count, "times")


async def put_under_load(server: Server, number: int, workers: int) -> Load:
    """Two runs, so many of which train at once; `number` sessions that each watch one of them."""
    runs = [server.runs.create(_LONG, name=f"of student {i}", owner=f"student {i}") for i in (1, 2)]
    training = runs[:workers]
    wait_for(lambda: all(len(run.history) >= 2 for run in training), "them to train", 240)
    serving = psutil.Process(server.process.pid)
    try:
        before = await _window(training, _ALONE)
        record = Record()
        used = _processor_seconds(serving), time.process_time()
        visitors = [
            asyncio.create_task(visit(server, runs[place % 2], record, place))
            for place in range(number)
        ]
        watched = await _window(training, _WATCHED)
        costs = _processor_seconds(serving) - used[0], time.process_time() - used[1]
        for visitor in visitors:
            visitor.cancel()
        await asyncio.gather(*visitors, return_exceptions=True)
        after = await _window(training, _ALONE)
    finally:
        for run in runs:
            run.request(Request.STOP)
    wait_for(lambda: not any(run.status.state.is_active for run in runs), "the runs to stop")
    alone = statistics.mean([before, after])
    return Load(record, watched, alone, costs[0] / _WATCHED, costs[1] / _WATCHED)


async def visit(server: Server, run: Run, record: Record, seed: int) -> None:
    """Watch `run`, look at another page now and then, come back: until cancelled."""
    chance = random.Random(seed)
    query = f"run={run.id}"
    await asyncio.sleep(chance.uniform(0, _ARRIVE))
    try:
        async with Session(f"localhost:{server.port}", record) as session:
            while True:
                await session.open("train", query)
                await asyncio.sleep(chance.uniform(5, 15))
                await session.open(chance.choice(sorted(session.pages)), query)
                await asyncio.sleep(chance.uniform(2, 5))
    except (OSError, WebSocketException) as error:
        record.errors.append(f"{type(error).__name__}: {error}")


async def _window(runs: list[Run], seconds: float) -> float:
    """The seconds that an epoch takes within the next `seconds`, of all `runs` together.

    By batches: of an epoch of some seconds, too few end in a window.
    """
    started, done = time.perf_counter(), _epochs_done(runs)
    await asyncio.sleep(seconds)
    return (time.perf_counter() - started) / (_epochs_done(runs) - done)


def _epochs_done(runs: list[Run]) -> float:
    statuses = [run.status for run in runs]
    return sum(each.epoch - 1 + each.batch / _LONG.batches for each in statuses)


def _processor_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="How the dashboard bears a class.")
    parser.add_argument("--sessions", type=int, nargs="+", default=SESSIONS)
    parser.add_argument("--workers", type=int, default=_WORKERS)
    options = parser.parse_args()
    print_head()
    run_topic("load", tuple(options.sessions), options.workers)
