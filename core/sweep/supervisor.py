"""Drives all sweeps of a folder of runs, in a thread of the server."""

import logging
import threading
from contextlib import ExitStack, suppress
from datetime import UTC, datetime, timedelta

from core.engine import Engine
from core.sweep.config import SweepConfig
from core.sweep.driver import Driver
from core.sweep.store import Sweep, SweepBusyError, SweepError, SweepStore

_POLL_SECONDS = 0.4
_REPEAT = timedelta(seconds=2)

_log = logging.getLogger(__name__)


class SweepSupervisor:
    """Drives every sweep that has work, unless another process does; the engine trains the runs."""

    def __init__(self, sweeps: SweepStore, engine: Engine) -> None:
        self._sweeps = sweeps
        self._engine = engine
        self._drivers: dict[str, Driver] = {}
        self._locks: dict[str, ExitStack] = {}
        self._beginning = threading.Lock()
        self._stopping = threading.Event()
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Drive the sweeps from now on."""
        self._stopping.clear()
        self._thread = threading.Thread(target=self._supervise, name="sweeps", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Release the sweeps; they go on at the next start, here or elsewhere."""
        self._stopping.set()
        self._wake.set()
        if self._thread:
            self._thread.join()

    def begin(self, config: SweepConfig, name: str | None, owner: str) -> Sweep:
        """Write a new sweep, and drive it at once.

        Raises SweepError if it cannot be written, or if the owner began the same one within the
        last two seconds: a button pressed twice.
        """
        with self._beginning:
            if self._was_just_begun(config, owner):
                raise SweepError("this very sweep was begun a moment ago")
            sweep = self._sweeps.create(config, name, owner)
        self.wake()
        return sweep

    def wake(self) -> None:
        """Poll the sweeps now."""
        self._wake.set()

    def _was_just_begun(self, config: SweepConfig, owner: str) -> bool:
        for sweep in self._sweeps.list():
            with suppress(SweepError):  # a damaged one is not like it
                record = sweep.record
                if abs(datetime.now(UTC) - record.created) >= _REPEAT:
                    break
                if (record.config, record.owner) == (config, owner):
                    return True
        return False

    def _supervise(self) -> None:
        while not self._stopping.is_set():
            try:
                for sweep in self._sweeps.list():
                    if self._stopping.is_set():
                        break
                    self._poll(sweep)
            except Exception:  # whatever it was, the next poll may go well
                _log.exception("polling the sweeps failed")
            self._wake.wait(_POLL_SECONDS)
            self._wake.clear()
        for sweep_id in list(self._locks):
            self._release(sweep_id)

    def _poll(self, sweep: Sweep) -> None:
        problem = None
        try:
            if not sweep.has_work:
                self._release(sweep.id)
            elif self._find_driver(sweep).poll(self._engine.slots):
                self._engine.wake()
        except SweepBusyError:
            return
        except SweepError as error:
            problem = str(error)
        except Exception as error:  # whatever it was, the next poll may go well
            problem = f"{type(error).__name__}: {error}".splitlines()[0]
        try:
            self._write_problem(sweep, problem)
        except SweepError as error:  # a full disk, for one; the other sweeps may be elsewhere
            _log.warning("%s", error)

    def _find_driver(self, sweep: Sweep) -> Driver:
        """The sweep's driver. Raises SweepBusyError if another process has one."""
        if sweep.id not in self._locks:
            lock = ExitStack()
            lock.enter_context(sweep.lock())
            self._locks[sweep.id] = lock
        if sweep.id not in self._drivers:
            self._drivers[sweep.id] = Driver(sweep, self._sweeps.runs)
        return self._drivers[sweep.id]

    def _release(self, sweep_id: str) -> None:
        self._drivers.pop(sweep_id, None)
        if lock := self._locks.pop(sweep_id, None):
            lock.close()

    def _write_problem(self, sweep: Sweep, problem: str | None) -> None:
        """Say in the sweep's status why it does not go on, or that it does."""
        status = sweep.status
        if sweep.id not in self._locks or status.problem == problem:
            return  # without the lock it is another's to say
        if problem:
            _log.warning("sweep %s does not go on: %s", sweep.id, problem)
            self._drivers.pop(sweep.id, None)  # another driver begins with what is written
        sweep.write_status(status.model_copy(update={"problem": problem}))
