"""Sweeps on disk, beside the runs: the only code that knows a sweep directory's file names.

`runs/sweeps/<id>/` holds what is requested (`config.json`, `control.json`), the progress
(`status.json`, written by the process that drives the sweep and holds `.lock`), and the study
(`study.db`), unless that is in the database that `DIGITLAB_STUDIES` names.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from getpass import getuser
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from core.config.settings import ENVIRONMENT_VARIABLES, settings
from core.runs import MAX_NAME, RunStore, new_run_id
from core.runs.document_folder import LOCK, DocumentFolder, DocumentStore
from core.runs.status import Request, State
from core.sweep.config import TRIALS, Sampler, SweepConfig

DATABASE_VARIABLE = ENVIRONMENT_VARIABLES["studies"]

_FOLDER = "sweeps"
_CONFIG = "config.json"
_CONTROL = "control.json"
_STATUS = "status.json"
_STUDY = "study.db"


class SweepError(RuntimeError):
    """Something is wrong with a sweep; the message is a sentence for the user."""


class SweepBusyError(SweepError):
    """Another process drives the sweep."""


class SweepRecord(BaseModel):
    """What `config.json` says: the configuration, and the sweep's name, owner and creation."""

    model_config = ConfigDict(frozen=True)

    name: str
    owner: str
    created: datetime
    in_database: bool
    """Whether the study is in the database of `DIGITLAB_STUDIES` and not in `study.db`."""
    config: SweepConfig


class SweepControl(BaseModel):
    """What `control.json` says: what users request of the sweep."""

    model_config = ConfigDict(frozen=True)

    request: Request = Request.RUN
    trials: Annotated[int, TRIALS] | None = None
    """How many trials are planned, if that was changed since it began."""


class SweepStatus(BaseModel):
    """What `status.json` says: the progress of the sweep."""

    model_config = ConfigDict(frozen=True)

    complete: int = 0
    """Trials that have come to their end."""
    cut: int = 0
    """Trials that were cut short: pruned, stopped, or failed."""
    in_flight: int = 0
    best_value: float | None = None
    """The highest validation accuracy of a complete trial, averaged over its seeds."""
    best_trial: int | None = None
    problem: str | None = None
    """Why the sweep does not go on at present: a sentence."""
    version: float = Field(default_factory=time.time)
    """Unix time of writing: another whenever the study has changed."""

    @property
    def done(self) -> int:
        """Trials that need not be tried again."""
        return self.complete + self.cut


class _SweepFiles(DocumentFolder):
    kind = "sweep"
    damaged_error = not_found_error = not_writable_error = SweepError


class Sweep:
    """One sweep directory. Cheap to make; every property reads the file as it is now."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.id = path.name
        self._files = _SweepFiles(path)
        self._record: SweepRecord | None = None

    def __repr__(self) -> str:
        return f"Sweep({self.id})"

    @property
    def record(self) -> SweepRecord:
        """Name, owner, creation and configuration. Raises SweepError."""
        if self._record is None:
            self._record = self._files.read(_CONFIG, SweepRecord)
        return self._record

    @property
    def config(self) -> SweepConfig:
        """What varies, and how it is searched."""
        return self.record.config

    @property
    def name(self) -> str:
        """The name that its owner gave it."""
        return self.record.name

    @property
    def control(self) -> SweepControl:
        """What was last requested; to run, if nothing was or the file is unreadable."""
        with suppress(SweepError):
            return self._files.read(_CONTROL, SweepControl)
        return SweepControl()

    @property
    def status(self) -> SweepStatus:
        """Its progress; not begun, if there is no such file or it is unreadable."""
        with suppress(SweepError):
            return self._files.read(_STATUS, SweepStatus)
        return SweepStatus(version=0)

    @property
    def version(self) -> tuple[tuple[int, int], ...]:
        """Another value whenever its configuration or progress has changed: cheap."""
        return tuple(self._files.version(name) for name in (_CONFIG, _STATUS))

    @property
    def planned(self) -> int:
        """How many trials are planned."""
        return self.control.trials or self.config.planned_trials

    @property
    def state(self) -> State:
        """Running, paused, stopping, stopped or finished. Raises SweepError."""
        status, control = self.status, self.control
        if status.done >= (control.trials or self.config.planned_trials) and not status.in_flight:
            return State.FINISHED
        if control.request is Request.STOP:
            return State.STOPPING if status.in_flight else State.STOPPED
        return State.PAUSED if control.request is Request.PAUSE else State.RUNNING

    @property
    def has_work(self) -> bool:
        """Whether there are trials to begin or to advance. Raises SweepError."""
        return self.state in {State.RUNNING, State.STOPPING} or self.status.in_flight > 0

    @property
    def study_path(self) -> Path | None:
        """Where the study is, or will be, beside the runs; None if it is in a database."""
        return None if self.record.in_database else self.path / _STUDY

    @property
    def study_url(self) -> str:
        """Where Optuna keeps the study. Raises SweepError if that is no longer known."""
        if path := self.study_path:
            return f"sqlite:///{path}"
        if url := settings().studies:
            return url
        raise SweepError(
            f"the study of sweep {self.id} is in a database: start the server with its address "
            f"in {DATABASE_VARIABLE}"
        )

    def request(self, request: Request) -> None:
        """Have the sweep run, begin no more runs (pause), or stop those under way too."""
        self._change_control(request=request)

    def extend(self, trials: int) -> None:
        """Have the sweep go on to `trials` in all. Raises SweepError for a wrong number."""
        if self.config.sampler is Sampler.GRID:
            raise SweepError("a grid has all its points already; begin another with more of them")
        if trials <= self.planned:
            raise SweepError(f"it already has {self.planned} trials; choose more")
        try:
            TRIALS.check(trials)
        except ValueError as error:
            raise SweepError(str(error)) from None
        self._change_control(trials=trials, request=Request.RUN)

    def write_status(self, status: SweepStatus) -> None:
        """Replace `status.json`: for the process that holds the lock."""
        self._files.write(_STATUS, status)

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the right to drive the sweep; the kernel releases it when the process dies.

        Raises SweepBusyError if another process holds it.
        """
        busy = SweepBusyError(f"another process is at sweep {self.id}: a server, or a command line")
        with self._files.lock(LOCK, 0, busy):
            yield

    def _change_control(self, **changes: object) -> None:
        with self._files.locked_change():
            self._files.write(_CONTROL, self.control.model_copy(update=changes))


class SweepStore(DocumentStore[Sweep]):
    """All sweeps beside the runs of a folder."""

    def __init__(self, runs: RunStore | None = None) -> None:
        self.runs = runs or RunStore()
        super().__init__(self.runs.root / _FOLDER, _SweepFiles, Sweep)

    def create(
        self, config: SweepConfig, name: str | None = None, owner: str | None = None
    ) -> Sweep:
        """Write a new sweep directory; any server on this folder will drive it.

        The name defaults to what varies, such as "dropout, l2". Raises SweepError if it cannot be
        written.
        """
        record = SweepRecord(
            name=" ".join((name or "").split())[:MAX_NAME] or ", ".join(config.vary),
            owner=owner or getuser(),
            created=datetime.now(UTC),
            in_database=bool(settings().studies),
            config=config,
        )
        return self._create(new_run_id(), {_CONFIG: record})
