"""The Compare page in a browser; the rest in `tests/dashboard/pages/test_compare.py`."""

import re

from playwright.sync_api import Page, expect

from core.config import RunConfig
from core.runs import Run
from core.runs.status import State
from tests.e2e.controls import pick
from tests.e2e.server import Server


def test_a_second_run_is_picked_and_drawn_beside_the_first(
    page: Page, server: Server, trained: Run
) -> None:
    other = server.runs.create(RunConfig(hidden=(16,)), name="a second run", state=State.FINISHED)
    other.write_history(trained.history.iloc[:2].to_dict("records"))
    page.goto(f"{server.url}/compare?runs={trained.id}&compare=Curves")
    expect(page.get_by_text("Choose two runs or more to compare.")).to_be_visible()
    pick(page, "Runs", "a second run")
    chart = page.get_by_label("Loss of A · a trained run, B · a second run", exact=True)
    expect(chart.locator("canvas").first).to_be_visible()
    expect(page).to_have_url(re.compile(f"runs={trained.id}(,|%2C){other.id}"))
    server.runs.delete(other.id)
