"""How this server is protected: by the settings and by `.streamlit/secrets.toml`.

Without any of them Digit Lab is for one person at one machine.
"""

import ipaddress
from collections.abc import Mapping
from contextlib import suppress
from enum import StrEnum
from functools import cache
from typing import Any

import streamlit as st

from core.config.settings import SettingsError, settings
from core.runs import RunStore
from core.runs.errors import RunError


class Guard(StrEnum):
    """What protects the pages from the network."""

    LOCAL_ONLY = "local"
    """Nothing: the server answers only this machine, and its user may do everything."""
    PASSWORD = "password"
    """A password that a class shares. Each browser has a name of its own."""
    PROVIDER = "provider"
    """An OpenID Connect provider: the section `[auth]` of secrets.toml, as `st.login` reads it."""


def guard() -> Guard:
    """What protects this server: a provider if there is one, else a password if there is one."""
    if _secrets().get("auth"):
        return Guard.PROVIDER
    return Guard.PASSWORD if settings().class_password else Guard.LOCAL_ONLY


def refuse_open_network() -> None:
    """End the program if it would listen on the network without protection."""
    address = st.get_option("server.address")
    if guard() is Guard.LOCAL_ONLY and not is_loopback(address or ""):
        raise SystemExit(
            f"Digit Lab does not listen on {address or 'every address'} unguarded. For a class: "
            "`make run-class`, or set DIGITLAB_CLASS_PASSWORD, or name an OpenID Connect provider "
            "in .streamlit/secrets.toml (see SECURITY.md). For yourself: leave out "
            "--server.address."
        )


def refuse_wrong_settings() -> None:
    """End the program if a setting is wrong, or `DIGITLAB_RUNS` is no folder."""
    try:
        guard()  # reads secrets.toml, of which Streamlit puts passwords into the environment
        RunStore()
    except (SettingsError, RunError) as error:
        raise SystemExit(f"Digit Lab: {error}.") from None


def is_loopback(name: str) -> bool:
    """Whether a host name or address means this machine and cannot be reached from another."""
    try:
        return name == "localhost" or ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def providers() -> list[str | None]:
    """The providers' names, as `st.login` takes them; None for the one without a name."""
    section = _secrets().get("auth", {})
    named = [
        name
        for name, value in section.items()
        if isinstance(value, Mapping) and "client_id" in value
    ]
    return [None, *named] if "client_id" in section else named


def teachers() -> frozenset[str]:
    """The teachers' e-mail addresses in small letters.

    From secrets.toml, where they may be a list, or from the settings.
    """
    listed = _secrets().get("DIGITLAB_TEACHERS") or settings().teachers
    addresses = listed.split(",") if isinstance(listed, str) else listed
    return frozenset(str(address).strip().lower() for address in addresses) - {""}


@cache
def _secrets() -> dict[str, Any]:
    """What secrets.toml says as the server starts; empty if there is no such file.

    Cached, since every request asks.
    """
    with suppress(FileNotFoundError):
        return dict(st.secrets)
    return {}
