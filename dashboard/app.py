"""The server: starts and stops the engine with it. `streamlit run dashboard/app.py`."""

import asyncio
import ctypes
import importlib
import logging
import pkgutil
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware
from starlette.routing import Route

from core.config import RunConfig
from core.data import DataError, load_mnist
from core.data.browsing import training_class_images
from core.data.preparation import describe_arrays, preparation_steps, scaler_difference
from dashboard import app_pages, parts, text
from dashboard.access.door import Door
from dashboard.access.index_page import serve_index
from dashboard.access.protection import refuse_open_network, refuse_wrong_settings
from dashboard.live.routes import ROUTES
from dashboard.menu import PAGES
from dashboard.session.cache import cached
from dashboard.session.lagging_address import mend_lagging_address
from dashboard.session.last_messages import mend_last_messages
from dashboard.session.left_pages import mend_left_pages
from dashboard.session.queries import measure_bfloat16
from dashboard.session.server import server
from dashboard.session.stale_elements import mend_stale_elements

_M_ARENA_MAX, _M_MMAP_THRESHOLD = -8, -3
_log = logging.getLogger(__name__)


@asynccontextmanager
async def _lifespan(app: st.App) -> AsyncIterator[None]:
    await asyncio.gather(asyncio.to_thread(server().start), asyncio.to_thread(_prepare))
    threading.Thread(target=_compute_facts, name="facts", daemon=True).start()
    try:
        yield
    finally:
        await asyncio.to_thread(server().stop)


def _prepare() -> None:
    """Read in what the first visitors would else wait for: the data, and what pages import."""
    with suppress(DataError):  # the pages that need them say so
        load_mnist()
    for package in (parts, app_pages):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not module.name.endswith(".page"):  # which runs it
                importlib.import_module(module.name)


def _compute_facts() -> None:
    """Compute what pages say of the data set and of this machine: the first visitor would wait."""
    with suppress(DataError):
        cached(describe_arrays)
        cached(scaler_difference)
        cached(preparation_steps, RunConfig())
        cached(training_class_images, RunConfig())
    measure_bfloat16()


def _return_freed_memory() -> None:
    """Have glibc give freed memory back to the system, where it is the C library.

    It would keep an arena for each of several threads, and what was once freed of each: a third of
    the memory after hours of use. `mallopt(3)` explains the two parameters.
    """
    with suppress(OSError, AttributeError):
        libc = ctypes.CDLL("libc.so.6")
        libc.mallopt(_M_ARENA_MAX, 2)
        libc.mallopt(_M_MMAP_THRESHOLD, 256 * 1024)


def _apologise(error: Exception) -> bool:
    _log.error("a page failed", exc_info=error)
    if isinstance(error, DataError):
        st.error(
            f"{text.escape(error)}.",
            title="The data set cannot be read",
            icon=":material/broken_image:",
        )
        return True
    st.error(
        "Your runs are safe, and whatever trains goes on. Reload the page to try again; "
        "if it fails again, the server's log says why.",
        title="Sorry, this page ran into an error",
        icon=":material/sentiment_dissatisfied:",
    )
    st.link_button("Start afresh", "/train", icon=":material/refresh:")
    return True


_return_freed_memory()
refuse_wrong_settings()
refuse_open_network()
mend_stale_elements()
mend_last_messages()
mend_left_pages()
mend_lagging_address()
app = st.App(
    Path(__file__).parent / "main.py",
    lifespan=_lifespan,
    middleware=[Middleware(Door)],
    routes=[*ROUTES, *(Route(f"/{page}", serve_index) for page in PAGES)],
    on_script_error=_apologise,
)
