"""A random key that belongs to a folder of runs: it signs what browsers are given to keep."""

import logging
import os
import secrets
from contextlib import suppress
from pathlib import Path

_FILE = ".key"
_BYTES = 32

_log = logging.getLogger(__name__)


def folder_key(root: Path) -> bytes:
    """The folder's 32 bytes, drawn when first asked for, and for its owner's eyes only.

    Where none can be kept, a new one each time: whoever was logged in must then log in again.
    """
    path = root / _FILE
    try:
        root.mkdir(parents=True, exist_ok=True)
        _draw(path)
        key = path.read_bytes()
    except OSError as error:
        _log.warning("no key can be kept in %s (%s)", root, error)
        return secrets.token_bytes(_BYTES)
    if len(key) != _BYTES:
        raise ValueError(f"{path} holds {len(key)} bytes, not a key of {_BYTES}: delete it")
    return key


def _draw(path: Path) -> None:
    """Write a key unless there is one: aside, then linked to its name, so that the first wins."""
    if path.exists():
        return
    aside = path.with_name(f"{_FILE}-{secrets.token_hex(4)}")
    try:
        descriptor = os.open(aside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode=0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(_BYTES))
        with suppress(FileExistsError):
            os.link(aside, path)
    finally:
        aside.unlink(missing_ok=True)
