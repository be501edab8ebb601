"""A frame while the pen is down, from the end of a stroke to the server's answer, what a stroke
costs the server, and from asking for a map to having it.

In a real Chromium, while a run trains on the same two cores.
"""

import asyncio
import statistics
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from playwright.sync_api import Browser, Page, Response, WebSocket, expect

from core.config import RunConfig
from core.maps.request import MapRequest
from core.maps.store import StoredMap
from core.runs import Run
from core.runs.status import Request, State
from dashboard.live.routes import VERSION
from tests.benchmarks.report import Figure, print_head, run_topic
from tests.benchmarks.session import Session
from tests.benchmarks.start import open_browser
from tests.e2e.server import Server, wait_for

_DRAWINGS, _STROKES = 5, 4
_ALONE, _BUSY = (1, 2, 3), (4, 5, 6)  # seeds: each a map that nobody has asked for
_LARGE = (1024, 1024, 1024)
# Notes the time at which the server's answer first is another than when the mouse was let go.
_WATCH = f"""() => import('/lab/live/{VERSION}/scene.js').then((module) => {{
    const scene = module.sceneOf("draw")
    window.scene = scene
    window.seen = 1
    window.up = 0
    document.addEventListener("mouseup", () => {{
        const before = scene.served, up = performance.now()
        window.up = up
        window.seen = 0
        const look = () => {{
            if (window.up !== up) return
            if (scene.served && scene.served !== before) window.seen = performance.now()
            else requestAnimationFrame(look)
        }}
        requestAnimationFrame(look)
    }}, true)
}})"""


def measure() -> Iterator[Figure]:
    """Seconds, each a median."""
    with TemporaryDirectory() as folder, open_browser() as browser:
        server = Server(Path(folder))
        try:
            run = server.runs.create(RunConfig(epochs=3), name="a reader")
            config = RunConfig(hidden=_LARGE, epochs=1, training_images=5_000)
            large = server.runs.create(config, name="a large reader")
            for reader in (run, large):
                wait_for(lambda r=reader: r.status.state is State.FINISHED, "a run to finish", 120)
            seconds, _ = _map(browser, server, run, _ALONE, visited=False)
            yield Figure("1,000-point map, asked for to had", seconds, "s", 3)
            long = server.runs.create(RunConfig(epochs=200), name="trains meanwhile")
            wait_for(lambda: long.status.batch > 0, "the training")
            for reader, name, most in ((run, "784-512-256-10", 8), (large, "3 × 1024", 16)):
                strokes = _strokes(browser, server, reader)
                drawn = f"{name}, {len(strokes.seconds)} strokes while a run trains"
                yield Figure(f"a frame while the pen is down: {drawn}", strokes.frame, "ms", most)
                answered = statistics.median(strokes.seconds)
                yield Figure("– end of a stroke to the server's answer", answered, "s", 0.7)
                yield Figure("– to and from the server, a stroke", strokes.kilobytes, "kB")
                yield Figure("– files fetched, a stroke", strokes.requests)
            seconds, pages = _map(browser, server, run, _BUSY, visited=True)
            yield Figure("1,000-point map while a run trains and pages are opened", seconds, "s")
            yield Figure("– page runs meanwhile, median", statistics.median(pages), "s")
            assert long.status.state is State.RUNNING
            long.request(Request.STOP)
        finally:
            server.stop()


class Strokes(NamedTuple):
    """What so many strokes took and cost."""

    seconds: list[float]
    """From the end of each to the server's answer."""
    frame: float
    """Milliseconds of work in a frame while the pen is down, the median."""
    kilobytes: float
    """To and from the server, a stroke."""
    requests: float
    """Files that the browser fetched, a stroke."""


def _strokes(browser: Browser, server: Server, run: Run) -> Strokes:
    """Some strokes to each drawing, then Clear."""
    seconds, sizes, requests = [], [], []
    with browser.new_page(viewport={"width": 1400, "height": 1000}) as page:
        page.on("websocket", lambda socket: _count(socket, sizes))
        page.goto(f"{server.url}/draw?run={run.id}")
        expect(page.locator("canvas.upper-canvas").first).to_be_visible()
        expect(page.locator("canvas.picture")).to_be_visible()
        page.evaluate(_WATCH)
        page.wait_for_function("window.scene.network")
        sizes.clear()
        page.on("response", lambda response: requests.append(_size(response)))
        for drawing in range(_DRAWINGS):
            for stroke in range(_STROKES):
                _draw(page, 40 + 25 * drawing + 30 * stroke, 60 * stroke)
                page.wait_for_function("window.seen > window.up")
                seconds.append(page.evaluate("window.seen - window.up") / 1000)
                page.wait_for_timeout(1200)  # the bars come to rest
            page.get_by_role("button", name="Clear", exact=True).click()
            expect(page.get_by_role("heading", name="Read as")).to_have_count(0)
        frame = page.evaluate(
            "window.scene.frames.sort((a, b) => a - b)[window.scene.frames.length >> 1]"
        )
    count = len(seconds)
    return Strokes(
        seconds, frame, (sum(sizes) + sum(requests)) / count / 1e3, len(requests) / count
    )


def _count(socket: WebSocket, sizes: list[int]) -> None:
    for event in ("framereceived", "framesent"):
        socket.on(event, lambda payload: sizes.append(len(payload)))


def _size(response: Response) -> int:
    return int(response.headers.get("content-length", 0))


def _draw(page: Page, x: int, y: int) -> None:
    box = page.locator("canvas.upper-canvas").first.bounding_box()
    assert box
    page.mouse.move(box["x"] + x, box["y"] + 40 + y // 3)
    page.mouse.down()
    page.mouse.move(box["x"] + 240 - x, box["y"] + 240 - y, steps=8)
    page.mouse.up()


def _map(
    browser: Browser, server: Server, run: Run, seeds: Iterable[int], visited: bool
) -> tuple[float, list[float]]:
    """The median seconds of a map; if `visited`, those of pages that another opens meanwhile."""
    maps, pages = [], []
    # One page for all: the first map in a browser also loads what draws it, and is not the median.
    with browser.new_page() as page, ThreadPoolExecutor(1) as other:
        for seed in seeds:
            request = MapRequest(layer="hidden_2", seed=seed)
            page.goto(f"{server.url}/features?run={run.id}&map_method=t-SNE&map_seed={seed}")
            button = page.get_by_role("button", name="Make the map", exact=True)
            expect(button).to_be_enabled()
            page.wait_for_load_state("networkidle")
            pressed = time.perf_counter()
            button.click()
            visits = other.submit(asyncio.run, _visit(server, run, request)) if visited else None
            expect(page.locator(".st-key-map .js-plotly-plot")).to_be_visible()
            maps.append(time.perf_counter() - pressed)
            pages += visits.result() if visits else []
    return statistics.median(maps), pages


async def _visit(server: Server, run: Run, request: MapRequest) -> list[float]:
    """Open a page again and again for as long as the map is being made; the seconds of each."""
    async with Session(f"localhost:{server.port}") as session:
        while (status := StoredMap(run, request).status) is None or status.state.is_active:
            await session.open("evaluate", f"run={run.id}")
            await asyncio.sleep(0.2)
    return session.record.page_runs


if __name__ == "__main__":
    print_head()
    run_topic("canvas")
