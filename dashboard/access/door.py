"""The door: every request and websocket passes it before Streamlit.

Without password and provider, only this machine is let in. With a class password, only logged-in
browsers. With a provider, those, and others as far as the login page.
"""

import asyncio
import math
from collections.abc import AsyncGenerator
from dataclasses import replace
from html import escape
from ipaddress import IPv6Network
from pathlib import Path
from string import Template
from urllib.parse import quote, urlsplit

from starlette.datastructures import MutableHeaders
from starlette.formparsers import FormParser, MultiPartException
from starlette.requests import HTTPConnection, Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboard.access.index_page import INLINE_SCRIPTS
from dashboard.access.login_cookie import (
    MAX_NAME,
    Login,
    check_password,
    clean_name,
    read_login,
    write_login,
)
from dashboard.access.protection import Guard, guard, is_loopback
from dashboard.access.rate_limit import RateLimit
from dashboard.access.streamlit_login import (
    HEALTH_PATH,
    LOGOUT_PATH,
    is_logged_in,
    leads_to_login,
)

_COOKIE_SECONDS = 400 * 86_400  # no browser keeps a cookie for longer
_FORM_BYTES = 4096
_FORM_SECONDS = 10.0
_PAGE = Template((Path(__file__).parent / "door.html").read_text("utf-8"))
_LOCAL_ONLY = (
    "This Digit Lab is for one person at one machine: open it there, as http://localhost.\n"
    "To open it to a class, start it with `make run-class`, or set DIGITLAB_CLASS_PASSWORD.\n"
)
_HEADERS = {
    # Where a page shows what a person typed, nothing of it can run or load anything elsewhere.
    "Content-Security-Policy": "default-src 'self'; "
    f"script-src 'self' 'unsafe-eval' blob: {INLINE_SCRIPTS}; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
    "connect-src 'self' ws: wss: data: blob:; worker-src 'self' blob:; object-src 'none'; "
    "base-uri 'self'; form-action 'self'; frame-ancestors 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}


class Door:
    """ASGI middleware around the whole server."""

    def __init__(self, app: ASGIApp, rate_limit: RateLimit | None = None) -> None:
        self._app = app
        self._rate_limit = rate_limit or RateLimit()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer at the door, or let the connection through."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        response = await self._check(scope, receive)
        if response is None:
            await self._app(scope, receive, _with_headers(send))
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await response(scope, receive, _with_headers(send))

    async def _check(self, scope: Scope, receive: Receive) -> Response | None:
        """The door's response; None lets the connection through."""
        connection = HTTPConnection(scope)
        if scope["path"] == HEALTH_PATH:
            return None
        match guard():
            case Guard.LOCAL_ONLY:
                is_welcome, refusal = _is_from_this_machine(connection), _LOCAL_ONLY
            case Guard.PROVIDER:
                is_welcome = leads_to_login(connection) or is_logged_in(connection.cookies)
                refusal = "Log in first."
            case Guard.PASSWORD:
                return await self._check_login(connection, receive)
        return None if is_welcome else PlainTextResponse(refusal, 403)

    async def _check_login(self, connection: HTTPConnection, receive: Receive) -> Response | None:
        scope, login = connection.scope, read_login(connection.cookies)
        if scope["path"] == LOGOUT_PATH:
            return _redirect("/", replace(login, role=None))
        if login.role:
            return None
        if scope["type"] == "http" and scope["method"] == "POST":
            return await self._log_in(Request(scope, receive), login)
        return _show_form(connection, login.name)

    async def _log_in(self, request: Request, login: Login) -> Response:
        """Log in a visitor who sends a name and the right password, within the rate limit."""
        try:
            async with asyncio.timeout(_FORM_SECONDS):
                form = await FormParser(request.headers, _read_form(request), max_fields=2).parse()
        except (MultiPartException, TimeoutError):
            return PlainTextResponse("This is not the form of the door.", 400)
        name, address = clean_name(str(form.get("name", ""))), _client_network(request)
        # No `await` from here to `count_wrong`: parallel tries are all counted.
        if wait := math.ceil(self._rate_limit.wait(address)):
            words = f"Too many wrong passwords. Try again in {wait} s."
            response = _show_form(request, name, words, 429)
            response.headers["Retry-After"] = str(wait)
            return response
        if not name:
            return _show_form(request, name, "Please give your name, so that your runs are yours.")
        if role := check_password(str(form.get("password", ""))):
            return _redirect(_requested_path(request), replace(login, name=name, role=role))
        self._rate_limit.count_wrong(address)
        return _show_form(request, name, "That is not the password of this class.")


async def _read_form(request: Request) -> AsyncGenerator[bytes, None]:
    """The body of the request. Raises MultiPartException once it is longer than a form may be."""
    length = 0
    async for chunk in request.stream():
        length += len(chunk)
        if length > _FORM_BYTES:
            raise MultiPartException(f"a form has at most {_FORM_BYTES:,} bytes")
        yield chunk


def _redirect(where: str, login: Login) -> Response:
    response = RedirectResponse(where, 303)
    for name, value in write_login(login).items():
        response.set_cookie(name, value, _COOKIE_SECONDS, httponly=True, samesite="lax")
    return response


def _show_form(
    connection: HTTPConnection, name: str, words: str = "", status: int = 403
) -> Response:
    """The door's page. Its form is sent to the address that was asked for, and leads on to it."""
    content = {
        "words": words,
        "name": name,
        "here": _requested_path(connection),
        "longest": MAX_NAME,
    }
    page = _PAGE.substitute({key: escape(str(value)) for key, value in content.items()})
    return HTMLResponse(page, status, {"Cache-Control": "no-store"})


def _requested_path(connection: HTTPConnection) -> str:
    """The path and query asked for, on this server whatever they say.

    Not from `connection.url`, of which the client's Host header is a part.
    """
    path = "/" + quote(connection.scope["path"].lstrip("/\\"))
    query = connection.scope["query_string"].decode("latin-1")
    return f"{path}?{query}" if query else path


def _is_from_this_machine(connection: HTTPConnection) -> bool:
    """Whether both ends are this machine: the client's address, and the name it calls us by.

    The name too, since a page from elsewhere may have its own name lead to this machine.
    """
    try:
        name = urlsplit("//" + connection.headers.get("host", "")).hostname or ""
    except ValueError:
        return False
    return is_loopback(_client_address(connection)) and is_loopback(name)


def _client_address(connection: HTTPConnection) -> str:
    """The client's address; that of IPv4 as such, also where it is written as one of IPv6."""
    return connection.client.host.removeprefix("::ffff:") if connection.client else ""


def _client_network(connection: HTTPConnection) -> str:
    """The client's address; of IPv6 its /64, as one machine has all the addresses in it."""
    address = _client_address(connection)
    try:
        return str(IPv6Network((address, 64), strict=False))
    except ValueError:  # an address of IPv4
        return address


def _with_headers(send: Send) -> Send:
    """Send every response with the headers that keep a browser from running what it should not."""

    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return send_with_headers
