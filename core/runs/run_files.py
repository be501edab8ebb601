"""The files of a run directory: documents, and arrays."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from core.runs.documents import DocumentFolder
from core.runs.errors import DamagedRunError, RunNotFoundError, RunNotWritableError


class RunFiles(DocumentFolder):
    """The files of a run directory, by their names."""

    kind = "run"
    damaged_error = DamagedRunError
    not_found_error = RunNotFoundError
    not_writable_error = RunNotWritableError

    def write_arrays(self, name: str, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
        """Replace a .npz file. Raises as `write`."""
        self.replace(name, partial(np.savez, **arrays))  # type: ignore[arg-type]


def load_arrays(path: Path) -> dict[str, npt.NDArray[Any]]:
    with path.open("rb") as file:
        return dict(np.load(file, allow_pickle=False))
