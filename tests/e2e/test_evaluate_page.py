"""The Evaluate page on a really trained run, checked against scikit-learn and plain NumPy."""

import re

import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import Page, expect
from sklearn import metrics

from core.analysis.metrics import DISPUTED_TEST_LABELS
from core.config import RunConfig
from core.data import load_mnist
from core.runs import Run
from core.status import Request, State
from tests.e2e.controls import pick
from tests.e2e.figures import click_image, settle
from tests.e2e.server import Server, wait_for
from tests.e2e.test_runs_page import tick

Y_TEST = load_mnist().y_test


def open_part(page: Page, server: Server, run: Run, part: str, **choices: object) -> None:
    """Open the address of a part of the page."""
    query = "".join(f"&{name}={value}" for name, value in choices.items())
    page.goto(f"{server.url}/evaluate?run={run.id}&evaluate={part}{query}")
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


def captions(page: Page, key: str) -> list[str]:
    """The captions of a grid of images, a string each."""
    texts = page.locator(f".st-key-{key} .annotation-text").all()
    return ["\n".join(text.locator("tspan.line").all_text_contents()) for text in texts]


def expect_first_caption(page: Page, key: str, text: str) -> None:
    """Wait for the grid of images of which the first has this in its caption."""
    expect(page.locator(f".st-key-{key} .annotation-text").first).to_contain_text(text)


def choose(page: Page, box: str, option: str) -> None:
    page.get_by_role("combobox", name=box).click()
    page.get_by_role("option", name=option, exact=True).click()


def test_scores_and_report(page: Page, server: Server, trained: Run) -> None:
    probabilities = trained.test_probabilities(3)
    predicted = probabilities.argmax(axis=1)
    accuracy = metrics.accuracy_score(Y_TEST, predicted)
    kept = np.setdiff1d(np.arange(len(Y_TEST)), DISPUTED_TEST_LABELS)
    undisputed = metrics.accuracy_score(Y_TEST[kept], predicted[kept])
    loss = trained.history["test_loss"].iloc[2]

    open_part(page, server, trained, "Report")
    expect(metric(page, "Test accuracy")).to_contain_text(f"{100 * accuracy:.2f} %")
    expect(metric(page, "Without disputed labels")).to_contain_text(f"{100 * undisputed:.2f} %")
    expect(metric(page, "Test loss")).to_contain_text(f"{loss:.4f}")
    expect(metric(page, "Wrong answers")).to_contain_text(f"{(predicted != Y_TEST).sum():,}")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download as CSV", exact=True).click()
    table = pd.read_csv(download.value.path(), index_col="class")
    reference = metrics.classification_report(Y_TEST, predicted, output_dict=True)
    for name in [*map(str, range(10)), "macro avg", "weighted avg"]:
        assert table.loc[name].tolist() == pytest.approx(list(reference[name].values()))
    assert table.loc["accuracy", "f1"] == pytest.approx(reference["accuracy"])


def test_a_clicked_cell_shows_its_images_and_the_epochs_move_it(
    page: Page, server: Server, trained: Run
) -> None:
    def in_cell(epoch: int) -> tuple[np.ndarray, np.ndarray]:
        """The images of 9 that were taken for a 4, the least expected first."""
        probabilities = trained.test_probabilities(epoch)
        indices = np.flatnonzero((Y_TEST == 9) & (probabilities.argmax(axis=1) == 4))
        return indices[np.argsort(probabilities[indices, 9], kind="stable")], probabilities

    open_part(page, server, trained, "Confusion")
    expect(page.get_by_text("Click a cell of the matrix")).to_be_visible()
    click_cell(page, true=9, predicted=4)
    indices, probabilities = in_cell(epoch=3)
    expect(page.get_by_text(f"{len(indices):,} images, the least expected")).to_be_visible()
    expect(page).to_have_url(re.compile("cell_true=9(&|$)"))
    expect(page).to_have_url(re.compile("cell_predicted=4(&|$)"))
    expect_first_caption(page, "cell_images", f"{probabilities[indices[0], 9]:.2f}")

    click_image(page, "cell_images", 1)
    expect(page.get_by_text(f"No. {indices[1]}: true label 9, predicted 4")).to_be_visible()
    expect(page).to_have_url(re.compile(f"test_image={indices[1]}(&|$)"))

    canvas = page.locator(".st-key-confusion_matrix canvas").first
    canvas.evaluate("element => element.isTheSame = true")
    page.get_by_role("slider", name="After epoch").press("Home")
    indices, probabilities = in_cell(epoch=1)
    expect(page.get_by_text(f"{len(indices):,} images, the least expected")).to_be_visible()
    wrong = (probabilities.argmax(axis=1) != Y_TEST).sum()
    expect(metric(page, "Wrong answers")).to_contain_text(f"{wrong:,}")
    assert canvas.evaluate("element => element.isTheSame === true")

    click_cell(page, true=0, predicted=0)
    zeros = ((Y_TEST == 0) & (probabilities.argmax(axis=1) == 0)).sum()
    expect(page.get_by_text(f"{zeros:,} images, the least expected")).to_be_visible()


