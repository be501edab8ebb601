"""What a browser fetches beside the pages: the module's files, and a run's weights.

Behind the same door as the pages. Both have addresses of which the content never changes, so that
a browser keeps it.
"""

import asyncio
import hashlib
import threading
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from core.config import CLASSES, PIXELS, RunConfig
from core.engine import WORKER_LOST_ERRORS, EngineError, calls
from core.runs import Run
from core.runs.browser_weights import kept_browser_weights, pack_weights
from core.runs.errors import RunError
from dashboard.session.cache import call_worker_uncached
from dashboard.session.server import server

FILES = {path.name: path.read_bytes() for path in (Path(__file__).parent / "module").glob("*.*s")}
"""The module's, by their names."""
VERSION = hashlib.sha256(b"".join(FILES[name] for name in sorted(FILES))).hexdigest()[:12]
"""Of the module: other files are at other addresses."""
MAX_BYTES = 12_000_000
"""A browser runs networks whose weights take at most this many bytes, two for each."""
_KINDS = {".js": "text/javascript", ".css": "text/css"}  # whatever this machine has registered
_FOREVER = {"Cache-Control": "private, max-age=31536000, immutable"}
_KEPT = 4
"""At most this many networks' weights are kept, for a class that looks at one: 48 MB."""
_lock = threading.Lock()


def weights_bytes(config: RunConfig) -> int:
    """How many bytes the packed weights of a network of this configuration are."""
    widths = (PIXELS, *config.hidden, CLASSES)
    return 2 * sum((inputs + 1) * units for inputs, units in pairwise(widths))


def weights_path(run_id: str, epoch: int) -> str:
    """The address of a run's weights after an epoch, from the module's folder."""
    return f"../../weights/{run_id}/{epoch}"


async def serve_module(request: Request) -> Response:
    """Answer with a file of the module."""
    content = FILES.get(request.path_params["name"])
    if content is None or request.path_params["version"] != VERSION:
        return PlainTextResponse("There is no such file.", 404)
    kind = _KINDS[Path(request.path_params["name"]).suffix]
    return Response(content, headers=_FOREVER, media_type=kind)


async def serve_weights(request: Request) -> Response:
    """Answer with a run's network after an epoch, as `core.runs.browser_weights` packs it."""
    run_id, epoch = request.path_params["run"], request.path_params["epoch"]
    try:
        content = await asyncio.to_thread(_read_weights, run_id, epoch)
    except RunError as error:
        return PlainTextResponse(f"{error}.", 404)
    except (EngineError, TimeoutError, *WORKER_LOST_ERRORS):
        return PlainTextResponse("No worker could read the network.", 503)
    # "identity": compressed they would be 1/20 smaller, for as much time as sending them takes.
    headers = {**_FOREVER, "Content-Encoding": "identity"}
    return Response(content, headers=headers, media_type="application/octet-stream")


def _read_weights(run_id: str, epoch: int) -> bytes:
    run = server().store.get(run_id)
    if weights_bytes(run.config) > MAX_BYTES:
        raise RunError(f"the network of run {run_id} is too large for a browser")
    with _lock:  # of thirty who ask for the same at once, one has it read
        return _pack(run.path, epoch)


@lru_cache(maxsize=_KEPT)
def _pack(path: Path, epoch: int) -> bytes:
    """From the weights that the run keeps, or else from its network, which a worker loads."""
    run = Run(path)
    kept = kept_browser_weights(run, epoch)
    if kept is not None:
        return kept
    return pack_weights(run.config, call_worker_uncached(calls.load_weights, run, epoch))


ROUTES = [
    Route("/lab/live/{version}/{name}", serve_module),
    Route("/lab/weights/{run}/{epoch:int}", serve_weights),
]
