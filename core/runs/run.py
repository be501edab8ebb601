"""A run directory: the only code that knows its files' names, but for those in `maps`.

Every file is replaced by writing aside and renaming, so that a reader never sees half of one; only
`test_probabilities.npy`, `first_layer.npy` and `weights.npy` grow in place, before the row of
`history.csv` that announces what was added.
"""

import errno
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from core.config import CLASSES, IMAGE_SIDE, TEST_SET, RunConfig, bounds
from core.config.architecture import count_parameters
from core.data import Array, Doubles, Floats, Indices
from core.runs.document_folder import LOCK
from core.runs.errors import (
    DamagedRunError,
    RunBusyError,
    RunNotFoundError,
    RunNotWritableError,
)
from core.runs.history import read_history, read_history_columns, write_history
from core.runs.run_files import EpochArray, RunFiles, load_arrays
from core.runs.status import Control, Label, Record, Request, State, Status

# Errors of the system that say nothing of the file: it may well be read later.
_TRANSIENT_ERRORS = {errno.EACCES, errno.EIO, errno.EMFILE, errno.ENFILE, errno.EPERM, errno.ESTALE}

FIRST_LAYER_UNITS = 32
"""At most this many of the first layer's units are kept as pictures after each epoch."""

WEIGHTS_BYTES = 64_000_000
"""At most this many bytes of weights are kept: of a large network or a long run, not every epoch's.
"""

LARGEST_WEIGHT = float(np.finfo(np.float16).max)
"""Of the weights that are kept after each epoch: larger ones, of a training that diverges, are kept
as this."""

CONFIG = "config.json"
STATUS = "status.json"
_LABEL = "label.json"
_CONTROL = "control.json"
_HISTORY = "history.csv"
_PROBABILITIES = "test_probabilities.npy"
_FIRST_LAYER = "first_layer.npy"
_WEIGHTS = "weights.npy"
_CHECKPOINT = "checkpoint.npz"
_MODEL = "model.keras"

MAX_NAME = 80
MAX_NOTE = 2_000
"""Characters in a run's name and note; more are cut off."""


