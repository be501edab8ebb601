"""A real Chromium against the real server. Without a browser these tests are skipped."""

import os
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from core.config import RunConfig
from core.runs import Run
from core.runs.status import State
from core.training import train
from tests.e2e.controls import describe, forget, new_context
from tests.e2e.server import WAKE, Server, stop_all, wait_for

expect.set_options(timeout=30_000)

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


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item):
    """Of a test that fails, report also what its pages show and what its servers last logged."""
    report = yield
    if report.when == "call" and report.failed:
        browser = item.funcargs.get("browser")
        if isinstance(browser, Browser):
            for page in (page for context in browser.contexts for page in context.pages):
                report.sections.append((f"The page {page.url}", describe(page)))
        for server in {one for one in item.funcargs.values() if isinstance(one, Server)}:
            report.sections.append(("The server's log", server.log.read_text()[-4_000:]))
    return report


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
    """The server that files share which neither guard nor kill it."""
    server = Server(tmp_path_factory.mktemp("server"))
    yield server
    server.stop()


@pytest.fixture(scope="session")
def trained(server: Server) -> Run:
    """A finished run on the server: a small network, three epochs, with an error or two.

    Trained in this process, so that the server's worker has time to wake.
    """
    config = RunConfig(hidden=(32, 16), dropout=0.2, l2=1e-4, epochs=3, training_images=10_000)
    run = server.runs.create(config, name="a trained run", state=State.RUNNING)
    assert train(run).state is State.FINISHED
    return run


@pytest.fixture(scope="session")
def reader(server: Server) -> Run:
    """A finished run that reads a drawing: two epochs over 20,000 images.

    Trained in this process while the server's worker wakes, which is then awake.
    """
    first = server.runs.create(RunConfig(hidden=(16,), epochs=1, training_images=1_000))
    config = RunConfig(hidden=(64,), epochs=2, training_images=20_000)
    run = server.runs.create(config, name="a reader", state=State.RUNNING)
    assert train(run).state is State.FINISHED
    wait_for(lambda: not first.status.state.is_active, "the worker to wake", deadline=WAKE)
    server.runs.delete(first.id)
    return run


@pytest.fixture(scope="session")
def context(browser: Browser):
    """One browser for all files: it fetches Streamlit's code once."""
    with new_context(browser) as context:
        yield context


@pytest.fixture(scope="session")
def _tabs() -> list[Page]:
    """The tab of the test before, unless that left it out of order."""
    return []


@pytest.fixture
def page(context: BrowserContext, _tabs: list[Page], server: Server):
    """A tab that remembers nothing of earlier tests; what a test left at work is stopped after.

    It is the same one for all: a new one reads Streamlit's code in anew, at twice the cost.
    """
    tab = _tabs.pop() if _tabs else context.new_page()
    try:
        yield tab
        forget(tab)
        _tabs.append(tab)
    finally:
        if tab not in _tabs:
            tab.close()
        stop_all(server)
