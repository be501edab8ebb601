"""Reading and writing the files of a run directory: whole, in turn, and saying what went wrong."""

import os
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import filelock
import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ValidationError

from core.files import replace_file
from core.run_errors import DamagedRunError, RunError, RunNotFoundError, RunNotWritableError

if TYPE_CHECKING:
    from core.mirror import Mirror

_CHANGE_SECONDS = 2.0  # how long another may take to change what is asked of a run

LOCK = ".lock"
CHANGE_LOCK = ".control.lock"

Model = TypeVar("Model", bound=BaseModel)

mirrors: dict[Path, "Mirror"] = {}
"""The folders that are kept in step with an object store."""

_change_lock = threading.Lock()  # threads wait here, and do not poll the file's lock


class RunFiles:
    """A run directory as files, each replaced as a whole but for the arrays that grow."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.id = path.name
        self._mirror = mirrors.get(path.parent)

    def _file(self, name: str) -> Path:
        """Where a large file is; on an object store it may have to be fetched first."""
        return self._mirror.fetch(self.id, name) if self._mirror else self.path / name

    def _watch(self) -> None:
        if self._mirror:
            self._mirror.watch(self.id)

    def _read_array(
        self, name: str, shape: tuple[int, ...], slots: int
    ) -> npt.NDArray[np.floating[Any]]:
        """The first slots of an array that grows, float16 (slots, *shape), mapped from the file."""
        try:
            stored: npt.NDArray[np.floating[Any]] = np.load(
                self._file(name), mmap_mode="r", allow_pickle=False
            )
        except (ValueError, OSError, EOFError) as error:
            raise self._damaged(name, error) from error
        if stored.dtype != np.float16 or stored.shape[1:] != shape or len(stored) < slots:
            raise self._damaged(name, f"unexpected {stored.dtype} {stored.shape}")
        return stored[:slots]

    def _write_slot(
        self, name: str, slot: int, slots: int, values: npt.NDArray[np.floating[Any]]
    ) -> None:
        """Write a slot, from 1, of an array with room for so many."""
        path = self._file(name)
        shape = (slots, *values.shape)
        with path.open("r+b" if path.exists() else "w+b") as file:
            header = {"descr": "<f2", "fortran_order": False, "shape": shape}
            np.lib.format.write_array_header_1_0(file, header)
            start, size = file.tell(), 2 * values.size
            file.seek(start + (slot - 1) * size)
            file.write(values.astype("<f2").tobytes())
            file.truncate(start + slots * size)

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
        """Raise DamagedRunError unless the files are there, or on the object store."""
        for name in names:
            is_there = (self.path / name).exists()
            if not is_there and not (self._mirror and self._mirror.has(self.id, name)):
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
        self._watch()

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
