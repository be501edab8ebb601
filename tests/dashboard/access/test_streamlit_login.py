"""The parts of Streamlit that it may change without a word: this fails when a release does.

Then see what `dashboard/access/streamlit_login.py` must say instead.
"""

from http.cookies import SimpleCookie
from unittest.mock import MagicMock

import pytest
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.routing import WebSocketRoute
from streamlit import config
from streamlit.web.server.starlette.starlette_app import create_streamlit_routes
from streamlit.web.server.starlette.starlette_auth_routes import _set_auth_cookie

from dashboard.access.streamlit_login import (
    HEALTH_PATH,
    LOGOUT_PATH,
    is_logged_in,
    leads_to_login,
)
from tests.dashboard.access.run_async import run_async


def cookies_of(claims: dict[str, object]) -> dict[str, str]:
    """The cookies that Streamlit gives a browser after a login."""
    response = Response()
    run_async(_set_auth_cookie(response, claims, {}))
    cookies: SimpleCookie = SimpleCookie()
    for value in response.headers.getlist("set-cookie"):
        cookies.load(value)
    return {name: morsel.value for name, morsel in cookies.items()}


@pytest.mark.parametrize("groups", [3, 2_000], ids=["one cookie", "several cookies"])
def test_a_browser_is_known_by_the_cookies_of_its_login(groups: int) -> None:
    claims = {"email": "anna@school.example", "groups": list(range(groups))}
    cookies = cookies_of(claims | {"is_logged_in": True})
    assert len(cookies) == 2 if groups == 3 else len(cookies) > 3
    assert is_logged_in(cookies)
    assert not is_logged_in(cookies_of(claims | {"is_logged_in": False}))
    for name in cookies.keys() - {"_streamlit_user_tokens"}:
        assert not is_logged_in(cookies | {name: cookies[name][:-3]})


def test_cookies_signed_elsewhere_count_for_nothing() -> None:
    before = config.get_option("server.cookieSecret")
    config.set_option("server.cookieSecret", "another secret")
    try:
        cookies = cookies_of({"is_logged_in": True})
    finally:
        config.set_option("server.cookieSecret", before)
    assert not is_logged_in(cookies)
    assert not is_logged_in({})


def test_of_streamlits_paths_a_stranger_reaches_these() -> None:
    """A new one must be looked at: whoever is not logged in could use it."""
    open_paths = set()
    for route in create_streamlit_routes(MagicMock()):
        kind = "websocket" if isinstance(route, WebSocketRoute) else "http"
        scope = {"type": kind, "path": getattr(route, "path", ""), "method": "GET"}
        if leads_to_login(HTTPConnection(scope)):
            open_paths.add(scope["path"])
    assert open_paths == {
        HEALTH_PATH,
        LOGOUT_PATH,
        "/_stcore/host-config",
        "/_stcore/stream",
        "/auth/login",
        "/oauth2callback",
    }
