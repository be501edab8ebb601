"""From pressing Train to the first point, and from starting the server to a page that can be used.

In a real Chromium. The server's side of it is the moment at which the run's status says so.
"""

import statistics
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from core.config import RunConfig
from core.runs import Run
from core.runs.status import Request, State
from tests.benchmarks.report import Figure, print_head, run_topic
from tests.e2e.conftest import CHROMIUM
from tests.e2e.server import Server, wait_for

_ROUNDS = 5
_PATIENCE = 60_000  # ms


def measure(rounds: int = _ROUNDS) -> Iterator[Figure]:
    """Seconds, each the median over some rounds."""
    bare = statistics.median(in_a_fresh_process() for _ in range(rounds))
    yield Figure("building, compiling and the first step in a bare script", bare, "s")
    with open_browser() as browser:
        starts = [start_server(browser) for _ in range(3)]
        healthy, usable = map(statistics.median, zip(*starts, strict=True))
        yield Figure("server started to its answer", healthy, "s")
        yield Figure("server started to a page that can be used", usable, "s")
        presses = press_train(browser, rounds)
        written, shown = map(statistics.median, zip(*presses, strict=True))
    yield Figure("Train pressed to the first point, as the server has it", written, "s")
    yield Figure("Train pressed to the first point on the screen", shown, "s")
    yield Figure("– ÷ the bare script", shown / bare, at_most=1.3)


def in_a_fresh_process() -> float:
    """What `bare_script` returns in a process that has done nothing else."""
    with ProcessPoolExecutor(1, get_context("spawn")) as process:
        return process.submit(bare_script).result()


def bare_script() -> float:
    """Seconds to build, compile and take the first step, once all is imported and the data there.

    The notebook's network in plain Keras, as anybody would write it.
    """
    import keras

    from core.data import prepare_splits

    train = prepare_splits(RunConfig()).train
    started = time.perf_counter()
    model = keras.Sequential(
        [
            keras.Input((784,)),
            keras.layers.Dense(512, activation="relu"),
            keras.layers.Dense(256, activation="relu"),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"])
    model.fit(train.x, train.y, batch_size=512, steps_per_epoch=1, verbose=0)
    return time.perf_counter() - started


@contextmanager
def open_browser() -> Iterator[Browser]:
    """A Chromium, which takes its time to start before anything is measured."""
    expect.set_options(timeout=_PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        yield browser
        browser.close()


def start_server(browser: Browser) -> tuple[float, float]:
    """Seconds from the command to the server's first answer, and to a Train button to press."""
    with TemporaryDirectory() as folder, browser.new_page() as page:
        started = time.perf_counter()
        server = Server(Path(folder))
        healthy = time.perf_counter() - started
        try:
            page.goto(f"{server.url}/train")
            expect(_train_button(page)).to_be_enabled()
            return healthy, time.perf_counter() - started
        finally:
            server.stop()


def press_train(browser: Browser, rounds: int) -> list[tuple[float, float]]:
    """Seconds from the press to a loss in the run's status, and to it on the page, worker warm."""
    with TemporaryDirectory() as folder:
        server = Server(Path(folder))
        try:
            first = server.runs.create(RunConfig(hidden=(16,), epochs=1))
            wait_for(lambda: first.status.state is State.FINISHED, "the worker to be warm")
            return [_press(browser, server) for _ in range(rounds)]
        finally:
            server.stop()


def _press(browser: Browser, server: Server) -> tuple[float, float]:
    known = {run.id for run in server.runs.list()}
    with browser.new_page() as page, ThreadPoolExecutor(1) as watcher:
        page.goto(f"{server.url}/train")
        expect(_train_button(page)).to_be_enabled()
        page.wait_for_load_state("networkidle")
        watch = watcher.submit(_first_loss, server, known)
        pressed = time.perf_counter()
        _train_button(page).click()
        expect(page.get_by_text("Loss while fitting")).to_be_visible()
        shown = time.perf_counter()
    run, written = watch.result()
    run.request(Request.STOP)
    wait_for(lambda: not run.status.state.is_active, "the run to stop")
    return written - pressed, shown - pressed


def _first_loss(server: Server, known: set[str]) -> tuple[Run, float]:
    """The new run, and the moment at which its status has a loss."""
    runs: list[Run] = []
    wait_for(lambda: runs.extend(r for r in server.runs.list() if r.id not in known) or runs, "it")
    wait_for(lambda: runs[0].status.running_loss is not None, "its first loss", pause=0.005)
    return runs[0], time.perf_counter()


def _train_button(page: Page) -> Locator:
    return page.locator(".st-key-train").get_by_role("button")


if __name__ == "__main__":
    print_head()
    run_topic("start")
