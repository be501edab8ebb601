"""A real server of the dashboard, in a process and a folder of its own."""

import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Sequence
from pathlib import Path

import psutil

from core.runs import Run, RunStore
from core.runs.status import Request
from core.sweep.store import SweepStore
from tests.ports import free_port

ROOT = Path(__file__).parents[2]
FOR_ONE = ("streamlit", "run", "dashboard/app.py", "--server.port")
FOR_A_CLASS = ("dashboard.run_class", "--port")
_DEADLINE = 30.0
WAKE = 120.0
"""For what only the machine's speed decides, such as a worker that reads TensorFlow in: ten seconds
on a slow machine, and a minute if that has much else to do.
"""


class Server:
    """The dashboard as `make run` starts it; `kill` and `start` again keep the runs.

    With `options` of `streamlit run`, and `environment` variables, for one that is guarded;
    `module` is what Python runs, with the port as its last argument.
    """

    def __init__(
        self,
        folder: Path,
        *options: str,
        port: int | None = None,
        module: Sequence[str] = FOR_ONE,
        **environment: str,
    ) -> None:
        self.options, self.environment, self.module = options, environment, module
        self.runs = RunStore(folder / "runs")
        self.log = folder / "server.log"
        self.port = port or free_port()
        self.url = f"http://localhost:{self.port}"
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-m", *self.module, str(self.port), *self.options]
        with self.log.open("a") as log:
            self.process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=os.environ
                | {
                    "DIGITLAB_RUNS": str(self.runs.root),
                    "DIGITLAB_DRAWINGS": str(self.runs.root.parent / "drawings"),
                    "DIGITLAB_EXAMPLE": "0",
                }
                | self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        wait_for(self._is_healthy, "a process that imports much to answer", deadline=WAKE)

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(WAKE)  # it waits for its worker, which may be waking

    def kill(self) -> None:
        """As a power cut does: the server's process alone, with no chance to clean up."""
        self.process.kill()
        self.process.wait()

    @property
    def worker(self) -> psutil.Process:
        """The process that trains: the server's child with the most memory."""
        children = psutil.Process(self.process.pid).children(recursive=True)
        return max(children, key=lambda child: child.memory_info().rss)

    def kill_worker(self) -> None:
        self.worker.kill()

    def freeze_worker(self) -> None:
        """It lives and does nothing, until it is killed."""
        self.worker.suspend()

    def newest_run(self) -> Run:
        return self.runs.list()[0]

    def _is_healthy(self) -> bool:
        try:
            return urllib.request.urlopen(f"{self.url}/_stcore/health").status == 200
        except OSError:
            return False


def stop_all(server: Server) -> None:
    """Stop whatever sweeps and runs are at work: they would keep the next test waiting."""
    for sweep in SweepStore(server.runs).list():
        if sweep.has_work:
            sweep.request(Request.STOP)
            wait_for(lambda sweep=sweep: not sweep.has_work, f"{sweep} to stop", deadline=WAKE)
    for run in server.runs.list():
        if run.status.state.is_active:
            run.request(Request.STOP)
            wait_for(
                lambda run=run: not run.status.state.is_active, f"{run} to stop", deadline=WAKE
            )


def wait_for(condition, what: str, deadline: float = _DEADLINE, pause: float = 0.05) -> None:
    """Return as soon as `condition()` is true; fail with `what` if it is not in time."""
    end = time.monotonic() + deadline
    while not condition():
        assert time.monotonic() < end, f"waited {deadline:.0f} s for {what}"
        time.sleep(pause)
