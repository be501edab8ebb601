"""Every view of every page, one after another in one session, as a curious student goes round."""

import re

from playwright.sync_api import Page, expect

from core.runs import Run
from tests.e2e.controls import pick, press
from tests.e2e.figures import settle
from tests.e2e.server import Server


def test_every_view_opens_whatever_was_open_before(
    page: Page, server: Server, trained: Run
) -> None:
    """What one view leaves in the session is in no other's way."""
    before = len(server.log.read_text())
    page.goto(f"{server.url}/sweep?hidden=16&epochs=1&training_images=1000&sweep_trials=2")
    press(page, "Start the sweep")
    expect(page.get_by_text("2 of 2 trials")).to_be_visible()
    links = page.get_by_test_id("stTopNavLink")
    links.filter(has_text="Train").click()
    pick(page, "Run", "a trained run")
    expect(page).to_have_url(re.compile(f"run={trained.id}"))
    names = [name.split("\n")[-1] for name in links.all_inner_texts()]
    assert len(names) >= 10
    for name in [*names, *reversed(names)]:
        links.filter(has_text=name).click()
        expect(page.get_by_role("heading", name=name, exact=True)).to_be_visible()
        settle(page)
        tabs = page.get_by_role("tab")
        for tab in tabs.all():
            tab.click()
            settle(page)
    assert "a page failed" not in server.log.read_text()[before:]
    expect(page.get_by_text("Sorry")).to_have_count(0)
