"""Runs on disk: the only code that knows a run directory's file names.

Every file is replaced by writing aside and renaming, so that a reader never sees half of one; only
`test_probabilities.npy`, `first_layer.npy` and `weights.npy` grow in place, before the row of
`history.csv` that announces what was added.
"""

import errno
import os
import re
import secrets
import shutil
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from getpass import getuser
from pathlib import Path
from typing import Any

import filelock
import numpy as np
import numpy.typing as npt
import pandas as pd

from core.config import CLASSES, IMAGE_SIDE, TEST_SET, RunConfig, bounds
from core.config.architecture import count_parameters
from core.config.settings import settings
from core.data import Floats
from core.maps.request import POINT_COLUMNS, MapStatus
from core.runs.errors import (
    DamagedRunError,
    RunBusyError,
    RunError,
    RunNotFoundError,
    RunNotWritableError,
)
from core.runs.run_files import (
    LOCK,
    RunFiles,
    explain,
    load_arrays,
    save_array,
    save_arrays,
    save_json,
)
from core.runs.status import Control, Label, Record, Request, State, Status

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

# Errors of the system that say nothing of the file: it may well be read later.
_PASSING = {errno.EACCES, errno.EIO, errno.EMFILE, errno.ENFILE, errno.EPERM, errno.ESTALE}

FIRST_LAYER_UNITS = 32
"""So many of the first layer's units are kept as pictures after each epoch."""

WEIGHTS_BYTES = 64_000_000
"""At most so many bytes of weights are kept: of a large network or a long run, not every epoch's.
"""

_RUN_ID = re.compile(r"\d{8}-\d{6}-[0-9a-f]{6}")
_CONFIG = "config.json"
_LABEL = "label.json"
_CONTROL = "control.json"
_STATUS = "status.json"
_HISTORY = "history.csv"
_PROBABILITIES = "test_probabilities.npy"
_FIRST_LAYER = "first_layer.npy"
_WEIGHTS = "weights.npy"
_CHECKPOINT = "checkpoint.npz"
_MODEL = "model.keras"
_MAPS = "maps"

MAX_NAME = 80
MAX_NOTE = 2_000
"""Characters in a run's name and note; more are cut off."""

_LARGEST = float(np.finfo(np.float64).max)
_STOP_SECONDS = 10.0  # how long a run that is to be deleted may take to stop


