"""Files that are read while they are written: replaced by writing aside and renaming."""

import os
import secrets
from collections.abc import Callable
from pathlib import Path


def replace_file(path: Path, write: Callable[[Path], object]) -> None:
    """Replace `path` by what `write` writes to the path it is given; nobody sees half of it."""
    aside = path.with_name(f".{secrets.token_hex(4)}-{path.name}")
    try:
        write(aside)
        os.replace(aside, path)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise
