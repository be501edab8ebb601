"""All runs below one folder: created, found, listed, deleted."""

import os
import secrets
import shutil
import threading
from contextlib import ExitStack, suppress
from datetime import UTC, datetime, timedelta
from getpass import getuser
from pathlib import Path

from core.config import RunConfig
from core.config.settings import settings
from core.runs.document_folder import DocumentStore
from core.runs.errors import RunBusyError, RunError
from core.runs.origin import Origin
from core.runs.run import CONFIG, MAX_NAME, STATUS, Run
from core.runs.run_files import RunFiles
from core.runs.status import Record, Request, State, Status, Trial

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


class RunStore(DocumentStore[Run]):
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
        super().__init__(Path(folder).absolute(), RunFiles, Run)

    def create(
        self,
        config: RunConfig,
        name: str | None = None,
        owner: str | None = None,
        state: State = State.QUEUED,
        run_id: str | None = None,
        trial: Trial | None = None,
        origin: Origin = Origin(),  # noqa: B008 (frozen)
    ) -> Run:
        """Write a new run directory. The name defaults to the configuration's summary.

        A run created `running` is to be trained by the caller; a queued one is trained by any
        engine on this folder. `run_id` is an id that no run has, by default a new
        one; `trial` says which sweep's run it is; `origin` what it starts from. Raises RunError for
        an origin that does not fit, RunNotWritableError.
        """
        origin.check(config)
        parent, drawings = origin.describe()
        record = Record(
            name=" ".join((name or "").split())[:MAX_NAME] or config.summary(),
            owner=owner or getuser(),
            created=datetime.now(UTC),
            config=config,
            trial=trial,
            parent=parent,
            drawings=drawings,
        )
        documents = {CONFIG: record, STATUS: Status(state=state)}
        return self._create(run_id or new_run_id(), documents, origin.copy_into)

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
            with run.files.explain_write_errors():
                os.rename(run.path, aside)
        shutil.rmtree(aside)
