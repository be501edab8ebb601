"""A real Chromium against the real server. Without a browser these tests are skipped."""

import os
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from core.config import RunConfig
from core.runs import Run
from core.status import Request, State
from core.sweep.store import SweepStore
from tests.e2e.server import Server, wait_for

expect.set_options(timeout=120_000)  # as long as a busy machine may take

_REMEDY = (
    "Browser tests need Chromium: install your system's `chromium`, or run "
    "`.venv/bin/playwright install chromium`."
)
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def _find_chromium() -> str | None:
    for path in filter(None, map(shutil.which, _NAMES)):
        return path
    with sync_playwright() as playwright:
        own = playwright.chromium.executable_path
    return own if Path(own).exists() else None


CHROMIUM = _find_chromium()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if CHROMIUM is None:
        if os.environ.get("REQUIRE_BROWSER"):
            pytest.exit(_REMEDY, returncode=3)
        here = Path(__file__).parent
        for item in items:
            if here in item.path.parents:
                item.add_marker(pytest.mark.skip(reason=_REMEDY))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if CHROMIUM is None:
        terminalreporter.write_line(_REMEDY, yellow=True)


@pytest.fixture(scope="session")
def browser():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory):
    server = Server(tmp_path_factory.mktemp("server"))
    yield server
    server.stop()


@pytest.fixture(scope="session")
def trained(server: Server) -> Run:
    """A finished run on the server: a small network, three epochs, with an error or two."""
    config = RunConfig(hidden=(32, 16), dropout=0.2, l2=1e-4, epochs=3, training_images=10_000)
    run = server.runs.create(config, name="a trained run")
    wait_for(lambda: run.status.state is State.FINISHED, "the run to finish", deadline=180)
    return run


@pytest.fixture
def page(browser: Browser, server: Server):
    with browser.new_context(viewport={"width": 1400, "height": 1000}) as context:
        context.set_default_timeout(120_000)  # of every page of it
        yield context.new_page()
    # What a test left behind would keep the next one waiting.
    for sweep in SweepStore(server.runs).list():
        if sweep.has_work:
            sweep.ask(Request.STOP)
            wait_for(lambda sweep=sweep: not sweep.has_work, f"{sweep} to stop")
    for run in server.runs.list():
        if run.status.state.is_active:
            run.ask(Request.STOP)
            wait_for(lambda run=run: not run.status.state.is_active, f"{run} to stop")