class Run(RunFiles):
    """One run directory. Cheap to make; every property reads the file as it is now."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
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
        """What the person calls the run."""
        return self.label.name or self.record.name

    @property
    def label(self) -> Label:
        """Name, note and pin; as the run was created, if none were given or can be read."""
        with suppress(DamagedRunError):
            return self._read(_LABEL, Label)
        return Label()

    @property
    def status(self) -> Status:
        """How far the run is. A directory that cannot be read gives state `damaged` and why."""
        try:
            _ = self.record
            status = self._read(_STATUS, Status)
            if status.final_epoch and status.state in {State.FINISHED, State.STOPPED}:
                self._require(_HISTORY, _MODEL)
            return status
        except DamagedRunError as error:
            return Status(state=State.DAMAGED, error=str(error))

    @property
    def control(self) -> Control:
        """What was last asked of the training; to run, if nothing was or the file is unreadable."""
        with suppress(DamagedRunError, RunNotFoundError):
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
        if frame.empty:
            frame = frame.astype(float)
        if list(frame.columns) != HISTORY_COLUMNS or not all(
            pd.api.types.is_numeric_dtype(column) and column.notna().all()
            for _, column in frame.items()
        ):
            raise self._damaged(_HISTORY, f"expected numbers in {', '.join(HISTORY_COLUMNS)}")
        self._check_history(HISTORY_COLUMNS, frame.to_numpy(np.float64).T)
        return frame

    def history_columns(self, *names: str) -> npt.NDArray[np.float64]:
        """Some columns of `history`, (names, epochs): ten times as quick, for a list of many runs.

        Raises DamagedRunError.
        """
        places = [HISTORY_COLUMNS.index(name) for name in names]
        try:
            header, *rows = (
                line.split(",") for line in (self.path / _HISTORY).read_text().splitlines()
            )
            if header != HISTORY_COLUMNS or any(len(row) != len(header) for row in rows):
                raise ValueError(f"expected the columns {', '.join(HISTORY_COLUMNS)}")
            values = np.array([[float(row[place]) for row in rows] for place in places])
        except FileNotFoundError:
            return np.empty((len(names), 0))
        except (ValueError, OSError) as error:
            raise self._damaged(_HISTORY, error) from error
        self._check_history(names, values)
        return values

    def require_epochs(self, epochs: int, final_epoch: int | None) -> None:
        """Raise DamagedRunError if a history of `epochs` ends before the network's `final_epoch`.

        That is `status.final_epoch`, None or 0 for none yet.
        """
        if final_epoch and final_epoch > epochs:
            raise DamagedRunError(
                f"{_HISTORY} of run {self.id} ends with epoch {epochs}, before epoch {final_epoch}"
            )

    def test_probabilities(self, epoch: int | None = None) -> npt.NDArray[np.floating[Any]]:
        """What the network thought of each test image after each epoch.

        `None` gives all epochs that have ended, float32 (epochs, 10000, 10), mapped from the file,
        which of an older run is float16; an epoch from 1 gives float32 (10000, 10). Raises
        IndexError for an epoch not yet ended.
        """
        shape = (TEST_SET, CLASSES)
        return self._read_epochs(_PROBABILITIES, shape, epoch, np.float32, np.float16)

    def first_layer(self, epoch: int | None = None) -> npt.NDArray[np.floating[Any]]:
        """The weights from the pixels to the first units after each epoch, as pictures.

        `None` gives all epochs that have ended, float16 (epochs, units, 28, 28) with at most
        FIRST_LAYER_UNITS units, mapped from the file; an epoch from 1 gives float32
        (units, 28, 28). Raises IndexError for an epoch not yet ended.
        """
        shape = (first_layer_units(self.config), IMAGE_SIDE, IMAGE_SIDE)
        return self._read_epochs(_FIRST_LAYER, shape, epoch, np.float16)

    def weights(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.floating[Any]]]:
        """What the network's weights were after the epochs of which they are kept.

        Those epochs, from 1, int64 (n,); and float16 (n, parameters), mapped from the file: each
        layer's weights one after another, as `keras.Layer.weights` lists them. None of a run that
        is older than the file.
        """
        epochs = np.array(weight_epochs(self.config), np.int64)
        parameters = count_parameters(self.config)
        if not (self.path / _WEIGHTS).exists():
            return epochs[:0], np.empty((0, parameters), np.float16)
        epochs = epochs[epochs <= self.history_columns("epoch").shape[1]]
        return epochs, self._read_array(_WEIGHTS, (parameters,), len(epochs), np.float16)

    @property
    def network_epoch(self) -> int:
        """The epoch whose weights the network has as it stands; 0 before the first has ended."""
        return self.status.final_epoch or self.history_columns("epoch").shape[1]

    @property
    def network_epochs(self) -> tuple[int, ...]:
        """The epochs after which the network can be had, rising: as it stands, and as it was."""
        return tuple(sorted({*self.weights()[0].tolist(), self.network_epoch} - {0}))

    @property
    def model_path(self) -> Path:
        """Where the trained network is, as Keras saves it, once the run has ended."""
        return self.path / _MODEL

    def read_checkpoint(self) -> dict[str, npt.NDArray[Any]] | None:
        """The arrays of the last checkpoint, or None if there is none, or it is rubbish.

        Raises RunNotWritableError if the disk does not give it out at present.
        """
        try:
            return load_arrays(self.path / _CHECKPOINT)
        except Exception as error:  # a rubbish zip raises almost anything
            if isinstance(error, OSError) and error.errno in _PASSING:
                raise RunNotWritableError(
                    f"the checkpoint of run {self.id} cannot be read: {error.strerror}"
                ) from error
            return None

    @property
    def is_closed(self) -> bool:
        """Whether there is no checkpoint: never was, or not since `close` came to its end."""
        return not (self.path / _CHECKPOINT).exists()

    @property
    def version(self) -> tuple[tuple[int, int], ...]:
        """Another value whenever the run's small files or its network have changed: cheap.

        Its last item changes with the history alone.
        """
        return tuple(self._stamp(name) for name in (_CONFIG, _LABEL, _STATUS, _MODEL, _HISTORY))

    # --- asking

    def ask(self, request: Request | None = None, learning_rate: float | None = None) -> None:
        """Ask the training to run, pause or stop, or to go on with another base learning rate.

        Obeyed within a second. A queued run that is asked to stop is stopped at once; a stop is
        not taken back by what is asked later. Raises ValueError for a learning rate out of the
        configuration's bounds, RunNotFoundError, RunNotWritableError.
        """
        if learning_rate is not None:
            bounds("learning_rate").check(learning_rate)
        with self._changing():
            control = self.control
            changes = {"request": request, "learning_rate": learning_rate}
            kept = {key: value for key, value in changes.items() if value is not None}
            if control.request is Request.STOP:
                kept.pop("request", None)
            self._write_json(_CONTROL, control.model_copy(update=kept))
        if request is Request.STOP and self.status.state is State.QUEUED:
            with suppress(RunBusyError), self.training_lock(wait=0):
                self.write_status(Status(state=State.STOPPED, final_epoch=0))

    def mark(
        self, name: str | None = None, note: str | None = None, pinned: bool | None = None
    ) -> None:
        """Rename the run, replace its note, pin or unpin it; None leaves as it is.

        An empty name gives back the one that the run was created with. Raises
        RunNotFoundError, RunNotWritableError.
        """
        changes: dict[str, Any] = {"pinned": pinned}
        if name is not None:
            changes["name"] = " ".join(name.split())[:MAX_NAME]
        if note is not None:
            changes["note"] = note.strip()[:MAX_NOTE]
        kept = {key: value for key, value in changes.items() if value is not None}
        with self._changing():
            self._write_json(_LABEL, self.label.model_copy(update=kept))

    # --- training

    @contextmanager
    def training_lock(self, wait: float = 2.0) -> Iterator[None]:
        """Hold the right to train this run; the kernel lets it go when the process dies.

        Raises RunBusyError if another holder does not let go within `wait` seconds.
        """
        lock = filelock.FileLock(self.path / LOCK, timeout=wait)
        try:
            self._acquire(lock)
        except filelock.Timeout:
            raise RunBusyError(f"another process is training run {self.id}") from None
        try:
            yield
        except FileNotFoundError:
            if self.path.is_dir():
                raise
            raise self._gone() from None
        finally:
            lock.release()

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
        """Store (10000, 10) of `epoch`, from 1: float32, or in the file of an older run float16."""
        is_older = self._read_dtype(_PROBABILITIES) == np.float16
        dtype = np.float16 if is_older else np.float32
        self._write_epoch(_PROBABILITIES, epoch, probabilities.astype(dtype))

    def write_first_layer(self, epoch: int, kernel: Floats) -> None:
        """Store the first units of the first layer's kernel, (784, units), of `epoch`, from 1."""
        units = first_layer_units(self.config)
        pictures = kernel.T[:units].reshape(units, IMAGE_SIDE, IMAGE_SIDE)
        self._write_epoch(_FIRST_LAYER, epoch, pictures.astype(np.float16))

    def write_weights(self, epoch: int, weights: Floats) -> None:
        """Store the network's weights, (parameters,), of `epoch`, if that is one that is kept."""
        epochs = weight_epochs(self.config)
        if epoch in epochs:
            limit = np.finfo(np.float16).max
            slot = epochs.index(epoch) + 1
            kept = np.clip(weights, -limit, limit).astype(np.float16)
            self._write_slot(_WEIGHTS, slot, len(epochs), kept)

    def write_checkpoint(self, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
        """Replace `checkpoint.npz`."""
        self._replace(_CHECKPOINT, partial(save_arrays, arrays=arrays))

    def write_model(self, save: Callable[[Path], object]) -> None:
        """Replace `model.keras` by what `save` writes to the path it is given."""
        self._replace(_MODEL, save)

    def close(self, epochs: int, keep_checkpoint: bool = False) -> None:
        """Give up the room kept for more than `epochs` epochs, and at last the checkpoint, unless
        it is all there is of the network. Raises OSError, and DamagedRunError for a rubbish array.
        """
        weights = sum(epoch <= epochs for epoch in weight_epochs(self.config))
        rooms = {_PROBABILITIES: epochs, _FIRST_LAYER: epochs, _WEIGHTS: weights}
        for name, slots in rooms.items():
            if (self.path / name).exists():
                # Copied, for Windows does not replace a file that is mapped.
                kept = np.array(self._map_array(name)[:slots])
                self._replace(name, partial(save_array, array=kept))
        if not keep_checkpoint:
            (self.path / _CHECKPOINT).unlink(missing_ok=True)

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
            points = pd.DataFrame(load_arrays(self.path / name))
        except Exception as error:  # a rubbish zip raises almost anything
            raise self._damaged(name, error) from error
        if list(points.columns) != list(POINT_COLUMNS):
            raise self._damaged(name, f"expected the columns {', '.join(POINT_COLUMNS)}")
        return points

    def map_keys(self) -> list[str]:
        """The maps that were ever asked for."""
        return sorted(path.stem for path in (self.path / _MAPS).glob("[!.]*.json"))

    def ask_map(self, key: str, owner: str | None = None) -> bool:
        """Ask, as `owner`, for the map of the network as it stands; say whether to submit a job.

        Not if one is under way or has done it: two who ask start one job.
        """
        with self._changing():
            status = self.map_status(key)
            if status and status.answers(self.network_epoch):
                return False
            with self._writing():
                (self.path / _MAPS / f"{key}.stop").unlink(missing_ok=True)
            self.write_map_status(key, MapStatus(state=State.QUEUED, owner=owner))
            return True

    def ask_map_to_stop(self, key: str) -> None:
        """Ask the map's job to end with its next report, and to keep what was reached."""
        with self._writing():
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
        lock = filelock.FileLock(self.path / _MAPS / f".{key}.lock", timeout=0)
        try:
            with self._writing():
                lock.acquire()
        except filelock.Timeout:
            raise RunBusyError(f"another job is computing map {key} of run {self.id}") from None
        try:
            yield
        finally:
            lock.release()

    def write_map_status(self, key: str, status: MapStatus) -> None:
        """Replace what `map_status` reads."""
        self._make_maps_folder()
        self._write_json(f"{_MAPS}/{key}.json", status)

    def write_map_points(self, key: str, points: pd.DataFrame) -> None:
        """Replace what `map_points` reads."""
        columns = {str(name): points[name].to_numpy() for name in points}
        self._replace(f"{_MAPS}/{key}.npz", partial(save_arrays, arrays=columns))

    # --- inside

    def _make_maps_folder(self) -> None:
        with self._writing():
            (self.path / _MAPS).mkdir(exist_ok=True)

    def _read_epochs(
        self,
        name: str,
        shape: tuple[int, ...],
        epoch: int | None,
        dtype: type[np.floating[Any]],
        *older: type[np.floating[Any]],
    ) -> npt.NDArray[np.floating[Any]]:
        """All epochs that have ended, (epochs, *shape) of `dtype` or, in a file of an older run,
        of one of `older`; or one epoch as float32 `shape`."""
        done = len(self.history)
        if epoch is not None and not 1 <= epoch <= done:
            raise IndexError(f"epoch {epoch} is not there; this run has {done} finished epochs")
        if not done:
            return np.empty((0, *shape), dtype)
        stored = self._read_array(name, shape, done, dtype, *older)
        return stored if epoch is None else stored[epoch - 1].astype(np.float32)

    def _write_epoch(self, name: str, epoch: int, values: npt.NDArray[np.floating[Any]]) -> None:
        """Write one epoch's slot of an array with room for all the epochs of the configuration."""
        self._write_slot(name, epoch, self.config.epochs, values)

    def _check_history(self, names: Iterable[str], values: npt.NDArray[np.float64]) -> None:
        """Raise DamagedRunError for values (names, epochs) that no training writes."""
        for name, row in zip(names, values, strict=True):
            high = 1 if name.endswith("accuracy") else _LARGEST
            if len(row) and not 0 <= row.min() <= row.max() <= high:  # nor NaN
                raise self._damaged(_HISTORY, f"{name} is out of range")


def first_layer_units(config: RunConfig) -> int:
    """How many first-layer pictures a run keeps: of all units, or of FIRST_LAYER_UNITS."""
    return min((*config.hidden, CLASSES)[0], FIRST_LAYER_UNITS)


def weight_epochs(config: RunConfig) -> range:
    """The epochs, from 1, whose weights a run keeps: all, or every so many-th for WEIGHTS_BYTES.

    None of a network that is larger than that by itself.
    """
    most = WEIGHTS_BYTES // (2 * count_parameters(config))
    return range(1, config.epochs + 1, -(-config.epochs // most)) if most else range(0)


def new_run_id() -> str:
    """An id that no run has yet; ids sort by age, those of one process even where a clock fails.

    The time to the millisecond, which no two of a process share, and three random digits.
    """
    global _last_moment
    with _id_lock:
        now = max(datetime.now(UTC), _last_moment + timedelta(milliseconds=1))
        _last_moment = now
    return f"{now:%Y%m%d-%H%M%S}-{now.microsecond // 1000:03}{secrets.token_hex(2)[:3]}"


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

        A run created `running` belongs to its creator, who trains it at once; a queued one is
        taken up by any engine that looks after this folder. Who must know the run's id before
        there is a run, draws it by `new_run_id`. Raises RunNotWritableError.
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
            aside.mkdir(parents=True)
            save_json(aside / _CONFIG, record)
            save_json(aside / _STATUS, Status(state=state))
            os.rename(aside, self.root / run_id)
        except BaseException as error:
            shutil.rmtree(aside, ignore_errors=True)
            if isinstance(error, OSError) and not isinstance(error, RunError):
                raise RunNotWritableError(
                    f"a run cannot be written to {self.root}: {explain(error)}"
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
                run.ask(Request.STOP)
                with suppress(RunBusyError):
                    stack.enter_context(run.training_lock(wait=_STOP_SECONDS))
            with run._writing():
                os.rename(run.path, aside)
        shutil.rmtree(aside)
