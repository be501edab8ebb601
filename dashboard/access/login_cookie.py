"""What a browser keeps of a class's visitor, in two signed cookies.

One holds the visitor's name and a random tag, which tells two of the same name apart. It stays
after the visitor leaves, so that their runs stay theirs. The other one holds their role. It ends
after half a year, and as soon as a password changes, since its signature depends on the passwords.
"""

import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from itsdangerous import BadData, URLSafeTimedSerializer

from core.config.settings import settings
from core.runs import RunStore
from dashboard.access.signing_key import load_signing_key

MAX_NAME = 40
_NAME_COOKIE = "digitlab_pass"  # as in earlier versions, so that browsers keep their names
_ROLE_COOKIE = "digitlab_role"
_VALID_SECONDS = 180 * 86_400  # a term


class Role(StrEnum):
    """What a password makes of a visitor."""

    STUDENT = "student"
    TEACHER = "teacher"


@dataclass(frozen=True)
class Login:
    """A visitor of a class, as their browser's cookies say."""

    name: str
    """What the visitor typed, without control characters; empty before that."""
    tag: str
    """Eight hexadecimal digits, drawn for this browser."""
    role: Role | None
    """None if the browser is not logged in."""

    @property
    def owner(self) -> str:
        """The owner of the visitor's runs: no other browser has this name."""
        return f"{self.name} #{self.tag}"


def check_password(password: str) -> Role | None:
    """The role that `password` gives, if any. Takes equally long for all passwords of a length."""
    is_students = _is_equal(password, settings().class_password)
    is_teachers = _is_equal(password, settings().teacher_password)
    if is_students:
        return Role.STUDENT
    return Role.TEACHER if is_teachers else None


def write_login(login: Login) -> dict[str, str]:
    """The cookies of a visitor, by name."""
    role = _role_serializer().dumps(login.role) if login.role else ""
    person = {"name": login.name, "tag": login.tag}
    return {_NAME_COOKIE: _serializer("pass").dumps(person), _ROLE_COOKIE: role}


def read_login(cookies: Mapping[str, str]) -> Login:
    """The visitor of these cookies; a new one, without a name, if they are missing or forged."""
    try:
        person = _serializer("pass").loads(cookies.get(_NAME_COOKIE, ""))
    except BadData:
        return Login("", secrets.token_hex(4), role=None)
    return Login(person["name"], person["tag"], _read_role(cookies.get(_ROLE_COOKIE, "")))


def _read_role(cookie: str) -> Role | None:
    try:
        role, signed = _role_serializer().loads(cookie, return_timestamp=True)
    except BadData:
        return None
    # Not by `max_age`, which also refuses what was signed before the clock was set back.
    return Role(role) if time.time() - signed.timestamp() <= _VALID_SECONDS else None


def clean_name(words: str) -> str:
    """A person's name on one line of at most MAX_NAME characters that can be seen."""
    visible = "".join(letter if letter.isprintable() else " " for letter in words)
    return " ".join(visible.split())[:MAX_NAME].strip()


def _is_equal(given: str, expected: str) -> bool:
    return bool(expected) and hmac.compare_digest(given.encode(), expected.encode())


def _role_serializer() -> URLSafeTimedSerializer:
    return _serializer(json.dumps([settings().class_password, settings().teacher_password]))


def _serializer(salt: str) -> URLSafeTimedSerializer:
    """Signs with a key that is made from the folder's key and `salt`."""
    key = load_signing_key(RunStore().root)
    return URLSafeTimedSerializer(key, salt, signer_kwargs={"digest_method": hashlib.sha256})