def test_a_cell_or_an_image_that_was_clicked_before_is_chosen_again(
    page: Page, server: Server, trained: Run
) -> None:
    def expect_cell(true: str, predicted: str) -> None:
        expect(page.get_by_role("combobox", name="True label")).to_have_value(true)
        expect(page.get_by_role("combobox", name="Predicted")).to_have_value(predicted)

    open_part(page, server, trained, "Confusion")
    click_cell(page, true=9, predicted=4)
    expect_cell("9", "4")
    choose(page, "True label", "4")
    expect_cell("4", "4")
    click_cell(page, true=9, predicted=4)
    expect_cell("9", "4")
    click_cell(page, true=9, predicted=4)
    expect_cell("", "")
    click_cell(page, true=9, predicted=4)
    expect_cell("9", "4")

    probabilities = trained.test_probabilities(3)
    indices = np.flatnonzero((Y_TEST == 9) & (probabilities.argmax(axis=1) == 4))
    first = indices[np.argsort(probabilities[indices, 9], kind="stable")][0]
    number = page.get_by_role("spinbutton", name="Test image")
    for other in ("8528", None):
        click_image(page, "cell_images", 0)
        expect(page.get_by_text(f"No. {first}: true label 9")).to_be_visible()
        if other:
            number.fill(other)
            number.press("Enter")
            expect(page.get_by_text(f"No. {other}")).to_be_visible()


def test_errors_are_ranked_filtered_and_shown_large(
    page: Page, server: Server, trained: Run
) -> None:
    probabilities = trained.test_probabilities(2).astype(float)
    predicted = probabilities.argmax(axis=1)
    wrong = np.flatnonzero(predicted != Y_TEST)
    p_true, p_predicted = probabilities[wrong, Y_TEST[wrong]], probabilities.max(axis=1)[wrong]
    order = np.argsort(p_true - p_predicted, kind="stable")
    ranked = wrong[order]

    open_part(page, server, trained, "Errors", epoch=2)
    expect(page.get_by_text(f"6 of {len(wrong):,} errors")).to_be_visible()
    expect(page.locator(".st-key-error_images .annotation-text")).to_have_count(6)
    for place, caption in enumerate(captions(page, "error_images")):
        index = ranked[place]
        assert f"{Y_TEST[index]} → {predicted[index]}" in caption
        assert f"{p_true[order][place]:.2f} → {p_predicted[order][place]:.2f}" in caption
        assert ("label disputed" in caption) == (index in DISPUTED_TEST_LABELS)

    click_image(page, "error_images", 4)
    expect(page.get_by_text(f"No. {ranked[4]}: true label {Y_TEST[ranked[4]]}")).to_be_visible()
    expect(page.get_by_text("Probabilities after epoch 2")).to_be_visible()

    fives = [index for index in ranked if Y_TEST[index] == 5]
    choose(page, "True label", "5")
    expect(page.get_by_text(f"{min(6, len(fives))} of {len(fives)} errors")).to_be_visible()
    expect_first_caption(page, "error_images", f"5 → {predicted[fives[0]]}")
    click_image(page, "error_images", 0)
    expect(page.get_by_text(f"No. {fives[0]}: true label 5")).to_be_visible()


