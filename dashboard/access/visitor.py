"""The visitor of a page, and what they may change: their own runs, or all as a teacher."""

import hashlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from getpass import getuser
from typing import Any

import streamlit as st

from core.runs import Run
from core.runs.errors import DamagedRunError
from core.sweep.store import Sweep, SweepError
from dashboard.access.login_cookie import Role, read_login
from dashboard.access.protection import Guard, guard, teachers


@dataclass(frozen=True)
class Visitor:
    """A person at a browser. `name` is the owner of their runs, and nobody else has it."""

    name: str
    is_teacher: bool


def visitor() -> Visitor:
    """The visitor of this page. Raises PermissionError before they have logged in.

    Without a guard it is the user of this machine, who may do everything.
    """
    match guard():
        case Guard.LOCAL_ONLY:
            return Visitor(getuser(), is_teacher=True)
        case Guard.PASSWORD:
            login = read_login(st.context.cookies)
            if login.role is None:
                raise PermissionError("nobody is logged in")
            return Visitor(login.owner, login.role is Role.TEACHER)
        case Guard.PROVIDER:
            return visitor_from_claims(st.user.to_dict())


def may_change_of(owner: str | None) -> bool:
    """Whether this visitor may change or delete what `owner` made: is the owner, or a teacher."""
    person = visitor()
    return person.is_teacher or person.name == owner


def may_change(what: Run | Sweep) -> bool:
    """Whether this visitor may stop, change or delete a run or sweep: its owner, or a teacher.

    If the owner cannot be read, only a teacher may. Raises RunNotFoundError.
    """
    with suppress(DamagedRunError, SweepError):
        return may_change_of(what.record.owner)
    return may_change_of(None)


def visitor_from_claims(claims: Mapping[str, Any]) -> Visitor:
    """The person of a provider's claims. Raises PermissionError if nobody is logged in.

    An e-mail address names a person unless the provider says that it has not verified it. Then
    anyone may claim any address or name, and a digest of issuer and subject tells them apart.
    """
    if not claims.get("is_logged_in"):
        raise PermissionError("nobody is logged in")
    email = str(claims.get("email") or "").strip().lower()
    if email and claims.get("email_verified", True) in {True, "true"}:
        return Visitor(email, is_teacher=email in teachers())
    identity = f"{claims.get('iss')} {claims.get('sub')}".encode()
    name = " ".join(str(claims.get("name") or "somebody").split())[:40]
    return Visitor(f"{name} #{hashlib.sha256(identity).hexdigest()[:16]}", is_teacher=False)
