"""The Data page under a mouse; the rest in `tests/dashboard/pages/test_data.py`."""

import re

import numpy as np
from playwright.sync_api import Page, expect

from core.data import load_mnist
from tests.e2e.figures import click_image
from tests.e2e.server import Server


def test_the_grid_is_clicked_and_turned(page: Page, server: Server) -> None:
    labels = load_mnist().y_test
    indices = np.flatnonzero(np.isin(labels, [3, 7]))
    captions = page.locator(".st-key-digit_grid .annotation-text")
    page.goto(f"{server.url}/data?data=Browse&digit_split=Test&digit_classes=3&digit_classes=7")
    expect(captions).to_have_text([str(label) for label in labels[indices][:40]])
    click_image(page, "digit_grid", 13)
    expect(page.get_by_text(f"No. {indices[13]}: a {labels[indices[13]]}")).to_be_visible()
    expect(page).to_have_url(re.compile(rf"test_digit={indices[13]}\b"))
    page.get_by_test_id("stPagination").get_by_text("2", exact=True).click()
    expect(page).to_have_url(re.compile("digit_page=2"))
    expect(captions).to_have_text([str(label) for label in labels[indices][40:80]])
