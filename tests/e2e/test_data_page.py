"""The Data page, checked against the data set itself."""

import re

import numpy as np
from playwright.sync_api import Page, expect
from sklearn.model_selection import train_test_split

from core.data import load_mnist
from core.runs import Run
from tests.e2e.figures import click_image
from tests.e2e.server import Server

MNIST = load_mnist()


def open_part(page: Page, server: Server, part: str, query: str = "") -> None:
    page.goto(f"{server.url}/data?data={part}&{query}")
    expect(page.get_by_role("tab", name=part)).to_have_attribute("aria-selected", "true")


def plot(page: Page, key: str):
    found = page.locator(f".st-key-{key} .js-plotly-plot")
    expect(found).to_be_visible()
    return found


def captions(page: Page):
    return page.locator(".st-key-digit_grid .annotation-text")


def test_the_grey_values_of_the_linked_image(page: Page, server: Server) -> None:
    open_part(page, server, "As they come", "digit_set=test&test_digit=947")
    expect(page.get_by_text(f"No. 947: a {MNIST.y_test[947]}")).to_be_visible()
    shown = plot(page, "grey_values").evaluate(
        "plot => Array.from(plot._fullData[0].z, row => Array.from(row))"
    )
    np.testing.assert_array_equal(shown, MNIST.x_test[947])


def test_the_grid_is_filtered_turned_and_clicked(page: Page, server: Server) -> None:
    open_part(page, server, "Browse", "digit_split=Test&digit_classes=3&digit_classes=7")
    indices = np.flatnonzero(np.isin(MNIST.y_test, [3, 7]))
    labels = [str(label) for label in MNIST.y_test[indices]]
    expect(captions(page)).to_have_text(labels[:40])
    click_image(page, "digit_grid", 13)
    expect(page.get_by_text(f"No. {indices[13]}: a {labels[13]}")).to_be_visible()
    expect(page).to_have_url(re.compile(rf"test_digit={indices[13]}\b"))
    page.get_by_test_id("stPagination").get_by_text("2", exact=True).click()
    expect(page).to_have_url(re.compile("digit_page=2"))
    expect(captions(page)).to_have_text(labels[40:80])


def test_disputed_labels_carry_their_badge(page: Page, server: Server) -> None:
    badge = page.locator(".stMarkdownBadge", has_text="label disputed")
    eights = np.flatnonzero(MNIST.y_test == 8)  # 947 among them
    place = int(np.flatnonzero(eights == 947)[0])
    turned = place // 40 + 1
    query = f"digit_split=Test&digit_classes=8&digit_page={turned}&test_digit=947"
    open_part(page, server, "Browse", query)
    expect(page.get_by_text("No. 947: a 8")).to_be_visible()
    expect(badge.first).to_be_visible()
    expected = [
        "8label disputed" if index == 947 else "8" for index in eights[40 * (turned - 1) :][:40]
    ]
    expect(captions(page)).to_have_text(expected)
    page.get_by_role("button", name="Its grey values").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.locator(".stMarkdownBadge", has_text="label disputed").first).to_be_visible()
    open_part(page, server, "As they come", "digit_set=test&test_digit=947")
    expect(badge.first).to_be_visible()
    open_part(page, server, "As they come", "digit_set=train&training_digit=947")
    expect(page.get_by_text(f"No. 947: a {MNIST.y_train[947]}")).to_be_visible()
    expect(badge).to_have_count(0)


def test_steps_and_counts_follow_the_chosen_run(page: Page, server: Server, trained: Run) -> None:
    config = trained.config
    train, validation = train_test_split(
        np.arange(60_000), test_size=config.validation_share, random_state=config.seed
    )
    open_part(page, server, "Preparation", f"run={trained.id}")
    row = page.get_by_role("row").filter(has_text="split: train")
    expect(row).to_contain_text("(60000, 784)")
    expect(row).to_contain_text("(10000, 784)")
    page.get_by_role("tab", name="Classes").click()
    bars = plot(page, "class_counts").evaluate("plot => plot._fullData.map(bar => [...bar.y])")
    expected = (MNIST.y_train[train[:10_000]], MNIST.y_train[validation], MNIST.y_test)
    assert bars == [np.bincount(labels).tolist() for labels in expected]
