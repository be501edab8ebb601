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

_CHANGE_SECONDS = 2.0  # how long another process may take to change a small file

TRAINING_LOCK = ".lock"
_CHANGE_LOCK = ".control.lock"

Model = TypeVar("Model", bound=BaseModel)

_change_lock = threading.Lock()  # threads wait here, and do not poll the file's lock


class RunFiles:
    """The files of a run directory, by their names. Each is replaced as a whole."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self, name: str, model: type[Model]) -> Model:
        """The document in a JSON file. Raises DamagedRunError, RunNotFoundError."""
        try:
            return model.model_validate_json((self.path / name).read_bytes())
        except FileNotFoundError:
            if not self.path.is_dir():
                raise self.gone() from None
            raise self.missing(name) from None
        except ValidationError as error:
            detail = error.errors()[0]
            where = ".".join(map(str, detail["loc"]))
            raise self.damaged(
                name, f"{where}: {detail['msg']}" if where else detail["msg"]
            ) from error
        except OSError as error:
            raise self.damaged(name, error) from error

    def write(self, name: str, document: BaseModel) -> None:
        """Replace a JSON file. Raises RunNotFoundError, RunNotWritableError."""
        self.replace(name, partial(save_json, model=document))

    def write_arrays(self, name: str, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
        """Replace a .npz file. Raises as `write`."""
        self.replace(name, partial(np.savez, **arrays))  # type: ignore[arg-type]

    def replace(self, name: str, save: Callable[[Path], object]) -> None:
        """Replace a file by what `save` writes to the path it is given. Raises as `write`."""
        with self.writing():
            replace_file(self.path / name, save)

    @contextmanager
    def reading(self, name: str) -> Iterator[None]:
        """Turn whatever reading a rubbish file raises, which is almost anything, into a
        DamagedRunError."""
        try:
            yield
        except DamagedRunError:
            raise
        except Exception as error:
            raise self.damaged(name, error) from error

    def version(self, name: str) -> tuple[int, int]:
        """When the file was written, in nanoseconds, and its size; zeros if it cannot be found."""
        try:
            found = os.stat(self.path / name)
        except OSError:
            return 0, 0
        return found.st_mtime_ns, found.st_size

    def missing(self, name: str) -> DamagedRunError:
        """The error to raise if a file that must be there is not."""
        return DamagedRunError(f"{name} of run {self.path.name} is missing")

    def damaged(self, name: str, why: object) -> DamagedRunError:
        """The error to raise for a file whose content is wrong."""
        return DamagedRunError(f"{name} of run {self.path.name} cannot be read ({why})")

    def gone(self) -> RunNotFoundError:
        """The error to raise if the run directory is not there."""
        return RunNotFoundError(f"run {self.path.name} does not exist, or was deleted")

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Turn an OSError of writing into a RunNotWritableError or RunNotFoundError."""
        try:
            yield
        except (RunError, filelock.Timeout):
            raise
        except OSError as error:
            if not self.path.is_dir():
                raise self.gone() from error
            raise RunNotWritableError(
                f"run {self.path.name} cannot be written: {os_reason(error)}"
            ) from error

    @contextmanager
    def lock(self, name: str, wait: float, refused: RunError) -> Iterator[None]:
        """Hold the lock file `name`, which the kernel releases when the process dies.

        Raises `refused` if another holder does not let go within `wait` seconds, RunNotFoundError.
        """
        if not self.path.is_dir():
            raise self.gone()
        lock = filelock.FileLock(self.path / name, timeout=wait)
        try:
            with self.writing():
                lock.acquire()
                found = set(os.listdir(self.path))
        except filelock.Timeout:
            raise refused from None
        if found <= {TRAINING_LOCK, _CHANGE_LOCK, Path(name).parts[0]}:
            # The run was deleted just before, and acquiring the lock has made its folder again.
            lock.release()
            shutil.rmtree(self.path, ignore_errors=True)
            raise self.gone()
        try:
            yield
        finally:
            lock.release()

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Be the only one, in this process and any other, to read a small file and change it."""
        busy = RunNotWritableError(
            f"run {self.path.name} is being changed by another process; try again"
        )
        with _change_lock, self.lock(_CHANGE_LOCK, _CHANGE_SECONDS, busy):
            yield


def os_reason(error: OSError) -> str:
    """Why a file cannot be written, without the path, which readers of a page need not know."""
    return error.strerror or str(error)


def load_arrays(path: Path) -> dict[str, npt.NDArray[Any]]:
    with path.open("rb") as file:
        return dict(np.load(file, allow_pickle=False))


def save_json(path: Path, model: BaseModel) -> None:
    path.write_bytes(model.model_dump_json(indent=1).encode())