class Run:
    """One run directory. Cheap to make; every property reads the file as it is now."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.id = path.name
        self.files = RunFiles(path)
        self._record: Record | None = None

    def __repr__(self) -> str:
        return f"Run({self.id})"

    # --- reading

    @property
    def record(self) -> Record:
        """Name, owner, creation and configuration. Raises DamagedRunError, RunNotFoundError."""
        if self._record is None:
            self._record = self.files.read(CONFIG, Record)
        return self._record

    @property
    def config(self) -> RunConfig:
        """The run's hyperparameters."""
        return self.record.config

    @property
    def name(self) -> str:
        """The run's name: its label's, else the one it was created with."""
        return self.label.name or self.record.name

    @property
    def label(self) -> Label:
        """Name, note and pin; as the run was created, if none were given or can be read."""
        with suppress(DamagedRunError):
            return self.files.read(_LABEL, Label)
        return Label()

    @property
    def status(self) -> Status:
        """How far the run is. A directory that cannot be read gives state `damaged` and why."""
        try:
            _ = self.record
            status = self.files.read(STATUS, Status)
            if status.final_epoch and status.state in {State.FINISHED, State.STOPPED}:
                for name in (_HISTORY, _MODEL):
                    if not (self.path / name).exists():
                        raise self.files.missing_error(name)
            return status
        except DamagedRunError as error:
            return Status(state=State.DAMAGED, error=str(error))

    @property
    def control(self) -> Control:
        """What was last requested of the training; to run, if nothing was or it is unreadable."""
        with suppress(DamagedRunError, RunNotFoundError):
            return self.files.read(_CONTROL, Control)
        return Control()

    @property
    def history(self) -> pd.DataFrame:
        """A row for each finished epoch, with HISTORY_COLUMNS; none before the first has ended.

        Raises DamagedRunError.
        """
        with self.files.explain_read_errors(_HISTORY):
            return read_history(self.path / _HISTORY)

    def history_columns(self, *names: str) -> Doubles:
        """Some columns of `history`, (names, epochs): ten times as quick, for a list of many runs.

        Raises DamagedRunError.
        """
        with self.files.explain_read_errors(_HISTORY):
            return read_history_columns(self.path / _HISTORY, names)

    @property
    def epochs_done(self) -> int:
        """How many epochs have ended. Raises DamagedRunError."""
        return len(self.history_columns("epoch")[0])

    def require_epochs(self, epochs: int, final_epoch: int | None) -> None:
        """Raise DamagedRunError if a history of `epochs` ends before the network's `final_epoch`.

        That is `status.final_epoch`, None or 0 for none yet.
        """
        if final_epoch and final_epoch > epochs:
            raise DamagedRunError(
                f"{_HISTORY} of run {self.id} ends with epoch {epochs}, before epoch {final_epoch}"
            )

    def test_probabilities(self, epoch: int | None = None) -> Array:
        """What the network thought of each test image after each epoch.

        `None` gives all epochs that have ended, float32 (epochs, 10000, 10), mapped from the file,
        which of an older run is float16; an epoch from 1 gives float32 (10000, 10). Raises
        IndexError for an epoch not yet ended.
        """
        return self._read_epochs(self._probabilities_file, epoch)

    def first_layer(self, epoch: int | None = None) -> Array:
        """The weights from the pixels to the first units after each epoch, as pictures.

        `None` gives all epochs that have ended, float16 (epochs, units, 28, 28) with at most
        FIRST_LAYER_UNITS units, mapped from the file; an epoch from 1 gives float32
        (units, 28, 28). An older run may have infinite weights, which were beyond float16. Raises
        IndexError for an epoch not yet ended.
        """
        return self._read_epochs(self._first_layer_file, epoch)

    def weights(self) -> tuple[Indices, Array]:
        """Return the kept epochs, int64 (n,), and the weights after each, float16 (n, parameters).

        Memory-mapped, in the order of `keras.Layer.weights`, none beyond LARGEST_WEIGHT. Empty for
        a run older than the file.
        """
        epochs = np.array(weight_epochs(self.config), np.int64)
        if (self.path / _WEIGHTS).exists():
            epochs = epochs[epochs <= self.epochs_done]
        else:
            epochs = epochs[:0]
        return epochs, self._weights_file.read(len(epochs))

    @property
    def network_epoch(self) -> int:
        """The epoch whose weights the network has as it stands; 0 before the first has ended."""
        return self.status.final_epoch or self.epochs_done

    @property
    def network_epochs(self) -> tuple[int, ...]:
        """The epochs whose network can be loaded, in rising order."""
        return tuple(sorted({*self.weights()[0].tolist(), self.network_epoch} - {0}))

    @property
    def model_path(self) -> Path:
        """Where the trained network is, as Keras saves it, once the run has ended."""
        return self.path / _MODEL

    def read_checkpoint(self) -> dict[str, Array] | None:
        """The arrays of the last checkpoint, or None if there is none, or it is rubbish.

        Raises RunNotWritableError if the disk does not give it out at present.
        """
        try:
            return load_arrays(self.path / _CHECKPOINT)
        except Exception as error:  # a rubbish zip raises almost anything
            if isinstance(error, OSError) and error.errno in _TRANSIENT_ERRORS:
                raise RunNotWritableError(
                    f"the checkpoint of run {self.id} cannot be read: {error.strerror}"
                ) from error
            return None

    @contextmanager
    def explain_start_errors(self, name: str) -> Iterator[None]:
        """Raise DamagedRunError for a file that the training starts from and that is rubbish;
        RunNotWritableError if the disk does not give it out at present.
        """
        try:
            with self.files.explain_read_errors(name):
                yield
        except DamagedRunError as error:
            why = error.__cause__
            if isinstance(why, OSError) and why.errno in _TRANSIENT_ERRORS:
                words = f"{name} of run {self.id} cannot be read: {why.strerror}"
                raise RunNotWritableError(words) from error
            raise

    @property
    def is_closed(self) -> bool:
        """Whether there is no checkpoint: none written yet, or `close` removed it."""
        return not (self.path / _CHECKPOINT).exists()

    @property
    def version(self) -> tuple[tuple[int, int], ...]:
        """Another value whenever the run's small files or its network have changed: cheap.

        Its last item changes with the history alone.
        """
        return tuple(
            self.files.version(name) for name in (CONFIG, _LABEL, STATUS, _MODEL, _HISTORY)
        )

    # --- requests

    def request(self, request: Request | None = None, learning_rate: float | None = None) -> None:
        """Request that the training runs, pauses or stops, or its base learning rate changes.

        Obeyed within a second. A queued run is stopped at once; a request to stop is final: it is
        not taken back by a later one. Raises ValueError for a learning rate out of the
        configuration's bounds, RunNotFoundError, RunNotWritableError.
        """
        if learning_rate is not None:
            bounds("learning_rate").check(learning_rate)
        with self.files.locked_change():
            control = self.control
            changes = {"request": request, "learning_rate": learning_rate}
            kept = {key: value for key, value in changes.items() if value is not None}
            if control.request is Request.STOP:
                kept.pop("request", None)
            self.files.write(_CONTROL, control.model_copy(update=kept))
        if request is Request.STOP and self.status.state is State.QUEUED:
            with suppress(RunBusyError), self.training_lock(wait=0):
                self.write_status(Status(state=State.STOPPED, final_epoch=0))

    def update_label(
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
        with self.files.locked_change():
            self.files.write(_LABEL, self.label.model_copy(update=kept))

    # --- training

    @contextmanager
    def training_lock(self, wait: float = 2.0) -> Iterator[None]:
        """Hold the right to train this run; the kernel lets it go when the process dies.

        Raises RunBusyError if another holder does not let go within `wait` seconds.
        """
        busy = RunBusyError(f"another process is training run {self.id}")
        with self.files.lock(LOCK, wait, busy):
            try:
                yield
            except FileNotFoundError:
                if self.path.is_dir():
                    raise
                raise self.files.not_found() from None

    def is_training(self) -> bool:
        """Whether some process holds the right to train this run at this moment."""
        try:
            with self.training_lock(wait=0):
                return False
        except RunBusyError:
            return True

    def write_status(self, status: Status) -> None:
        """Replace `status.json`."""
        self.files.write(STATUS, status)

    def write_history(self, rows: list[dict[str, float]]) -> None:
        """Replace `history.csv` by `rows`, one an epoch, with HISTORY_COLUMNS as keys."""
        self.files.replace(_HISTORY, partial(write_history, rows=rows))

    def write_test_probabilities(self, epoch: int, probabilities: Floats) -> None:
        """Store (10000, 10) of `epoch`, from 1."""
        self._probabilities_file.write(epoch - 1, probabilities)

    def write_first_layer(self, epoch: int, kernel: Floats) -> None:
        """Store the first units of the first layer's kernel, (784, units), of `epoch`, from 1.

        The weights of a unit that has any beyond float16 are divided until they fit: its picture,
        which goes by its largest weight, stays the same.
        """
        units = first_layer_units(self.config)
        pictures = kernel.T[:units].reshape(units, IMAGE_SIDE, IMAGE_SIDE)
        size = np.abs(pictures)
        largest = size.max((1, 2), keepdims=True, initial=LARGEST_WEIGHT, where=np.isfinite(size))
        self._first_layer_file.write(epoch - 1, pictures / (largest / LARGEST_WEIGHT))

    def write_weights(self, epoch: int, weights: Floats) -> None:
        """Store the network's weights, (parameters,), of `epoch`, if that is one that is kept."""
        epochs = weight_epochs(self.config)
        if epoch in epochs:
            kept = np.clip(weights, -LARGEST_WEIGHT, LARGEST_WEIGHT)
            self._weights_file.write(epochs.index(epoch), kept)

    def write_checkpoint(self, arrays: Mapping[str, Array]) -> None:
        """Replace `checkpoint.npz`."""
        self.files.write_arrays(_CHECKPOINT, arrays)

    def write_model(self, save: Callable[[Path], object]) -> None:
        """Replace `model.keras` by what `save` writes to the path it is given."""
        self.files.replace(_MODEL, save)

    def close(self, epochs: int, keep_checkpoint: bool = False) -> None:
        """Truncate the arrays to `epochs`, then delete the checkpoint unless it is to be kept.

        Raises OSError, and DamagedRunError for a rubbish array.
        """
        self._probabilities_file.truncate(epochs)
        self._first_layer_file.truncate(epochs)
        self._weights_file.truncate(sum(epoch <= epochs for epoch in weight_epochs(self.config)))
        if not keep_checkpoint:
            (self.path / _CHECKPOINT).unlink(missing_ok=True)

    # --- inside

    def _read_epochs(self, array: EpochArray, epoch: int | None) -> Array:
        """All epochs that have ended, (epochs, ...), or one of them, copied, as float32."""
        done = self.epochs_done
        if epoch is None:
            return array.read(done)
        if not 1 <= epoch <= done:
            raise IndexError(f"epoch {epoch} is not there; this run has {done} finished epochs")
        return np.array(array.read(done)[epoch - 1], np.float32)

    @property
    def _probabilities_file(self) -> EpochArray:
        dtypes = np.float32, np.float16  # the latter in an older run
        epochs = self.config.epochs
        return EpochArray(self.files, _PROBABILITIES, epochs, (TEST_SET, CLASSES), dtypes)

    @property
    def _first_layer_file(self) -> EpochArray:
        shape = (first_layer_units(self.config), IMAGE_SIDE, IMAGE_SIDE)
        return EpochArray(self.files, _FIRST_LAYER, self.config.epochs, shape)

    @property
    def _weights_file(self) -> EpochArray:
        shape = (count_parameters(self.config),)
        rows = len(weight_epochs(self.config))
        return EpochArray(self.files, _WEIGHTS, rows, shape)


def first_layer_units(config: RunConfig) -> int:
    """How many first-layer pictures a run keeps: of all units, or of FIRST_LAYER_UNITS."""
    return min((*config.hidden, CLASSES)[0], FIRST_LAYER_UNITS)


def weight_epochs(config: RunConfig) -> range:
    """The epochs, from 1, whose weights a run keeps: all, or every n-th for WEIGHTS_BYTES.

    None of a network that is larger than that by itself.
    """
    most = WEIGHTS_BYTES // (2 * count_parameters(config))
    return range(1, config.epochs + 1, -(-config.epochs // most)) if most else range(0)
