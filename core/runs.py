"""Runs on disk: the only code that knows a run directory's file names.

Every file is replaced by writing aside and renaming, so that a reader never sees half of one; only
`test_probabilities.npy` and `first_layer.npy` grow in place, before the row of `history.csv` that
announces what was added.
"""

import os
import re
import secrets
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from getpass import getuser
from pathlib import Path
from typing import Any, TypeVar
from zipfile import BadZipFile

import filelock
import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import BaseModel, ValidationError

from core.analysis.maps import MapStatus
from core.config import CLASSES, IMAGE_SIDE, TEST_SET, RunConfig, bounds
from core.data import Floats
from core.status import Control, Record, Request, State, Status

HISTORY_COLUMNS = [
    "epoch",
    "seconds",
    "learning_rate",
    "base_learning_rate",
    "running_loss",
    "running_accuracy",
    *(
        f"{split}_{metric}"
        for split in ("train", "validation", "test")
        for metric in ("loss", "accuracy")
    ),
    "l2_penalty",
]

FIRST_LAYER_UNITS = 32
"""So many of the first layer's units are kept as pictures after each epoch."""

_RUN_ID = re.compile(r"\d{8}-\d{6}-[0-9a-f]{6}")
_CONFIG = "config.json"
_CONTROL = "control.json"
_STATUS = "status.json"
_HISTORY = "history.csv"
_PROBABILITIES = "test_probabilities.npy"
_FIRST_LAYER = "first_layer.npy"
_CHECKPOINT = "checkpoint.npz"
_MODEL = "model.keras"
_LOCK = ".lock"
_MAPS = "maps"

Model = TypeVar("Model", bound=BaseModel)


class RunError(RuntimeError):
    """Something is wrong with a run; the message is a sentence for the person who asked."""


class RunNotFoundError(RunError):
    """There is no such run, or no longer."""


class DamagedRunError(RunError):
    """A file of the run is missing or cannot be read."""


class RunBusyError(RunError):
    """Another process is training the run, or computing the map."""


class NoNetworkError(RunError):
    """The run has no network yet, for its first epoch has not ended."""


