"""Streamlit's own HTML page, which loads the rest, and which of its scripts a browser may run."""

import base64
import hashlib
import re
from pathlib import Path

from starlette.responses import HTMLResponse
from streamlit.file_util import get_static_dir

_SERVER = 'window.__streamlit = {BACKEND_BASE_URL: new URL(".", window.location.href).href}'
"""Says where the server is. Else a browser asks for it below each page's address first, such as
`/draw/_stcore/health`, and logs that nothing is there."""
_SCRIPT = re.compile("<script>(.*?)</script>", re.DOTALL)


def _read() -> str:
    return (Path(get_static_dir()) / "index.html").read_text("utf-8")


def _hash(script: str) -> str:
    """A script's source for a Content-Security-Policy."""
    digest = hashlib.sha256(script.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


INDEX = _read().replace("<head>", f"<head><script>{_SERVER}</script>", 1)
"""The page, as HTML."""
INLINE_SCRIPTS = " ".join(map(_hash, _SCRIPT.findall(INDEX)))
"""The scripts written into it, as a Content-Security-Policy lets them run: these and no others."""


async def serve_index(_: object) -> HTMLResponse:
    """Answer a request for a page with INDEX."""
    return HTMLResponse(INDEX, headers={"Cache-Control": "no-cache"})
