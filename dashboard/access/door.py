"""The door: every request and websocket passes it before Streamlit sees it.

Alone, only this machine comes in; with a class password, whoever has a pass; with a provider,
whoever it vouches for, and strangers as far as the page that asks them to log in.
"""

import asyncio
import ipaddress
import math
import re
from collections import deque
from contextlib import suppress
from html import escape
from pathlib import Path
from string import Template
from urllib.parse import parse_qs, quote, urlsplit

from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection, Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboard.access.login_cookie import (
    COOKIE,
    KEPT_DAYS,
    MAX_NAME,
    Pass,
    admit,
    clean_name,
    read_pass,
    write_pass,
)
from dashboard.access.protection import Guard, guard, is_loopback
from dashboard.access.rate_limit import Tries
from dashboard.access.visitor import is_logged_in

LEAVE = "/auth/logout"  # where st.logout leads
_OPEN_PATHS = {"/_stcore/health"}  # says no more than that the server is up
_WEBSOCKET = "/_stcore/stream"
# Before the login with a provider: the page, which is the same for all, its parts, and the login
# itself. No media, uploads, components or metrics.
_LOGIN_PATHS = re.compile(
    r"/[^/]*|/static/.*|/auth/(login|logout)|/_stcore/(health|host-config)", re.DOTALL
)
_MOST_STRANGERS = 60  # a class that logs in at once
_CLOSE = {"type": "websocket.close", "code": 1008}
_LARGEST_FORM = 4096  # bytes
_FORM_SECONDS = 10.0
_PAGE = Template((Path(__file__).parent / "door.html").read_text("utf-8"))
_HEADERS = {
    # Where a page shows what a person typed, nothing of it can run or load anything elsewhere.
    "Content-Security-Policy": "default-src 'self'; script-src 'self' 'unsafe-eval' blob:; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
    "connect-src 'self' ws: wss: data: blob:; worker-src 'self' blob:; object-src 'none'; "
    "base-uri 'self'; form-action 'self'; frame-ancestors 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}


class Door:
    """ASGI middleware around the whole server."""

    def __init__(self, app: ASGIApp, tries: Tries | None = None) -> None:
        self._app = app
        self._tries = tries or Tries()
        self._strangers: deque[asyncio.Timeout] = deque()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer at the door, or let the connection through."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        answer = await self._answer(scope, receive)
        if answer is None and scope["type"] == "websocket" and _is_stranger(HTTPConnection(scope)):
            await self._let_stranger_in(scope, receive, send)
        elif answer is None:
            await self._app(scope, receive, _with_headers(send))
        elif scope["type"] == "websocket":
            await send(_CLOSE)
        else:
            await answer(scope, receive, _with_headers(send))

    async def _let_stranger_in(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the login page's websocket through; the longest open makes room for one too many."""
        if len(self._strangers) >= _MOST_STRANGERS:
            self._strangers.popleft().reschedule(asyncio.get_running_loop().time())
        try:
            async with asyncio.timeout(None) as stay:
                self._strangers.append(stay)
                await self._app(scope, receive, send)
        except TimeoutError:
            await send(_CLOSE)
        finally:
            with suppress(ValueError):  # it made room
                self._strangers.remove(stay)

    async def _answer(self, scope: Scope, receive: Receive) -> Response | None:
        """What the door says; None lets the connection through."""
        connection, guarded_by = HTTPConnection(scope), guard()
        if scope["path"] in _OPEN_PATHS:
            return None
        if guarded_by is Guard.PROVIDER:
            may_pass = not _is_stranger(connection) or _leads_to_login(scope)
            return None if may_pass else PlainTextResponse("Log in first.", 403)
        if guarded_by is Guard.ALONE:
            return None if _is_of_this_machine(connection) else _refuse_network()
        known = read_pass(connection.cookies.get(COOKIE))
        if scope["path"] == LEAVE:
            return _let_in("/", known.name, "", known)
        if known.is_valid:
            return None
        if scope["type"] == "http" and scope["method"] == "POST":
            return await self._try(Request(scope, receive), known)
        return _ask(connection, known.name)

    async def _try(self, request: Request, known: Pass) -> Response:
        """Let in whoever sends the password, with a name, and has not guessed too often."""
        try:
            async with asyncio.timeout(_FORM_SECONDS):
                fields = await _read_form(request)
        except (ValueError, TimeoutError):
            return PlainTextResponse("This is not the form of the door.", 400)
        name, password = clean_name(fields.get("name", "")), fields.get("password", "")
        key = _client_network(request)
        # From here to the count nothing else runs: two tries at once are two tries.
        if wait := self._tries.wait(key):
            seconds = math.ceil(wait)
            words = f"Too many wrong passwords. Try again in {seconds} s."
            return _ask(request, name, words, 429, {"Retry-After": str(seconds)})
        if not name:
            return _ask(request, name, "Please give your name, so that your runs are yours.")
        if not admit(password):
            self._tries.count_wrong(key)
            return _ask(request, name, "That is not the password of this class.")
        return _let_in(_here(request), name, password, known)


def _let_in(where: str, name: str, password: str, known: Pass) -> Response:
    """Go on to `where` with a pass for `password`; one without is good for name and tag only."""
    answer = RedirectResponse(where, 303)
    answer.set_cookie(
        COOKIE, write_pass(name, password, known), KEPT_DAYS * 86_400, httponly=True, samesite="lax"
    )
    return answer


async def _read_form(request: Request) -> dict[str, str]:
    """The fields of a small form. Raises ValueError for anything else."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LARGEST_FORM:
            raise ValueError(f"a form of more than {_LARGEST_FORM:,} bytes")
    fields = parse_qs(body.decode("utf-8"), max_num_fields=8)
    return {name: values[-1] for name, values in fields.items()}


def _ask(
    connection: HTTPConnection,
    name: str,
    words: str = "",
    status: int = 403,
    headers: dict[str, str] | None = None,
) -> Response:
    """The door's page, which comes back to where one wanted to go."""
    content = {"words": words, "name": name, "here": _here(connection), "longest": MAX_NAME}
    page = _PAGE.substitute({key: escape(str(value)) for key, value in content.items()})
    return HTMLResponse(page, status, {"Cache-Control": "no-store"} | (headers or {}))


def _refuse_network() -> Response:
    return PlainTextResponse(
        "This Digit Lab is for one person at one machine: open it there, as http://localhost.\n"
        "To open it to a class, start it with `make run-class`, or set DIGITLAB_CLASS_PASSWORD.\n",
        403,
    )


def _here(connection: HTTPConnection) -> str:
    """The path and query asked for, on this server whatever they say.

    Not from `connection.url`, of which the client's Host header is a part.
    """
    path = "/" + quote(connection.scope["path"].lstrip("/\\"))
    query = connection.scope["query_string"].decode("latin-1")
    return f"{path}?{query}" if query else path


def _is_stranger(connection: HTTPConnection) -> bool:
    """Whether there is a provider, and it has not vouched for this browser."""
    return guard() is Guard.PROVIDER and not is_logged_in(connection.cookies)


def _leads_to_login(scope: Scope) -> bool:
    """Whether a stranger needs this connection to be asked to log in."""
    if scope["type"] == "websocket":
        return bool(scope["path"] == _WEBSOCKET)
    return scope["method"] in {"GET", "HEAD"} and bool(_LOGIN_PATHS.fullmatch(scope["path"]))


def _is_of_this_machine(connection: HTTPConnection) -> bool:
    """Whether both ends are this machine: the client's address, and the name it calls us by.

    The name too, since a page from elsewhere may have its own name lead to this machine.
    """
    address = _client_address(connection)
    try:
        name = urlsplit("//" + connection.headers.get("host", "")).hostname or ""
    except ValueError:
        return False
    return bool(address and address.is_loopback) and is_loopback(name)


def _client_address(
    connection: HTTPConnection,
) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(connection.client.host if connection.client else "")
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _client_network(connection: HTTPConnection) -> str:
    """The client's address; of IPv6 its /64, as one machine has all the addresses in it."""
    address = _client_address(connection)
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)


def _with_headers(send: Send) -> Send:
    """Send every answer with the headers that keep a browser from running what it should not."""

    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return send_with_headers
