"""How this server is guarded: settings from the environment and `.streamlit/secrets.toml`.

Without any of them Digit Lab is for one person at one machine.
"""

import ipaddress
import os
from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from typing import Any

import streamlit as st

from core.runs import RunStore
from core.runs.errors import RunError


class Guard(StrEnum):
    """What stands between the network and the pages."""

    ALONE = "alone"
    """Nothing: only this machine is answered, and whoever sits at it may do everything."""
    PASSWORD = "password"
    """A password that a class shares; each browser has a name of its own."""
    PROVIDER = "provider"
    """An OpenID Connect provider: the section `[auth]` of secrets.toml, as `st.login` reads it."""


def guard() -> Guard:
    """What guards this server; a provider, where there is one, takes the place of a password."""
    if _secret("auth"):
        return Guard.PROVIDER
    return Guard.PASSWORD if class_password() else Guard.ALONE


def refuse_open_network() -> None:
    """End the program if it is to listen on the network with nothing to guard it."""
    address = st.get_option("server.address")
    if guard() is Guard.ALONE and not is_loopback(address or ""):
        raise SystemExit(
            f"Digit Lab does not listen on {address or 'every address'} unguarded. For a class: "
            "`make run-class`, or set DIGITLAB_CLASS_PASSWORD, or name an OpenID Connect provider "
            "in .streamlit/secrets.toml (see SECURITY.md). For yourself: leave out "
            "--server.address."
        )


def require_folder() -> None:
    """End the program if `DIGITLAB_RUNS` is no folder."""
    try:
        RunStore()
    except RunError as error:
        raise SystemExit(f"Digit Lab: {error}.") from None


def is_loopback(name: str) -> bool:
    """Whether a host name or address means this machine and cannot be reached from another."""
    try:
        return name == "localhost" or ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def class_password() -> str:
    """`DIGITLAB_CLASS_PASSWORD`: lets a student in; empty if there is none."""
    return _setting("DIGITLAB_CLASS_PASSWORD")


def teacher_password() -> str:
    """`DIGITLAB_TEACHER_PASSWORD`: lets a teacher in; empty if there is none."""
    return _setting("DIGITLAB_TEACHER_PASSWORD")


def providers() -> list[str | None]:
    """The names of the providers, as `st.login` takes them; None for the one without a name."""
    section = _secret("auth") or {}
    named = [name for name, value in section.items() if "client_id" in _mapping(value)]
    return [None, *named] if "client_id" in section else named


def teachers() -> frozenset[str]:
    """`DIGITLAB_TEACHERS`: e-mail addresses in small letters, from a list or split at commas."""
    listed = _secret("DIGITLAB_TEACHERS") or os.environ.get("DIGITLAB_TEACHERS", "")
    addresses = listed.split(",") if isinstance(listed, str) else listed
    return frozenset(str(address).strip().lower() for address in addresses) - {""}


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _setting(name: str) -> str:
    return str(os.environ.get(name) or _secret(name) or "")


def _secret(name: str) -> Any:
    """The value of `name` in secrets.toml; None if it is not there, or there is no such file."""
    return _secrets().get(name)


@cache
def _secrets() -> dict[str, Any]:
    """What secrets.toml says as the server starts: asked with every request, it is read once."""
    return st.secrets.to_dict() if st.secrets.load_if_toml_exists() else {}
