"""Passes: what a browser keeps after its visitor gave the class password.

A signed cookie with the visitor's name, a random tag that tells two of the same name apart, and
which password was given. It outlives reloads and restarts of the server; another password, or
half a year, makes it worthless as a pass, but the browser keeps its name and tag, and so its runs.
"""

import hashlib
import hmac
import secrets
import time
from dataclasses import dataclass
from functools import cache
from typing import Any

from itsdangerous import BadData, URLSafeTimedSerializer

from core.config.settings import settings
from core.runs import RunStore
from dashboard.access.signing_key import folder_key

COOKIE = "digitlab_pass"
KEPT_DAYS = 400  # no browser keeps a cookie for longer
_VALID_SECONDS = 180 * 86_400  # a term
MAX_NAME = 40


@dataclass(frozen=True)
class Pass:
    """Who a browser's visitor is, and whether the pass lets them in."""

    name: str
    """What the person typed, without control characters; empty before they did."""
    tag: str
    """Eight hexadecimal digits, drawn for this browser."""
    is_valid: bool
    is_teacher: bool

    @property
    def owner(self) -> str:
        """The name of their runs: no other browser has it."""
        return f"{self.name} #{self.tag}"


def admit(password: str) -> bool:
    """Whether `password` is the class's or the teacher's. Takes as long for any of one length."""
    return any(
        [_equal(password, settings().class_password), _equal(password, settings().teacher_password)]
    )


def write_pass(name: str, password: str, old: Pass) -> str:
    """The cookie of a visitor who gave `password`; keeps the tag of the browser's old pass."""
    content = {"name": clean_name(name), "tag": old.tag, "given": _fingerprint(password)}
    return _serializer().dumps(content)


def read_pass(cookie: str | None) -> Pass:
    """The pass of a cookie; of no cookie, or a forged one, a new pass without a name.

    Name and tag are good for ever. So is a pass of a time to come: the clock was set back.
    """
    content: dict[str, Any]
    try:
        content, signed = _serializer().loads(cookie or "", return_timestamp=True)
    except BadData:
        return Pass("", secrets.token_hex(4), is_valid=False, is_teacher=False)
    given, is_recent = content["given"], time.time() - signed.timestamp() <= _VALID_SECONDS
    is_student = is_recent and _is_given(given, settings().class_password)
    is_teacher = is_recent and not is_student and _is_given(given, settings().teacher_password)
    return Pass(content["name"], content["tag"], is_student or is_teacher, is_teacher)


def clean_name(words: str) -> str:
    """A person's name on one line of at most MAX_NAME characters that can be seen."""
    visible = "".join(letter if letter.isprintable() else " " for letter in words)
    return " ".join(visible.split())[:MAX_NAME].strip()


def _equal(given: str, expected: str) -> bool:
    return bool(expected) and hmac.compare_digest(given.encode(), expected.encode())


def _is_given(fingerprint: str, password: str) -> bool:
    return bool(password) and hmac.compare_digest(fingerprint, _fingerprint(password))


def _fingerprint(password: str) -> str:
    return hmac.new(_key(), password.encode(), hashlib.sha256).hexdigest()


def _serializer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(
        _key(), salt="pass", signer_kwargs={"digest_method": hashlib.sha256}
    )


@cache
def _key() -> bytes:
    return folder_key(RunStore().root)
