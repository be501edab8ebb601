"""Folders of documents, as runs and sweeps are kept: a file is replaced as a whole, and what goes
wrong is said in a sentence.
"""

import os
import re
import secrets
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Generic, TypeVar

import filelock
from pydantic import BaseModel, ValidationError

_CHANGE_SECONDS = 2.0  # how long another process may take to change a small file
_RENAME_SECONDS = 1.0  # how long a reader on Windows may have it open

LOCK = ".lock"
_CHANGE_LOCK = ".control.lock"
_ID = re.compile(r"\d{8}-\d{6}-[0-9a-f]{6}")

Model = TypeVar("Model", bound=BaseModel)
Member = TypeVar("Member")

_change_lock = threading.Lock()  # threads wait here, and do not poll the file's lock


class DocumentFolder:
    """The files of a folder, by their names. Each is replaced as a whole.

    A subclass says what kind of folder it is, and which errors to raise; `__init__` of each takes a
    sentence.
    """

    kind: str
    damaged_error: type[RuntimeError]
    not_found_error: type[RuntimeError]
    not_writable_error: type[RuntimeError]

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self, name: str, model: type[Model]) -> Model:
        """The document in a JSON file. Raises `damaged_error`, `not_found_error`."""
        try:
            return model.model_validate_json((self.path / name).read_bytes())
        except FileNotFoundError:
            if not self.path.is_dir():
                raise self.not_found() from None
            raise self.missing_error(name) from None
        except ValidationError as error:
            detail = error.errors()[0]
            where = ".".join(map(str, detail["loc"]))
            raise self.damaged_error_for(
                name, f"{where}: {detail['msg']}" if where else detail["msg"]
            ) from error
        except OSError as error:
            raise self.damaged_error_for(name, error) from error

    def write(self, name: str, document: BaseModel) -> None:
        """Replace a JSON file. Raises `not_found_error`, `not_writable_error`."""
        self.replace(name, partial(save_json, model=document))

    def replace(self, name: str, save: Callable[[Path], object]) -> None:
        """Replace a file by what `save` writes to the path it is given. Raises as `write`."""
        with self.explain_write_errors():
            replace_file(self.path / name, save)

    @contextmanager
    def explain_read_errors(self, name: str) -> Iterator[None]:
        """Raise `damaged_error` for any exception while the file is read."""
        try:
            yield
        except self.damaged_error:
            raise
        except Exception as error:
            raise self.damaged_error_for(name, error) from error

    def version(self, name: str) -> tuple[int, int]:
        """When the file was written, in nanoseconds, and its size; zeros if it cannot be found."""
        try:
            found = os.stat(self.path / name)
        except OSError:
            return 0, 0
        return found.st_mtime_ns, found.st_size

    def missing_error(self, name: str) -> RuntimeError:
        """The error to raise if a file that must be there is not."""
        return self.damaged_error(f"{name} of {self._title} is missing")

    def damaged_error_for(self, name: str, why: object) -> RuntimeError:
        """The error to raise for a file whose content is wrong."""
        return self.damaged_error(f"{name} of {self._title} cannot be read ({why})")

    def not_found(self) -> RuntimeError:
        """The error to raise if the folder is not there."""
        return self.not_found_error(f"{self._title} does not exist, or was deleted")

    @contextmanager
    def explain_write_errors(self) -> Iterator[None]:
        """Turn an OSError of writing into a `not_writable_error` or `not_found_error`."""
        try:
            yield
        except (self.not_writable_error, filelock.Timeout):
            raise
        except OSError as error:
            if not self.path.is_dir():
                raise self.not_found() from error
            words = f"{self._title} cannot be written: {os_reason(error)}"
            raise self.not_writable_error(words) from error

    @contextmanager
    def lock(self, name: str, wait: float, refused: RuntimeError) -> Iterator[None]:
        """Hold the lock file `name`, which the kernel releases when the process dies.

        Raises `refused` if another holder does not let go within `wait` seconds, `not_found_error`.
        """
        if not self.path.is_dir():
            raise self.not_found()
        lock = filelock.FileLock(self.path / name, timeout=wait)
        try:
            with self.explain_write_errors():
                lock.acquire()
                found = set(os.listdir(self.path))
        except filelock.Timeout:
            raise refused from None
        if found <= {LOCK, _CHANGE_LOCK, Path(name).parts[0]}:
            # The folder was deleted just before, and acquiring the lock has made it again.
            lock.release()
            shutil.rmtree(self.path, ignore_errors=True)
            raise self.not_found()
        try:
            yield
        finally:
            lock.release()

    @contextmanager
    def locked_change(self) -> Iterator[None]:
        """Lock the small files against other threads and processes, to read and change one."""
        words = f"{self._title} is being changed by another process; try again"
        busy = self.not_writable_error(words)
        with _change_lock, self.lock(_CHANGE_LOCK, _CHANGE_SECONDS, busy):
            yield

    @property
    def _title(self) -> str:
        return f"{self.kind} {self.path.name}"


