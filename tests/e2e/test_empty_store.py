"""What each page says where nothing was trained yet, and where it leads."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.server import Server


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory):
    server = Server(tmp_path_factory.mktemp("empty"))
    yield server
    server.stop()


@pytest.mark.parametrize("name", ["curves", "evaluate", "features", "layers", "draw"])
def test_the_page_says_what_to_do_and_leads_there(page: Page, empty: Server, name: str) -> None:
    page.goto(f"{empty.url}/{name}")
    expect(page.get_by_text("Nothing has been trained yet.")).to_be_visible()
    page.get_by_test_id("stMain").get_by_role("link", name="Train a network").click()
    expect(page).to_have_url(re.compile("/train"))
    expect(page.get_by_role("button", name="Train", exact=True)).to_be_visible()


def test_compare_and_two_losses_say_it_too(page: Page, empty: Server) -> None:
    page.goto(f"{empty.url}/compare")
    expect(page.get_by_text("Nothing has been trained yet.")).to_be_visible()
    page.get_by_test_id("stMain").get_by_role("link", name="Train a network").click()
    expect(page).to_have_url(re.compile("/train"))
    page.goto(f"{empty.url}/curves?curves=Two+training+losses")
    for side in ("regularised", "unregularised"):
        expect(page.get_by_text(f"No {side} run yet.")).to_be_visible()
    page.get_by_test_id("stMain").get_by_role("link", name="Train one").first.click()
    expect(page).to_have_url(re.compile("/train.*dropout=0.5"))
