"""The files of a run directory: documents, arrays, and arrays that grow with the epochs."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from core.data import Array
from core.runs.document_folder import DocumentFolder
from core.runs.errors import DamagedRunError, RunNotFoundError, RunNotWritableError


class RunFiles(DocumentFolder):
    """The files of a run directory, by their names."""

    kind = "run"
    damaged_error = DamagedRunError
    not_found_error = RunNotFoundError
    not_writable_error = RunNotWritableError

    def write_arrays(self, name: str, arrays: Mapping[str, Array]) -> None:
        """Replace a .npz file. Raises as `write`."""
        self.replace(name, partial(np.savez, **arrays))  # type: ignore[arg-type]


def load_arrays(path: Path) -> dict[str, Array]:
    with path.open("rb") as file:
        return dict(np.load(file, allow_pickle=False))


@dataclass(frozen=True)
class EpochArray:
    """The file `name` of a run: `rows` arrays of `shape`, each written in place after its epoch.

    `dtypes` are the types that the file may have, first the one that a new file is given.
    """

    files: RunFiles
    name: str
    rows: int
    shape: tuple[int, ...]
    dtypes: tuple[type[np.floating[Any]], ...] = (np.float16,)

    def read(self, count: int) -> Array:
        """The first `count` rows, (count, *shape), from the file as needed.

        Raises DamagedRunError.
        """
        if not count:
            return np.empty((0, *self.shape), self.dtypes[0])
        with self.files.explain_read_errors(self.name):
            stored = self._memory_map()
            fits = stored.dtype in self.dtypes and stored.shape[1:] == self.shape
            if not fits or len(stored) < count:
                raise ValueError(f"unexpected {stored.dtype} {stored.shape}")
        return stored[:count]

    def write(self, row: int, values: Array) -> None:
        """Write a row, from 0, in the type that the file was begun with. Raises OSError.

        A file that cannot be read is begun anew.
        """
        values = np.asarray(values, self._find_dtype())
        shape = (self.rows, *self.shape)
        with self._path.open("r+b" if self._path.exists() else "w+b") as file:
            header = {"descr": values.dtype.str, "fortran_order": False, "shape": shape}
            np.lib.format.write_array_header_1_0(file, header)
            start = file.tell()
            file.seek(start + row * values.nbytes)
            file.write(values.tobytes())
            file.truncate(start + self.rows * values.nbytes)

    def truncate(self, count: int) -> None:
        """Give up the room for more than `count` rows. Raises OSError, DamagedRunError."""
        if self._path.exists():
            # Copied, for Windows does not replace a file that is mapped.
            kept = np.array(self._memory_map()[:count])
            self.files.replace(self.name, lambda path: np.save(path, kept))

    @property
    def _path(self) -> Path:
        return self.files.path / self.name

    def _memory_map(self) -> Array:
        """All rows. Raises OSError if they cannot be read now, DamagedRunError if never."""
        try:
            array: Array = np.load(self._path, mmap_mode="r", allow_pickle=False)
        except OSError:
            raise
        except Exception as error:  # a rubbish header raises almost anything
            raise self.files.damaged_error_for(self.name, error) from error
        return array

    def _find_dtype(self) -> np.dtype[Any]:
        try:
            dtype = self._memory_map().dtype
        except (FileNotFoundError, DamagedRunError):
            return np.dtype(self.dtypes[0])
        return dtype if dtype in self.dtypes else np.dtype(self.dtypes[0])