class DocumentStore(Generic[Member]):
    """Folders below one root, each named by an id that begins with its time of creation."""

    def __init__(
        self, root: Path, files: type[DocumentFolder], member: Callable[[Path], Member]
    ) -> None:
        self.root = root
        self._files = files
        self._member = member

    def get(self, id_: str) -> Member:
        """The one of this id. Raises `not_found_error`, also for anything that is no id."""
        if not _ID.fullmatch(id_) or not (self.root / id_).is_dir():
            raise self._files.not_found_error(f"there is no {self._files.kind} {id_!r:.60}")
        return self._member(self.root / id_)

    def list(self) -> list[Member]:
        """All of them, newest first, damaged ones among them."""
        if not self.root.is_dir():
            return []
        with os.scandir(self.root) as entries:
            names = [entry.name for entry in entries if _ID.fullmatch(entry.name)]
        ids = [name for name in names if (self.root / name).is_dir()]
        return [self._member(self.root / id_) for id_ in sorted(ids, reverse=True)]

    def _create(
        self,
        id_: str,
        documents: Mapping[str, BaseModel],
        write_others: Callable[[Path], object] = lambda folder: None,
    ) -> Member:
        """Make a folder with these documents and what `write_others` writes into it: as a whole,
        or not at all.
        """
        aside = self.root / f".new-{id_}"
        try:
            aside.mkdir(parents=True, exist_ok=True)
            for name, document in documents.items():
                save_json(aside / name, document)
            write_others(aside)
            os.rename(aside, self.root / id_)
        except BaseException as error:
            shutil.rmtree(aside, ignore_errors=True)
            if isinstance(error, OSError):
                words = f"a {self._files.kind} cannot be written to {self.root}: {os_reason(error)}"
                raise self._files.not_writable_error(words) from error
            raise
        return self.get(id_)


def save_json(path: Path, model: BaseModel) -> None:
    path.write_bytes(model.model_dump_json(indent=1).encode())


def os_reason(error: OSError) -> str:
    """Why a file cannot be written, without the path, which readers of a page need not know."""
    return error.strerror or str(error)


def replace_file(path: Path, write: Callable[[Path], object]) -> None:
    """Replace `path` by what `write` writes to the path it is given; no reader sees half of it."""
    aside = path.with_name(f".{secrets.token_hex(4)}-{path.name}")
    try:
        write(aside)
        _rename(aside, path)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise


def _rename(aside: Path, path: Path) -> None:
    """Rename `aside`; on Windows that has to wait until no process has `path` open."""
    deadline = time.monotonic() + _RENAME_SECONDS
    while True:
        try:
            os.replace(aside, path)
            return
        except PermissionError:
            if time.monotonic() >= deadline:
                raise
            time.sleep(0.02)
