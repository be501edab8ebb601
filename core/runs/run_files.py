"""Reading and writing the files of a run directory: whole, in turn, and saying what went wrong."""

import os
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import filelock
import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ValidationError

from core.runs.atomic_files import replace_file
from core.runs.errors import DamagedRunError, RunError, RunNotFoundError, RunNotWritableError

_CHANGE_SECONDS = 2.0  # how long another may take to change what is asked of a run

LOCK = ".lock"
CHANGE_LOCK = ".control.lock"

Model = TypeVar("Model", bound=BaseModel)

_change_lock = threading.Lock()  # threads wait here, and do not poll the file's lock


class RunFiles:
    """A run directory as files, each replaced as a whole but for the arrays that grow."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.id = path.name

    def _read_array(
        self, name: str, shape: tuple[int, ...], slots: int, *dtypes: type[np.floating[Any]]
    ) -> npt.NDArray[np.floating[Any]]:
        """The first slots of an array that grows, (slots, *shape), mapped from the file.

        Of one of the types; any other, or another shape, is damage.
        """
        try:
            stored = self._map_array(name)
        except OSError as error:
            raise self._damaged(name, error) from error
        if stored.dtype not in dtypes or stored.shape[1:] != shape or len(stored) < slots:
            raise self._damaged(name, f"unexpected {stored.dtype} {stored.shape}")
        return stored[:slots]

    def _map_array(self, name: str) -> npt.NDArray[np.floating[Any]]:
        """An array that grows, mapped from the file. Raises OSError, DamagedRunError if rubbish."""
        try:
            array: npt.NDArray[np.floating[Any]] = np.load(
                self.path / name, mmap_mode="r", allow_pickle=False
            )
        except OSError:
            raise
        except Exception as error:  # a rubbish header raises almost anything
            raise self._damaged(name, error) from error
        return array

    def _read_dtype(self, name: str) -> np.dtype[Any] | None:
        """The type of an array that grows, as it was begun; None if there is none, or rubbish."""
        try:
            with (self.path / name).open("rb") as file:
                np.lib.format.read_magic(file)
                return np.lib.format.read_array_header_1_0(file)[2]
        except Exception as error:  # a rubbish header raises almost anything
            if isinstance(error, OSError) and not isinstance(error, FileNotFoundError):
                raise
            return None

    def _write_slot(
        self, name: str, slot: int, slots: int, values: npt.NDArray[np.floating[Any]]
    ) -> None:
        """Write a slot, from 1, of an array with room for so many, all of the type of `values`."""
        path = self.path / name
        shape = (slots, *values.shape)
        with path.open("r+b" if path.exists() else "w+b") as file:
            header = {"descr": values.dtype.str, "fortran_order": False, "shape": shape}
            np.lib.format.write_array_header_1_0(file, header)
            start = file.tell()
            file.seek(start + (slot - 1) * values.nbytes)
            file.write(values.tobytes())
            file.truncate(start + slots * values.nbytes)

    def _read(self, name: str, model: type[Model]) -> Model:
        try:
            return model.model_validate_json((self.path / name).read_bytes())
        except FileNotFoundError:
            if not self.path.is_dir():
                raise self._gone() from None
            raise DamagedRunError(f"{name} of run {self.id} is missing") from None
        except ValidationError as error:
            detail = error.errors()[0]
            where = ".".join(map(str, detail["loc"]))
            raise self._damaged(
                name, f"{where}: {detail['msg']}" if where else detail["msg"]
            ) from error
        except OSError as error:
            raise self._damaged(name, error) from error

    def _require(self, *names: str) -> None:
        """Raise DamagedRunError unless the files are there."""
        for name in names:
            if not (self.path / name).exists():
                raise DamagedRunError(f"{name} of run {self.id} is missing")

    def _stamp(self, name: str) -> tuple[int, int]:
        """When the file was written, in nanoseconds, and its size; zeros if nobody can say."""
        try:
            found = os.stat(self.path / name)
        except OSError:
            return 0, 0
        return found.st_mtime_ns, found.st_size

    def _damaged(self, name: str, why: object) -> DamagedRunError:
        return DamagedRunError(f"{name} of run {self.id} cannot be read ({why})")

    def _gone(self) -> RunNotFoundError:
        return RunNotFoundError(f"run {self.id} does not exist, or was deleted")

    def _write_json(self, name: str, model: BaseModel) -> None:
        self._replace(name, partial(save_json, model=model))

    def _replace(self, name: str, write: Callable[[Path], object]) -> None:
        with self._writing():
            replace_file(self.path / name, write)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Say in a sentence why a file cannot be written, or that the run is gone."""
        try:
            yield
        except (RunError, filelock.Timeout):
            raise
        except OSError as error:
            if not self.path.is_dir():
                raise self._gone() from error
            raise RunNotWritableError(
                f"run {self.id} cannot be written: {explain(error)}"
            ) from error

    def _acquire(self, lock: filelock.BaseFileLock) -> None:
        """Take a lock in the run's folder, but not in one that taking it has made again."""
        if not self.path.is_dir():
            raise self._gone()
        with self._writing():
            lock.acquire()
            if not set(os.listdir(self.path)) - {LOCK, CHANGE_LOCK}:  # deleted just before
                lock.release()
                shutil.rmtree(self.path, ignore_errors=True)
                raise self._gone()

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """Be the only one, in this process and any other, to read a small file and change it."""
        lock = filelock.FileLock(self.path / CHANGE_LOCK, timeout=_CHANGE_SECONDS)
        with _change_lock:
            try:
                self._acquire(lock)
            except filelock.Timeout:
                raise RunNotWritableError(
                    f"run {self.id} is being changed by another process; try again"
                ) from None
            try:
                yield
            finally:
                lock.release()


def explain(error: OSError) -> str:
    """Why a file cannot be written, without the path, which readers of a page need not know."""
    return error.strerror or str(error)


def load_arrays(path: Path) -> dict[str, npt.NDArray[Any]]:
    with path.open("rb") as file:
        return dict(np.load(file, allow_pickle=False))


def save_json(path: Path, model: BaseModel) -> None:
    path.write_bytes(model.model_dump_json(indent=1).encode())


def save_array(path: Path, array: npt.NDArray[Any]) -> None:
    with path.open("wb") as file:
        np.save(file, array)


def save_arrays(path: Path, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
    with path.open("wb") as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]
