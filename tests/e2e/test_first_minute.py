"""The first minute on a fresh clone: nothing is pressed, and a drawn digit is read."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.figures import settle
from tests.e2e.server import WAKE, Server, wait_for
from tests.e2e.test_draw_page import SEVEN, answer, canvas, draw


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder: Path = tmp_path_factory.mktemp("fresh")
    server = Server(folder, DIGITLAB_EXAMPLE="1")
    yield server
    server.stop()


def test_a_fresh_clone_reads_a_drawn_seven(page: Page, fresh: Server) -> None:
    """Draw opens by itself as soon as the example has ended an epoch."""
    page.goto(f"{fresh.url}/draw")
    wait_for(lambda: fresh.runs.list(), "the example")
    example = fresh.newest_run()
    what = "the worker to wake, beside that of the other server, and end an epoch"
    wait_for(lambda: len(example.history), what, deadline=2 * WAKE)
    canvas(page).wait_for(state="visible")
    what = "the example to end, which a busy machine takes a minute for"
    wait_for(lambda: not example.status.state.is_active, what, deadline=WAKE)
    expect(page.locator(".st-key-run_header").get_by_text("finished")).to_be_visible()
    expect(page.get_by_text("on the test set")).to_be_visible()
    settle(page)
    draw(page, SEVEN)
    expect(answer(page)).to_contain_text("Read as 7")
    assert example.history["test_accuracy"].iloc[-1] >= 0.975


def test_a_newcomer_is_told_what_it_is(page: Page, fresh: Server) -> None:
    what = "the example to be trained"
    wait_for(lambda: not fresh.newest_run().status.state.is_active, what, deadline=3 * WAKE)
    page.goto(fresh.url)
    expect(page).to_have_url(re.compile(r"/train(\?|$)"))
    for words in ("A laboratory for neural networks", "Example", "Evaluate it"):
        expect(page.get_by_text(words).first).to_be_visible()
    page.locator(".st-key-words").get_by_role("button").click()
    expect(page.get_by_text("One pass through all training images.")).to_be_visible()
