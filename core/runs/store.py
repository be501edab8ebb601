"""All runs below one folder: created, found, listed, deleted."""

import os
import re
import secrets
import shutil
import threading
from contextlib import ExitStack, suppress
from datetime import UTC, datetime, timedelta
from getpass import getuser
from pathlib import Path

from core.config import RunConfig
from core.config.settings import settings
from core.runs.errors import RunBusyError, RunError, RunNotFoundError, RunNotWritableError
from core.runs.run import CONFIG, MAX_NAME, STATUS, Run
from core.runs.run_files import os_reason, save_json
from core.runs.status import Record, Request, State, Status

_RUN_ID = re.compile(r"\d{8}-\d{6}-[0-9a-f]{6}")
_STOP_SECONDS = 10.0  # how long a run that is to be deleted may take to stop


def new_run_id() -> str:
    """An id that no run has yet; ids sort by age, those of one process even where a clock fails.

    The time to the millisecond, which no two of a process share, and three random digits.
    """
    global _last_moment
    with _id_lock:
        now = max(datetime.now(UTC), _last_moment + timedelta(milliseconds=1))
        _last_moment = now
    return make_run_id(now, secrets.randbelow(4_096))


def make_run_id(moment: datetime, digits: int) -> str:
    """The id of a run that began at `moment`, to the millisecond; `digits`, 0 to 4,095, tells it
    from others of that moment.
    """
    utc = moment.astimezone(UTC)
    return f"{utc:%Y%m%d-%H%M%S}-{utc.microsecond // 1000:03}{digits:03x}"


_id_lock = threading.Lock()
_last_moment = datetime.min.replace(tzinfo=UTC)


class RunStore:
    """All runs below one folder."""

    def __init__(self, root: str | Path | None = None) -> None:
        """`root` defaults to the settings' folder of runs.

        Raises RunError for an address, such as `s3://bucket/runs`: it must be a folder.
        """
        folder = str(root or settings().runs)
        if "://" in folder:
            raise RunError(
                f"runs cannot be kept at {folder!r}, which is an address: DIGITLAB_RUNS must be a "
                "folder. Mount the bucket, and give the folder that it is mounted at"
            )
        self.root = Path(folder).absolute()

    def create(
        self,
        config: RunConfig,
        name: str | None = None,
        owner: str | None = None,
        state: State = State.QUEUED,
        run_id: str | None = None,
    ) -> Run:
        """Write a new run directory. The name defaults to the configuration's summary.

        A run created `running` is to be trained by the caller; a queued one is taken up by any
        engine that looks after this folder. `run_id` is an id that no run has, by default a new
        one. Raises RunNotWritableError.
        """
        created = datetime.now(UTC)
        record = Record(
            name=" ".join((name or "").split())[:MAX_NAME] or config.summary(),
            owner=owner or getuser(),
            created=created,
            config=config,
        )
        run_id = run_id or new_run_id()
        aside = self.root / f".new-{run_id}"
        try:
            aside.mkdir(parents=True, exist_ok=True)
            save_json(aside / CONFIG, record)
            save_json(aside / STATUS, Status(state=state))
            os.rename(aside, self.root / run_id)
        except BaseException as error:
            shutil.rmtree(aside, ignore_errors=True)
            if isinstance(error, OSError) and not isinstance(error, RunError):
                raise RunNotWritableError(
                    f"a run cannot be written to {self.root}: {os_reason(error)}"
                ) from error
            raise
        return self.get(run_id)

    def get(self, run_id: str) -> Run:
        """The run of this id. Raises RunNotFoundError, also for anything that is no run id."""
        if not _RUN_ID.fullmatch(run_id) or not (self.root / run_id).is_dir():
            raise RunNotFoundError(f"there is no run {run_id!r:.60}")
        return Run(self.root / run_id)

    def list(self) -> list[Run]:
        """All runs, newest first, damaged ones among them."""
        if not self.root.is_dir():
            return []
        with os.scandir(self.root) as entries:
            names = [entry.name for entry in entries if _RUN_ID.fullmatch(entry.name)]
        ids = [name for name in names if (self.root / name).is_dir()]
        return [Run(self.root / run_id) for run_id in sorted(ids, reverse=True)]

    def delete(self, run_id: str) -> None:
        """Stop the run, if it trains, and delete it for good.

        A training that does not stop within ten seconds ends with its next write. Raises
        RunNotFoundError, RunNotWritableError.
        """
        run = self.get(run_id)
        aside = self.root / f".deleted-{run_id}"
        with ExitStack() as stack:
            if run.status.state.is_active:
                run.request(Request.STOP)
                with suppress(RunBusyError):
                    stack.enter_context(run.training_lock(wait=_STOP_SECONDS))
            with run.files.writing():
                os.rename(run.path, aside)
        shutil.rmtree(aside)
