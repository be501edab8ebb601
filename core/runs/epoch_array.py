"""An array that grows with the epochs of a run, in a .npy file with room for all of them."""

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from core.runs.errors import DamagedRunError
from core.runs.run_files import RunFiles

Array = npt.NDArray[np.floating[Any]]


class EpochArray:
    """A file of a run with `slots` arrays of `shape`, each written in place after its epoch.

    `dtypes` are the types that the file may have, first the one that a new file is given.
    """

    def __init__(
        self,
        files: RunFiles,
        name: str,
        slots: int,
        shape: tuple[int, ...],
        *dtypes: type[np.floating[Any]],
    ) -> None:
        self._files = files
        self._name = name
        self._path = files.path / name
        self._slots = slots
        self._shape = shape
        self._dtypes = dtypes

    def read(self, count: int) -> Array:
        """The first `count` slots, (count, *shape), from the file as needed.

        Raises DamagedRunError.
        """
        if not count:
            return np.empty((0, *self._shape), self._dtypes[0])
        with self._files.reading(self._name):
            stored = self._map()
            fits = stored.dtype in self._dtypes and stored.shape[1:] == self._shape
            if not fits or len(stored) < count:
                raise ValueError(f"unexpected {stored.dtype} {stored.shape}")
        return stored[:count]

    def write(self, slot: int, values: Array) -> None:
        """Write a slot, from 0, in the type that the file was begun with. Raises OSError.

        A file that cannot be read is begun anew.
        """
        values = np.asarray(values, self._find_dtype())
        shape = (self._slots, *self._shape)
        with self._path.open("r+b" if self._path.exists() else "w+b") as file:
            header = {"descr": values.dtype.str, "fortran_order": False, "shape": shape}
            np.lib.format.write_array_header_1_0(file, header)
            start = file.tell()
            file.seek(start + slot * values.nbytes)
            file.write(values.tobytes())
            file.truncate(start + self._slots * values.nbytes)

    def cut(self, count: int) -> None:
        """Give up the room for more than `count` slots. Raises OSError, DamagedRunError."""
        if self._path.exists():
            # Copied, for Windows does not replace a file that is mapped.
            kept = np.array(self._map()[:count])
            self._files.replace(self._name, partial(_save, array=kept))

    def _map(self) -> Array:
        """All slots. Raises OSError if they cannot be read now, DamagedRunError if never."""
        try:
            array: Array = np.load(self._path, mmap_mode="r", allow_pickle=False)
        except OSError:
            raise
        except Exception as error:  # a rubbish header raises almost anything
            raise self._files.damaged(self._name, error) from error
        return array

    def _find_dtype(self) -> np.dtype[Any]:
        try:
            dtype = self._map().dtype
        except (FileNotFoundError, DamagedRunError):
            return np.dtype(self._dtypes[0])
        return dtype if dtype in self._dtypes else np.dtype(self._dtypes[0])


def _save(path: Path, array: Array) -> None:
    with path.open("wb") as file:
        np.save(file, array)
