"""What Streamlit does not promise: its paths, and how a browser shows that a provider logged it in.

`tests/dashboard/access/test_streamlit_login.py` fails where a release of Streamlit changes them.
"""

import json
import re
from collections.abc import Mapping

from starlette.requests import HTTPConnection
from streamlit.auth_util import get_cookie_with_chunks
from streamlit.web.server.server_util import AUTH_COOKIE_NAME, get_cookie_secret
from streamlit.web.server.starlette.starlette_app_utils import decode_signed_value

HEALTH_PATH = "/_stcore/health"
LOGOUT_PATH = "/auth/logout"  # where st.logout leads
_WEBSOCKET_PATH = "/_stcore/stream"
# The page, which is the same for all, its static parts, and the login itself. No media, uploads,
# components or metrics.
_LOGIN_PATHS = re.compile(
    r"/[^/]*|/static/.*|/auth/(login|logout)|/_stcore/(health|host-config)", re.DOTALL
)


def leads_to_login(connection: HTTPConnection) -> bool:
    """Whether a browser needs this connection to show the login page or to log in."""
    path = connection.scope["path"]
    if connection.scope["type"] == "websocket":
        return bool(path == _WEBSOCKET_PATH)
    return connection.scope["method"] in {"GET", "HEAD"} and bool(_LOGIN_PATHS.fullmatch(path))


def is_logged_in(cookies: Mapping[str, str]) -> bool:
    """Whether a provider has logged in the browser of these cookies, which Streamlit signs."""

    def read_cookie(name: str) -> bytes | None:
        return decode_signed_value(get_cookie_secret(), name, cookies.get(name, ""))

    try:
        claims = json.loads(get_cookie_with_chunks(read_cookie, AUTH_COOKIE_NAME) or "{}")
    except ValueError:
        return False
    return bool(claims.get("is_logged_in"))
