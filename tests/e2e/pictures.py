"""README's pictures, taken of a real server: `python -m tests.e2e.pictures`."""

import tempfile
from pathlib import Path

from playwright.sync_api import Page, expect, sync_playwright

from core.config import RunConfig
from tests.e2e.conftest import CHROMIUM
from tests.e2e.server import ROOT, Server, wait_for

FOLDER = ROOT / "dashboard" / "pictures"


def main() -> None:
    """Train what the pictures show, and take them."""
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        server = Server(Path(folder))
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport={"width": 1280, "height": 860})
        try:
            take_train(page, server)
        finally:
            browser.close()
            server.stop()


def take_train(page: Page, server: Server) -> None:
    """The Train page in the middle of the notebook's regularised run."""
    config = RunConfig(dropout=0.5, l2=1e-4, epochs=30)
    run = server.runs.create(config, name="512-256 with dropout and L2")
    page.goto(f"{server.url}/train?run={run.id}")
    wait_for(lambda: run.status.epoch == 18, "the middle of the run", deadline=600)
    expect(page.get_by_text("Epoch 18 of 30")).to_be_visible()
    page.wait_for_timeout(1000)  # the curves move to their new points
    page.screenshot(path=FOLDER / "train.png")


if __name__ == "__main__":
    main()
