"""Ports for the servers and schedulers that tests start."""

import secrets
import socket
from contextlib import suppress


def free_port() -> int:
    """A port that nobody has, and that the system gives to no connection in the meantime.

    Those it gives begin with 32768 (Linux's `ip_local_port_range`).
    """
    while True:
        port = 20_000 + secrets.randbelow(12_000)
        with socket.socket() as free, suppress(OSError):
            free.bind(("127.0.0.1", port))
            return port
