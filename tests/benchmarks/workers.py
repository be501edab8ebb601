"""Runs per hour on 1, 2 and 4 workers of one thread each: `python -m tests.benchmarks.workers`.

A scheduler and workers in processes of their own, as on machines of their own; on one machine no
more of them can train at once than it has cores.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from core.config import RunConfig
from core.engine import Engine
from core.runs import RunStore
from core.runs.status import State
from tests.benchmarks.report import Figure, print_head, run_topic
from tests.e2e.server import wait_for

_WORKERS = (1, 2, 4)
_RUNS = 4  # for each worker
_CONFIG = RunConfig(hidden=(128,), epochs=6)
_ONE_THREAD = {
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
}


def measure() -> Iterator[Figure]:
    """Runs per hour of each number of workers, and their share of the ideal."""
    alone = 0.0
    for workers in _WORKERS:
        per_hour = _runs_per_hour(workers)
        alone = alone or per_hour
        ideal = alone * min(workers, os.cpu_count() or 1)
        name = f"{workers} worker{'s' if workers > 1 else ''}"
        yield Figure(f"{name}: runs of six epochs of 128 units", per_hour, "an hour")
        yield Figure(f"{name}: ÷ ideal on {os.cpu_count()} cores", per_hour / ideal)


def _runs_per_hour(workers: int) -> float:
    with TemporaryDirectory() as folder, ExitStack() as processes:
        about = Path(folder) / "scheduler.json"
        processes.enter_context(
            _dask("scheduler", "--port=0", "--no-dashboard", f"--scheduler-file={about}")
        )
        wait_for(about.exists, "the scheduler")
        for _ in range(workers):
            processes.enter_context(
                _dask("worker", f"--scheduler-file={about}", "--nthreads=1", "--resources=train=1")
            )
        engine = Engine(RunStore(Path(folder) / "runs"))
        os.environ["DASK_SCHEDULER_ADDRESS"] = _address(about)
        engine.start()
        try:
            wait_for(lambda: engine.slots == workers and not engine.problem, "the workers")
            _train(engine, workers)  # each has imported TensorFlow, and met the data
            started = time.perf_counter()
            _train(engine, _RUNS * workers)
            return 3600 * _RUNS * workers / (time.perf_counter() - started)
        finally:
            engine.stop()


def _train(engine: Engine, number: int) -> None:
    runs = [engine.store.create(_CONFIG) for _ in range(number)]
    wait_for(lambda: all(run.status.state is State.FINISHED for run in runs), f"{number} runs", 600)


@contextmanager
def _dask(*arguments: str) -> Iterator[None]:
    command = [sys.executable, "-m", "dask", *arguments, "--host=127.0.0.1"]
    environment = os.environ | _ONE_THREAD
    with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as process:
        try:
            yield
        finally:
            process.terminate()


def _address(about: Path) -> str:
    return str(json.loads(about.read_text())["address"])


if __name__ == "__main__":
    print_head()
    run_topic("workers")