class Run:
    """One run directory. Cheap to make; every property reads the file as it is now."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.id = path.name
        self._record: Record | None = None

    def __repr__(self) -> str:
        return f"Run({self.id})"

    # --- reading

    @property
    def record(self) -> Record:
        """Name, owner, creation and configuration. Raises DamagedRunError, RunNotFoundError."""
        if self._record is None:
            self._record = self._read(_CONFIG, Record)
        return self._record

    @property
    def config(self) -> RunConfig:
        """The run's hyperparameters."""
        return self.record.config

    @property
    def name(self) -> str:
        """What the person called the run."""
        return self.record.name

    @property
    def status(self) -> Status:
        """How far the run is. A directory that cannot be read gives state `damaged` and why."""
        try:
            _ = self.record
            return self._read(_STATUS, Status)
        except DamagedRunError as error:
            return Status(state=State.DAMAGED, error=str(error))

    @property
    def control(self) -> Control:
        """What was last asked of the training; to run, if nothing was or the file is unreadable."""
        with suppress(DamagedRunError, RunNotFoundError):
            if (self.path / _CONTROL).exists():
                return self._read(_CONTROL, Control)
        return Control()

    @property
    def history(self) -> pd.DataFrame:
        """A row for each finished epoch, with HISTORY_COLUMNS; none before the first has ended."""
        try:
            frame = pd.read_csv(self.path / _HISTORY)
        except FileNotFoundError:
            return pd.DataFrame(columns=HISTORY_COLUMNS, dtype=float)
        except (ValueError, OSError) as error:
            raise self._damaged(_HISTORY, error) from error
        if list(frame.columns) != HISTORY_COLUMNS or not all(
            pd.api.types.is_numeric_dtype(column) and column.notna().all()
            for _, column in frame.items()
        ):
            raise self._damaged(_HISTORY, f"expected numbers in {', '.join(HISTORY_COLUMNS)}")
        return frame

    def test_probabilities(self, epoch: int | None = None) -> npt.NDArray[np.floating[Any]]:
        """What the network thought of each test image after each epoch.

        `None` gives all epochs that have ended, float16 (epochs, 10000, 10), mapped from the file;
        an epoch from 1 gives float32 (10000, 10). Raises IndexError for an epoch not yet ended.
        """
        return self._read_epochs(_PROBABILITIES, (TEST_SET, CLASSES), epoch)

    def first_layer(self, epoch: int | None = None) -> npt.NDArray[np.floating[Any]]:
        """The weights from the pixels to the first units after each epoch, as pictures.

        `None` gives all epochs that have ended, float16 (epochs, units, 28, 28) with at most
        FIRST_LAYER_UNITS units, mapped from the file; an epoch from 1 gives float32
        (units, 28, 28). Raises IndexError for an epoch not yet ended.
        """
        shape = (first_layer_units(self.config), IMAGE_SIDE, IMAGE_SIDE)
        return self._read_epochs(_FIRST_LAYER, shape, epoch)

    @property
    def network_epoch(self) -> int:
        """The epoch whose weights the network has as it stands; 0 before the first has ended."""
        return self.status.final_epoch or len(self.history)

    @property
    def model_path(self) -> Path:
        """Where the trained network is, as Keras saves it, once the run has ended."""
        return self.path / _MODEL

    def read_checkpoint(self) -> dict[str, npt.NDArray[Any]] | None:
        """The arrays of the last checkpoint, or None if there is none that can be read."""
        try:
            with (self.path / _CHECKPOINT).open("rb") as file:
                return dict(np.load(file, allow_pickle=False))
        except Exception:  # a rubbish zip raises almost anything; the run then starts afresh
            return None

    # --- asking

    def ask(self, request: Request | None = None, learning_rate: float | None = None) -> None:
        """Ask the training to run, pause or stop, or to go on with another base learning rate.

        Obeyed within a second. A queued run that is asked to stop is stopped at once. Raises
        ValueError for a learning rate out of the configuration's bounds.
        """
        if learning_rate is not None:
            bounds("learning_rate").check(learning_rate)
        with _control_lock:
            changes = {"request": request, "learning_rate": learning_rate}
            kept = {key: value for key, value in changes.items() if value is not None}
            self._write_json(_CONTROL, self.control.model_copy(update=kept))
        if request is Request.STOP and self.status.state is State.QUEUED:
            with suppress(RunBusyError), self.training_lock(wait=0):
                self.write_status(Status(state=State.STOPPED, final_epoch=0))

    # --- training

    @contextmanager
    def training_lock(self, wait: float = 2.0) -> Iterator[None]:
        """Hold the right to train this run; the kernel lets it go when the process dies.

        Raises RunBusyError if another holder does not let go within `wait` seconds.
        """
        if not self.path.is_dir():
            raise RunNotFoundError(f"run {self.id} does not exist, or was deleted")
        try:
            with filelock.FileLock(self.path / _LOCK, timeout=wait):
                yield
        except filelock.Timeout:
            raise RunBusyError(f"another process is training run {self.id}") from None

    def is_training(self) -> bool:
        """Whether some process holds the right to train this run at this moment."""
        try:
            with self.training_lock(wait=0):
                return False
        except RunBusyError:
            return True

    def write_status(self, status: Status) -> None:
        """Replace `status.json`."""
        self._write_json(_STATUS, status)

    def write_history(self, rows: list[dict[str, float]]) -> None:
        """Replace `history.csv` by `rows`, one an epoch, with HISTORY_COLUMNS as keys."""
        text = pd.DataFrame(rows, columns=HISTORY_COLUMNS).to_csv(index=False)
        self._replace(_HISTORY, lambda path: path.write_text(text))

    def write_test_probabilities(self, epoch: int, probabilities: Floats) -> None:
        """Store (10000, 10) of `epoch`, from 1."""
        self._write_epoch(_PROBABILITIES, epoch, probabilities)

    def write_first_layer(self, epoch: int, kernel: Floats) -> None:
        """Store the first units of the first layer's kernel, (784, units), of `epoch`, from 1."""
        units = first_layer_units(self.config)
        pictures = kernel.T[:units].reshape(units, IMAGE_SIDE, IMAGE_SIDE)
        self._write_epoch(_FIRST_LAYER, epoch, pictures)

    def write_checkpoint(self, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
        """Replace `checkpoint.npz`."""
        self._replace(_CHECKPOINT, partial(_save_arrays, arrays=arrays))

    def write_model(self, save: Callable[[Path], object]) -> None:
        """Replace `model.keras` by what `save` writes to the path it is given."""
        self._replace(_MODEL, save)

    def close(self, epochs: int) -> None:
        """Give up the checkpoint, and the room kept for more than `epochs` epochs."""
        (self.path / _CHECKPOINT).unlink(missing_ok=True)
        for name in (_PROBABILITIES, _FIRST_LAYER):
            if (self.path / name).exists():
                kept = np.load(self.path / name, mmap_mode="r", allow_pickle=False)[:epochs]
                self._replace(name, partial(_save_array, array=kept))

    # --- maps of its features, each by its `MapRequest.key`

    def map_status(self, key: str) -> MapStatus | None:
        """How far the map is; None if it was never asked for, or what is there is unreadable."""
        try:
            return self._read(f"{_MAPS}/{key}.json", MapStatus)
        except DamagedRunError:
            return None

    def map_points(self, key: str) -> pd.DataFrame:
        """The map's points so far, as `FeatureMap` has them. Raises DamagedRunError."""
        name = f"{_MAPS}/{key}.npz"
        try:
            with np.load(self.path / name, allow_pickle=False) as archive:
                return pd.DataFrame(dict(archive))
        except (ValueError, OSError, EOFError, BadZipFile) as error:
            raise self._damaged(name, error) from error

    def ask_map(self, key: str) -> bool:
        """Ask for the map of the network as it stands; say whether to submit a job for it.

        Not if one is under way or has done it: two who ask start one job.
        """
        with _control_lock:
            status = self.map_status(key)
            if status and status.answers(self.network_epoch):
                return False
            (self.path / _MAPS / f"{key}.stop").unlink(missing_ok=True)
            self.write_map_status(key, MapStatus(state=State.QUEUED))
            return True

    def ask_map_to_stop(self, key: str) -> None:
        """Ask the map's job to end with its next report, and to keep what was reached."""
        (self.path / _MAPS / f"{key}.stop").touch()

    def is_map_to_stop(self, key: str) -> bool:
        """Whether the map's job was asked to stop."""
        return (self.path / _MAPS / f"{key}.stop").exists()

    @contextmanager
    def map_lock(self, key: str) -> Iterator[None]:
        """Hold the right to compute the map; the kernel lets it go when the process dies.

        Raises RunBusyError if another job holds it.
        """
        self._make_maps_folder()
        try:
            with filelock.FileLock(self.path / _MAPS / f".{key}.lock", timeout=0):
                yield
        except filelock.Timeout:
            raise RunBusyError(f"another job is computing map {key} of run {self.id}") from None

    def write_map_status(self, key: str, status: MapStatus) -> None:
        """Replace what `map_status` reads."""
        self._make_maps_folder()
        self._write_json(f"{_MAPS}/{key}.json", status)

    def write_map_points(self, key: str, points: pd.DataFrame) -> None:
        """Replace what `map_points` reads."""
        columns = {str(name): points[name].to_numpy() for name in points}
        self._replace(f"{_MAPS}/{key}.npz", partial(_save_arrays, arrays=columns))

    # --- files

    def _make_maps_folder(self) -> None:
        try:
            (self.path / _MAPS).mkdir(exist_ok=True)
        except FileNotFoundError:
            raise RunNotFoundError(f"run {self.id} does not exist, or was deleted") from None

    def _read_epochs(
        self, name: str, shape: tuple[int, ...], epoch: int | None
    ) -> npt.NDArray[np.floating[Any]]:
        """All epochs that have ended, float16 (epochs, *shape), or one as float32 `shape`."""
        done = len(self.history)
        if epoch is not None and not 1 <= epoch <= done:
            raise IndexError(f"epoch {epoch} is not there; this run has {done} finished epochs")
        if not done:
            return np.empty((0, *shape), np.float16)
        try:
            stored: npt.NDArray[np.floating[Any]] = np.load(
                self.path / name, mmap_mode="r", allow_pickle=False
            )
        except (ValueError, OSError, EOFError) as error:
            raise self._damaged(name, error) from error
        if stored.dtype != np.float16 or stored.shape[1:] != shape or len(stored) < done:
            raise self._damaged(name, f"unexpected {stored.dtype} {stored.shape}")
        return stored[:done] if epoch is None else stored[epoch - 1].astype(np.float32)

    def _write_epoch(self, name: str, epoch: int, values: Floats) -> None:
        """Write one epoch's slot of an array with room for all the epochs of the configuration."""
        path = self.path / name
        shape = (self.config.epochs, *values.shape)
        with path.open("r+b" if path.exists() else "w+b") as file:
            header = {"descr": "<f2", "fortran_order": False, "shape": shape}
            np.lib.format.write_array_header_1_0(file, header)
            start, slot = file.tell(), 2 * values.size
            file.seek(start + (epoch - 1) * slot)
            file.write(values.astype("<f2").tobytes())
            file.truncate(start + self.config.epochs * slot)

    def _read(self, name: str, model: type[Model]) -> Model:
        try:
            return model.model_validate_json((self.path / name).read_bytes())
        except FileNotFoundError:
            if not self.path.is_dir():
                raise RunNotFoundError(f"run {self.id} does not exist, or was deleted") from None
            raise DamagedRunError(f"{name} of run {self.id} is missing") from None
        except ValidationError as error:
            detail = error.errors()[0]
            where = ".".join(map(str, detail["loc"]))
            raise self._damaged(
                name, f"{where}: {detail['msg']}" if where else detail["msg"]
            ) from error
        except OSError as error:
            raise self._damaged(name, error) from error

    def _damaged(self, name: str, why: object) -> DamagedRunError:
        return DamagedRunError(f"{name} of run {self.id} cannot be read ({why})")

    def _write_json(self, name: str, model: BaseModel) -> None:
        self._replace(name, lambda path: path.write_text(model.model_dump_json(indent=1)))

    def _replace(self, name: str, write: Callable[[Path], object]) -> None:
        path = self.path / name
        aside = path.with_name(f".{secrets.token_hex(4)}-{path.name}")
        try:
            write(aside)
            os.replace(aside, path)
        except BaseException:
            aside.unlink(missing_ok=True)
            raise


_control_lock = threading.Lock()


def _save_array(path: Path, array: npt.NDArray[Any]) -> None:
    with path.open("wb") as file:
        np.save(file, array)


def _save_arrays(path: Path, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
    with path.open("wb") as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]


def first_layer_units(config: RunConfig) -> int:
    """How many first-layer pictures a run keeps: of all units, or of FIRST_LAYER_UNITS."""
    return min((*config.hidden, CLASSES)[0], FIRST_LAYER_UNITS)


class RunStore:
    """All runs below one folder."""

    def __init__(self, root: str | Path | None = None) -> None:
        """`root` defaults to the environment's `DIGITLAB_RUNS`, or `runs` in the working folder."""
        self.root = Path(root or os.environ.get("DIGITLAB_RUNS") or "runs").absolute()

    def create(
        self,
        config: RunConfig,
        name: str | None = None,
        owner: str | None = None,
        state: State = State.QUEUED,
    ) -> Run:
        """Write a new run directory. The name defaults to the configuration's summary.

        A run created `running` belongs to its creator, who trains it at once; a queued one is
        taken up by any engine that looks after this folder.
        """
        created = datetime.now(UTC)
        record = Record(
            name=(name or "").strip() or config.summary(),
            owner=owner or getuser(),
            created=created,
            config=config,
        )
        milliseconds = created.microsecond // 1000  # so that ids sort by age
        run_id = f"{created:%Y%m%d-%H%M%S}-{milliseconds:03}{secrets.token_hex(2)[:3]}"
        aside = Run(self.root / f".new-{run_id}")
        aside.path.mkdir(parents=True)
        aside._write_json(_CONFIG, record)
        aside.write_status(Status(state=state))
        os.rename(aside.path, self.root / run_id)
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
            ids = [
                entry.name for entry in entries if _RUN_ID.fullmatch(entry.name) and entry.is_dir()
            ]
        return [Run(self.root / run_id) for run_id in sorted(ids, reverse=True)]

    def delete(self, run_id: str) -> None:
        """Delete the run for good. A training that is under way ends with its next write."""
        run = self.get(run_id)
        aside = self.root / f".deleted-{run_id}"
        os.rename(run.path, aside)
        shutil.rmtree(aside)
