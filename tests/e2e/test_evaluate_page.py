"""The Evaluate page's charts under a mouse, and a run that is followed while it trains.

Its numbers and words are tested in `tests/dashboard/pages/test_evaluate.py`.
"""

import re

import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import Page, expect
from sklearn import metrics

from core.data import load_mnist
from core.runs import Run
from tests.e2e.controls import button, pick, press
from tests.e2e.figures import click_image, settle
from tests.e2e.replay import replay
from tests.e2e.server import Server

Y_TEST = load_mnist().y_test


def open_part(page: Page, server: Server, run: Run, part: str) -> None:
    page.goto(f"{server.url}/evaluate?run={run.id}&evaluate={part}")
    expect(page.get_by_role("tab", name=part, exact=True)).to_have_attribute(
        "aria-selected", "true"
    )


def metric(page: Page, label: str):
    return page.get_by_test_id("stMetric").filter(has=page.get_by_text(label, exact=True))


def click_cell(page: Page, true: int, predicted: int) -> None:
    """Click the middle of a cell of the confusion matrix, by the margins of its chart."""
    canvas = page.locator(".st-key-confusion_matrix canvas").first
    expect(canvas).to_be_visible()
    settle(page)
    box = canvas.bounding_box()
    left, right, top, bottom = 42, 2, 42, 2
    x = left + (predicted + 0.5) * (box["width"] - left - right) / 10
    y = top + (true + 0.5) * (box["height"] - top - bottom) / 10
    canvas.click(position={"x": x, "y": y}, force=True)  # another layer of it lies above


def choose(page: Page, box: str, option: str) -> None:
    page.get_by_role("combobox", name=box).click()
    page.get_by_role("option", name=option, exact=True).click()


def test_cells_and_images_are_clicked_and_the_epochs_move_the_matrix(
    page: Page, server: Server, trained: Run
) -> None:
    def in_cell(epoch: int) -> np.ndarray:
        """The images of 9 that were taken for a 4, the least expected first."""
        probabilities = trained.test_probabilities(epoch)
        indices = np.flatnonzero((Y_TEST == 9) & (probabilities.argmax(axis=1) == 4))
        return indices[np.argsort(probabilities[indices, 9], kind="stable")]

    def expect_images(count: int) -> None:
        expect(page.get_by_text(f"{count:,} images, the least expected")).to_be_visible()

    def expect_cell(true: str, predicted: str) -> None:
        expect(page.get_by_role("combobox", name="True label")).to_have_value(true)
        expect(page.get_by_role("combobox", name="Predicted")).to_have_value(predicted)

    open_part(page, server, trained, "Confusion")
    click_cell(page, true=9, predicted=4)
    indices = in_cell(epoch=3)
    expect_images(len(indices))
    expect(page).to_have_url(re.compile("cell_true=9(&|$)"))
    expect(page).to_have_url(re.compile("cell_predicted=4(&|$)"))

    # An image is chosen again by a click that lets go of the grid's own selection.
    number = page.get_by_role("spinbutton", name="Test image")
    for other in (8528, None):
        click_image(page, "cell_images", 1)
        expect(page.get_by_text(f"No. {indices[1]:,}: true label 9, predicted 4")).to_be_visible()
        expect(page).to_have_url(re.compile(f"test_image={indices[1]}(&|$)"))
        if other:
            number.fill(str(other))
            number.press("Enter")
            expect(page.get_by_text(f"No. {other:,}")).to_be_visible()

    # So is a cell; a click on the one that is chosen lets go of it.
    choose(page, "True label", "4")
    expect_cell("4", "4")
    for cell in (("9", "4"), ("", ""), ("9", "4")):
        click_cell(page, true=9, predicted=4)
        expect_cell(*cell)

    canvas = page.locator(".st-key-confusion_matrix canvas").first
    canvas.evaluate("element => element.isTheSame = true")
    page.get_by_role("slider", name="After epoch").press("Home")
    expect_images(len(in_cell(epoch=1)))
    answers = trained.test_probabilities(1).argmax(axis=1)
    wrong = (answers != Y_TEST).sum()
    expect(metric(page, "Wrong answers")).to_contain_text(f"{wrong:,}")
    assert canvas.evaluate("element => element.isTheSame === true")
    click_cell(page, true=0, predicted=0)
    expect_images(((Y_TEST == 0) & (answers == 0)).sum())


def expect_epoch(page: Page, epoch: int) -> None:
    """Wait for the slider at this epoch; a shorter one stays until the page has run to its end."""
    sliders = page.locator("input[aria-label='After epoch']")
    expect(sliders.and_(page.locator(f"[aria-valuetext='{epoch}']"))).to_have_count(1)
    settle(page)
    expect(sliders).to_have_count(1)


def test_a_run_that_trains_is_followed_and_another_one_picked(
    page: Page, server: Server, trained: Run
) -> None:
    with replay(server, trained, "still training") as training:
        training.show(2)
        open_part(page, server, training.run, "Report")
        expect_epoch(page, 2)
        training.show(3)
        expect_epoch(page, 3)
        page.get_by_role("slider", name="After epoch").press("ArrowLeft")
        expect(page).to_have_url(re.compile("[?&]epoch=2(&|$)"))
        loss = trained.history["test_loss"].iloc[1]
        expect(metric(page, "Test loss")).to_contain_text(f"{loss:.4f}")

        pick(page, "Run", "a trained run")
        expect(page).to_have_url(re.compile(f"run={trained.id}"))
        expect(page).not_to_have_url(re.compile("[?&]epoch="))
        loss = trained.history["test_loss"].iloc[2]
        expect(metric(page, "Test loss")).to_contain_text(f"{loss:.4f}")

    page.goto(re.sub("evaluate=[^&]*", "epoch=1&evaluate=Report", page.url))
    expect_epoch(page, 1)
    press(page, "Play")
    expect_epoch(page, 3)
    expect(metric(page, "Test loss")).to_contain_text(f"{loss:.4f}")
    expect(button(page, "Play")).to_be_visible()

    settle(page)  # the button is drawn after the loss
    with page.expect_download() as download:
        page.get_by_role("button", name="Download as CSV", exact=True).click()
    table = pd.read_csv(download.value.path(), index_col="class")
    predicted = trained.test_probabilities(3).argmax(axis=1)
    reference = metrics.classification_report(Y_TEST, predicted, output_dict=True)
    for name in [*map(str, range(10)), "macro avg", "weighted avg"]:
        assert table.loc[name].tolist() == pytest.approx(list(reference[name].values()))
    assert table.loc["accuracy", "f1"] == pytest.approx(reference["accuracy"])
