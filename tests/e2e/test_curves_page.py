"""The Curves page while a run trains; the rest in `tests/dashboard/pages/test_curves.py`."""

from playwright.sync_api import Page, expect

from core.runs import Run
from tests.e2e.replay import replay
from tests.e2e.server import Server


def test_curves_of_a_run_that_trains_grow_in_place(
    page: Page, server: Server, trained: Run
) -> None:
    with replay(server, trained, "a run under way") as training:
        training.show(1)
        page.goto(f"{server.url}/curves?run={training.run.id}")
        epochs = page.locator(".st-key-best_epochs td").nth(1)
        expect(epochs).to_have_text("1")
        canvas = page.locator(".st-key-curves_loss canvas").first
        canvas.evaluate("element => element.isTheSame = true")
        for ended in (2, 3):
            training.show(ended)
            expect(epochs).to_have_text(str(ended))
            assert canvas.evaluate("element => element.isTheSame === true")
