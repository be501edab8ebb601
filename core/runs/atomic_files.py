"""Files that are read while they are written: replaced by writing aside and renaming."""

import os
import secrets
import time
from collections.abc import Callable
from pathlib import Path

_TRY_SECONDS = 1.0


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
    deadline = time.monotonic() + _TRY_SECONDS
    while True:
        try:
            os.replace(aside, path)
            return
        except PermissionError:
            if time.monotonic() >= deadline:
                raise
            time.sleep(0.02)
