"""Who is looking at a page, and what they may do: one's own runs, or as a teacher everyone's."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from getpass import getuser
from typing import Any

import streamlit as st
from streamlit.auth_util import get_cookie_with_chunks
from streamlit.web.server.server_util import AUTH_COOKIE_NAME, get_cookie_secret
from streamlit.web.server.starlette.starlette_app_utils import decode_signed_value

from core.runs import Run
from core.runs.errors import DamagedRunError
from core.sweep.store import Sweep, SweepError
from dashboard.access.login_cookie import COOKIE, read_pass
from dashboard.access.protection import Guard, guard, teachers


@dataclass(frozen=True)
class Visitor:
    """A person at a browser. `name` tells them from all others, and is the owner of their runs."""

    name: str
    is_teacher: bool


def visitor() -> Visitor | None:
    """Who is looking; None before they have logged in.

    Alone, that is the user of this machine, who may do everything. With a class password the door
    asks for it before there is a page; with a provider, the pages do.
    """
    if guard() is Guard.ALONE:
        return Visitor(getuser(), is_teacher=True)
    if guard() is Guard.PASSWORD:
        known = read_pass(st.context.cookies.get(COOKIE))
        return Visitor(known.owner, known.is_teacher) if known.is_valid else None
    return visitor_from_claims(st.user.to_dict())


def owner() -> str:
    """The name under which the runs of who is looking are created. Raises PermissionError."""
    looking = visitor()
    if looking is None:
        raise PermissionError("nobody is logged in")
    return looking.name


def may_change(what: Run | Sweep) -> bool:
    """Whether who is looking may stop, change or delete a run or sweep: its owner, or a teacher.

    What has no owner that can be read is a teacher's to delete. Raises RunNotFoundError.
    """
    looking = visitor()
    if looking is None or looking.is_teacher:
        return looking is not None
    try:
        return what.record.owner == looking.name
    except (DamagedRunError, SweepError):
        return False


def is_logged_in(cookies: Mapping[str, str]) -> bool:
    """Whether a provider has vouched for a browser: its cookies hold what Streamlit signed then.

    For the door, before there is a session to ask.
    """

    def read(name: str) -> bytes | None:
        return decode_signed_value(get_cookie_secret(), name, cookies.get(name, ""))

    try:
        claims = json.loads(get_cookie_with_chunks(read, AUTH_COOKIE_NAME) or "{}")
    except ValueError:
        return False
    return visitor_from_claims(claims) is not None


def visitor_from_claims(claims: Mapping[str, Any]) -> Visitor | None:
    """The person of an identity token's claims; None if they say that nobody is logged in.

    An e-mail address names a person unless the provider says that it has not verified it: then,
    as anyone may claim any address or name, a digest of issuer and subject tells them apart.
    """
    if not claims.get("is_logged_in"):
        return None
    email = str(claims.get("email") or "").strip().lower()
    if email and claims.get("email_verified", True) in {True, "true"}:
        return Visitor(email, is_teacher=email in teachers())
    identity = f"{claims.get('iss')} {claims.get('sub')}".encode()
    words = " ".join(str(claims.get("name") or "somebody").split())[:40]
    return Visitor(f"{words} #{hashlib.sha256(identity).hexdigest()[:16]}", is_teacher=False)
