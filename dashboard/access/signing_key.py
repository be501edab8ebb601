"""A random key that belongs to a folder of runs. It signs the cookies that browsers keep."""

import logging
import os
import secrets
from contextlib import suppress
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

_FILE = ".key"
_BYTES = 32

_log = logging.getLogger(__name__)


@cache
def load_signing_key(folder: Path) -> bytes:
    """The folder's key of 32 bytes, drawn when first needed and readable by its owner alone.

    Where it cannot be kept, the key lasts as long as this process. Raises ValueError for a damaged
    file.
    """
    path = folder / _FILE
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            _draw_key(path)
        key = path.read_bytes()
    except OSError as error:
        _log.warning("no key can be kept in %s (%s): all must log in again", folder, error)
        return secrets.token_bytes(_BYTES)
    if len(key) != _BYTES:
        raise ValueError(f"{path} holds {len(key)} bytes, not a key of {_BYTES}: delete it")
    return key


def _draw_key(path: Path) -> None:
    """Write a new key beside `path` and link it there, so that of two processes the first wins."""
    with TemporaryDirectory(dir=path.parent, prefix=_FILE) as aside:
        drawn = Path(aside) / _FILE
        drawn.touch(mode=0o600)
        drawn.write_bytes(secrets.token_bytes(_BYTES))
        with suppress(FileExistsError):
            os.link(drawn, path)
