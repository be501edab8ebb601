"""A browser's side of Streamlit's protocol, without the browser: one websocket, pages, timers.

It opens pages, answers the timers of fragments as a browser's clock does, remembers messages so
that the server need not send them twice, and takes note of how long each run took and of whatever
went wrong. It draws nothing, and leaves every widget as it finds it.
"""

import asyncio
import re
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Self

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

PATIENCE = 60.0
"""Seconds after which a page that has not come is an error."""

_REMEMBER = 2  # runs that a message is remembered for: Streamlit's global.maxCachedMessageAge
_FAILED = re.compile("sorry", re.IGNORECASE)  # what the dashboard says when a page raised


@dataclass
class Record:
    """What sessions saw: seconds from asking to the last message of each run, and errors."""

    page_runs: list[float] = field(default_factory=list)
    fragment_runs: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


class Session:
    """One visitor. Use as an async context manager; what happens goes to `record`."""

    def __init__(self, address: str, record: Record | None = None) -> None:
        """`address` is the server's, such as `localhost:8501`."""
        self.record = record or Record()
        self.pages: dict[str, str] = {}
        """Streamlit's hash of each page in the menu, by its path; known once one was opened."""
        self.elements = 0
        """Elements that the last page run drew."""
        self._address = address
        self._socket: ClientConnection
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._intervals: dict[str, float] = {}
        self._query = ""
        self._page = ""
        self._page_asked: float | None = None
        self._page_done = asyncio.Event()
        self._fragments_asked: dict[str, float] = {}
        self._running: list[str] = []
        self._remembered: dict[str, int] = {}
        self._runs = 0

    async def __aenter__(self) -> Self:
        self._socket = await connect(
            f"ws://{self._address}/_stcore/stream",
            origin=f"http://{self._address}",
            subprotocols=["streamlit"],
            max_size=None,
            open_timeout=PATIENCE,
        )
        self._reader = asyncio.create_task(self._read())
        return self

    async def __aexit__(self, *error: object) -> None:
        self._stop_timers()
        self._reader.cancel()
        with suppress(asyncio.CancelledError, ConnectionClosed):
            await self._reader
        await self._socket.close()

    async def open(self, page: str, query: str = "") -> None:
        """Open `page`, by its path, as a link (the first time) or from the menu; wait for it."""
        self._query = query
        self._page = self.pages.get(page, "")
        self._page_done.clear()
        self._page_asked = time.perf_counter()
        await self._ask(page_name="" if self._page else page)
        try:
            await asyncio.wait_for(self._page_done.wait(), PATIENCE)
        except TimeoutError:
            self._page_asked = None
            self.record.errors.append(f"{page} did not come within {PATIENCE:.0f} s")

    async def _ask(self, fragment: str = "", page_name: str = "") -> None:
        message = BackMsg()
        state = message.rerun_script
        state.query_string = self._query
        state.page_script_hash = self._page
        state.page_name = page_name
        state.fragment_id = fragment
        state.is_auto_rerun = bool(fragment)
        state.cached_message_hashes.extend(self._remembered)
        state.context_info.timezone = "UTC"
        await self._socket.send(message.SerializeToString())

    async def _read(self) -> None:
        try:
            async for data in self._socket:
                message = ForwardMsg()
                message.ParseFromString(data)
                self._take(message)
        except ConnectionClosed as error:
            self.record.errors.append(f"the server hung up: {error}")
        self._page_done.set()

    def _take(self, message: ForwardMsg) -> None:
        if message.metadata.cacheable:
            self._remembered[message.hash] = self._runs
        match message.WhichOneof("type"):
            case "new_session":
                self._begin(list(message.metadata.run.fragment_ids))
                self._page = message.new_session.page_script_hash
            case "navigation":
                self.pages = {
                    page.url_pathname: page.page_script_hash
                    for page in message.navigation.app_pages
                    if not page.is_hidden
                }
            case "delta":
                self._draw(message)
            case "ref_hash":
                self.elements += 1
                if message.ref_hash in self._remembered:
                    self._remembered[message.ref_hash] = self._runs
            case "auto_rerun":
                self._set_timer(message.auto_rerun.fragment_id, message.auto_rerun.interval)
            case "stop_auto_rerun":
                self._stop_timers(message.stop_auto_rerun.fragment_ids)
            case "script_finished":
                self._finish(message.script_finished)
            case "page_not_found":
                self.record.errors.append("page not found")

    def _begin(self, fragments: list[str]) -> None:
        self._running = fragments
        if fragments:
            return
        self._stop_timers()
        self.elements = 0
        if self._page_asked is None:  # a fragment had the whole page run again
            self._page_asked = min(self._fragments_asked.values(), default=time.perf_counter())
        self._fragments_asked.clear()

    def _draw(self, message: ForwardMsg) -> None:
        element = message.delta.new_element
        kind = element.WhichOneof("type")
        self.elements += kind not in {None, "empty"}
        if kind == "exception":
            self.record.errors.append(f"{element.exception.type}: {element.exception.message}")
        if kind == "alert" and _FAILED.search(element.alert.title):
            self.record.errors.append(element.alert.title)

    def _finish(self, how: int) -> None:
        now = time.perf_counter()
        self._runs += 1
        self._remembered = {
            key: run for key, run in self._remembered.items() if self._runs - run <= _REMEMBER
        }
        if how == ForwardMsg.FINISHED_WITH_COMPILE_ERROR:
            self.record.errors.append("the script does not compile")
        elif how == ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY:
            for fragment in self._running:
                if (asked := self._fragments_asked.pop(fragment, None)) is not None:
                    self.record.fragment_runs.append(now - asked)
        elif how == ForwardMsg.FINISHED_SUCCESSFULLY and self._page_asked is not None:
            self.record.page_runs.append(now - self._page_asked)
            if not self.elements:  # asked here, for the next run may begin at once
                self.record.errors.append("a page came empty")
            self._page_asked = None
            self._page_done.set()

    def _set_timer(self, fragment: str, interval: float) -> None:
        """A timer that has this interval already ticks on; any other of the fragment's ends."""
        if fragment in self._tasks and self._intervals[fragment] == interval:
            return
        if fragment in self._tasks:
            self._tasks[fragment].cancel()
        self._intervals[fragment] = interval
        self._tasks[fragment] = asyncio.create_task(self._tick(fragment, interval))

    async def _tick(self, fragment: str, interval: float) -> None:
        """As `setInterval` does: ask at every tick, answered or not."""
        while True:
            await asyncio.sleep(interval)
            self._fragments_asked.setdefault(fragment, time.perf_counter())
            try:
                await self._ask(fragment)
            except ConnectionClosed:
                return

    def _stop_timers(self, fragments: list[str] | None = None) -> None:
        for fragment in list(self._tasks if fragments is None else fragments):
            if task := self._tasks.pop(fragment, None):
                task.cancel()
            self._fragments_asked.pop(fragment, None)
