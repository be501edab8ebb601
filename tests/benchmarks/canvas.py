"""From the end of a stroke to new bars on the Draw page, and from asking for a map to having it.

In a real Chromium, while a run trains on the same two cores.
"""

import asyncio
import statistics
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import Browser, Page, expect

from core.config import RunConfig
from core.maps.request import MapRequest
from core.maps.store import StoredMap
from core.runs import Run
from core.runs.status import Request, State
from tests.benchmarks.report import Figure, print_head, run_topic
from tests.benchmarks.session import Session
from tests.benchmarks.start import open_browser
from tests.e2e.server import Server, wait_for

_DRAWINGS, _STROKES = 5, 4
_ALONE, _BUSY = (1, 2, 3), (4, 5, 6)  # seeds: each a map that nobody has asked for
# Notes the time at which the bars, a canvas, first look other than when the mouse was let go.
_WATCH = """() => {
    const bars = () => document.querySelector(".st-key-drawn_answer canvas")?.toDataURL() ?? ""
    window.seen = 1
    window.up = 0
    document.addEventListener("mouseup", () => {
        const before = bars(), up = performance.now()
        window.up = up
        window.seen = 0
        const look = () => {
            if (window.up !== up) return
            const now = bars()
            if (now && now !== before) window.seen = performance.now()
            else requestAnimationFrame(look)
        }
        requestAnimationFrame(look)
    }, true)
}"""


def measure() -> Iterator[Figure]:
    """Seconds, each a median."""
    with TemporaryDirectory() as folder, open_browser() as browser:
        server = Server(Path(folder))
        try:
            run = server.runs.create(RunConfig(epochs=3), name="a reader")
            wait_for(lambda: run.status.state is State.FINISHED, "the run to finish", 120)
            seconds, _ = _map(browser, server, run, _ALONE, visited=False)
            yield Figure("1,000-point map, asked for to had", seconds, "s", 3)
            long = server.runs.create(RunConfig(epochs=200), name="trains meanwhile")
            wait_for(lambda: long.status.batch > 0, "the training")
            strokes = _strokes(browser, server, run)
            name = f"end of a stroke to new bars, median of {len(strokes)} while a run trains"
            yield Figure(name, statistics.median(strokes), "s", 0.7)
            seconds, pages = _map(browser, server, run, _BUSY, visited=True)
            yield Figure("1,000-point map while a run trains and pages are opened", seconds, "s")
            yield Figure("– page runs meanwhile, median", statistics.median(pages), "s")
            assert long.status.state is State.RUNNING
            long.request(Request.STOP)
        finally:
            server.stop()


def _strokes(browser: Browser, server: Server, run: Run) -> list[float]:
    """Seconds to new bars of so many strokes: some to each drawing, then Clear."""
    seconds = []
    with browser.new_page(viewport={"width": 1400, "height": 1000}) as page:
        page.goto(f"{server.url}/draw?run={run.id}")
        expect(page.locator("canvas.upper-canvas").first).to_be_visible()
        page.evaluate(_WATCH)
        for drawing in range(_DRAWINGS):
            for stroke in range(_STROKES):
                _draw(page, 40 + 25 * drawing + 30 * stroke, 60 * stroke)
                page.wait_for_function("window.seen > window.up")
                seconds.append(page.evaluate("window.seen - window.up") / 1000)
                page.wait_for_timeout(1200)  # the bars come to rest
            page.get_by_role("button", name="Clear", exact=True).click()
            expect(page.locator(".st-key-drawn_answer canvas")).to_have_count(0)
    return seconds


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
            page.goto(f"{server.url}/features?run={run.id}&map_seed={seed}")
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