def test_disputed_labels_carry_their_badge(page: Page, server: Server, trained: Run) -> None:
    open_part(page, server, trained, "Errors", test_image=8527)
    expect(page.get_by_text("No. 8527: true label 4")).to_be_visible()
    badge = page.locator(".stMarkdownBadge", has_text="label disputed")
    expect(badge.first).to_be_visible()
    number = page.get_by_role("spinbutton", name="Test image")
    number.fill("8528")
    number.press("Enter")
    expect(page.get_by_text("No. 8528")).to_be_visible()
    expect(badge).to_have_count(0)


def test_threshold_and_calibration(page: Page, server: Server, trained: Run) -> None:
    probabilities = trained.test_probabilities(3).astype(float)
    scores = probabilities[:, 8] / probabilities.sum(axis=1)
    called, is_eight = scores >= 0.9, Y_TEST == 8
    open_part(page, server, trained, "Probabilities", detected_digit=8, threshold=0.9)
    precision = metrics.precision_score(is_eight, called)
    expect(metric(page, "Precision")).to_contain_text(f"{100 * precision:.2f} %")
    recall = metrics.recall_score(is_eight, called)
    expect(metric(page, "Recall")).to_contain_text(f"{100 * recall:.2f} %")
    expect(metric(page, "False positives")).to_contain_text(f"{(called & ~is_eight).sum():,}")
    area = metrics.roc_auc_score(is_eight, scores)
    expect(page.get_by_text(f"ROC curve, area {area:.4f}")).to_be_visible()

    page.get_by_role("tab", name="Calibration").click()
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == Y_TEST
    bins = np.ceil(confidence.clip(max=1) * 10)
    error = sum(abs((right - confidence)[bins == place].sum()) for place in range(1, 11)) / 10_000
    expect(metric(page, "Expected calibration error")).to_contain_text(f"{100 * error:.2f} %")


def expect_epoch(page: Page, epoch: int) -> None:
    """Wait for the slider at this epoch; a shorter one stays until the page has run to its end."""
    sliders = page.locator("input[aria-label='After epoch']")
    expect(sliders.and_(page.locator(f"[aria-valuetext='{epoch}']"))).to_have_count(1)
    settle(page)
    expect(sliders).to_have_count(1)


def test_a_run_that_trains_is_followed_and_another_one_picked(
    page: Page, server: Server, trained: Run
) -> None:
    run = server.runs.create(RunConfig(hidden=(64,), epochs=200), name="still training")
    wait_for(lambda: len(run.history) >= 2, "two epochs", deadline=120)
    run.ask(Request.PAUSE)
    wait_for(lambda: run.status.state is State.PAUSED, "the pause")
    first = len(run.history)
    open_part(page, server, run, "Report")
    slider = page.get_by_role("slider", name="After epoch")
    expect_epoch(page, first)
    run.ask(Request.RUN)
    wait_for(lambda: len(run.history) > first, "another epoch", deadline=120)
    run.ask(Request.STOP)
    wait_for(lambda: run.status.state is State.STOPPED, "the run to stop")
    expect_epoch(page, run.status.final_epoch)
    slider.press("ArrowLeft")
    expect(page).to_have_url(re.compile(f"[?&]epoch={run.status.final_epoch - 1}(&|$)"))

    pick(page, "Run", "a trained run")
    loss = trained.history["test_loss"].iloc[2]
    expect(metric(page, "Test loss")).to_contain_text(f"{loss:.4f}")
    expect(page).to_have_url(re.compile(f"run={trained.id}"))
    expect(page).not_to_have_url(re.compile("[?&]epoch="))


def test_an_epoch_chosen_in_one_run_is_not_carried_into_another(
    page: Page, server: Server, trained: Run
) -> None:
    config = RunConfig(hidden=(16,), epochs=3, training_images=1000)
    other = server.runs.create(config, name="another run")
    wait_for(lambda: other.status.state is State.FINISHED, "the other run", deadline=120)
    page.goto(f"{server.url}/evaluate?run={trained.id}&epoch=2")
    expect_epoch(page, 2)
    page.get_by_test_id("stTopNavLink").filter(has_text="Runs").click()
    tick(page, 0)
    expect(page.get_by_role("heading", name=other.name, exact=True)).to_be_visible()
    page.get_by_test_id("stPageLink").filter(has_text="Evaluate").click()
    expect(page).to_have_url(re.compile(f"/evaluate.*run={other.id}"))
    expect_epoch(page, 3)
    expect(page).not_to_have_url(re.compile("[?&]epoch="))
