"""How an epoch grows with parameters and images, and a page with the number of runs."""

import asyncio
import os
import shutil
import statistics
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

from core.config import RunConfig
from core.config.architecture import count_parameters
from core.runs import Run, RunStore
from core.runs.status import State
from core.training import train
from tests.benchmarks.report import Figure, print_head, run_topic
from tests.benchmarks.session import Session
from tests.e2e.server import Server

_NETWORKS = [(128,), (512, 256), (1024, 1024), (1024, 1024, 1024)]
_IMAGES = [1_000, 5_000, 20_000]
_RUNS = [10, 100, 1_000]
_EPOCHS = 4  # the first does not count
_VISITS = 5


def measure() -> Iterator[Figure]:
    """Seconds an epoch, and seconds a page run."""
    for hidden in _NETWORKS:
        config = RunConfig(hidden=hidden, epochs=_EPOCHS)
        million = count_parameters(config) / 1e6
        yield Figure(f"epoch of {million:.2f} million parameters", epoch_seconds(config), "s")
    for images in _IMAGES:
        config = RunConfig(training_images=images, epochs=_EPOCHS)
        yield Figure(f"epoch of {images:,} images", epoch_seconds(config), "s")
    with TemporaryDirectory() as folder:
        server = Server(Path(folder))
        try:
            config = RunConfig(hidden=(16,), epochs=2, training_images=1_000)
            model = server.runs.create(config, state=State.RUNNING)
            train(model)
            for number in _RUNS:
                fill(server.runs, model, number)
                name = f"first look at {number:,} runs"
                yield Figure(name, first_look(server.runs.root), "s", _target(number))
                for page, seconds in asyncio.run(visit_pages(server, model)).items():
                    most = _target(number) if page == "runs" else None
                    yield Figure(f"page {page} with {number:,} runs", seconds, "s", most)
        finally:
            server.stop()


def epoch_seconds(config: RunConfig) -> float:
    """The median seconds of an epoch of a real run, after its first."""
    with TemporaryDirectory() as folder:
        run = RunStore(folder).create(config, state=State.RUNNING)
        train(run)
        return float(run.history["seconds"].iloc[1:].median())


def _target(number: int) -> float | None:
    return 0.5 if number == _RUNS[-1] else None


def first_look(root: Path) -> float:
    """Seconds to read all runs into the table, in a process that has read none."""
    with ProcessPoolExecutor(1, get_context("spawn")) as process:
        return process.submit(_read_all, root).result()


def _read_all(root: Path) -> float:
    from core.runs.summary import summarize
    from core.runs.table import run_table

    started = time.perf_counter()
    run_table([summarize(run) for run in RunStore(root).list()])
    return time.perf_counter() - started


def fill(store: RunStore, model: Run, number: int) -> None:
    """Have `number` runs there: `model`, and others with its files and other hyperparameters."""
    for place in range(len(store.list()), number):
        other = f"20200101-{place // 60:04d}{place % 60:02d}-{place:06x}"
        shutil.copytree(model.path, store.root / other, copy_function=os.link)
        changes = {"dropout": place % 10 / 20, "seed": place, "learning_rate": 0.1 / (1 + place)}
        record = model.record.model_copy(update={"config": model.config.model_copy(update=changes)})
        config = store.root / other / "config.json"
        config.unlink()  # a link to the model's
        config.write_text(record.model_dump_json())


async def visit_pages(server: Server, run: Run) -> dict[str, float]:
    """The median seconds of each page's run, looking at `run`, by the page's path."""
    async with Session(f"localhost:{server.port}") as session:
        await session.open("train", f"run={run.id}")
        seconds = {}
        for page in session.pages:
            session.record.page_runs.clear()
            for _ in range(_VISITS):
                await session.open(page, f"run={run.id}")
            seconds[page] = statistics.median(session.record.page_runs)
    if session.record.errors:
        raise RuntimeError("; ".join(session.record.errors))
    return seconds


if __name__ == "__main__":
    print_head()
    run_topic("growth")
