"""The course as a student takes it: the first network, a form filled in, and one's own hand."""

import re
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from core.course.load import load_course
from core.data import load_mnist
from core.drawing.collection import DrawingStore
from core.runs import Run
from core.runs.status import State
from tests.e2e.controls import click, press, press_train
from tests.e2e.figures import settle
from tests.e2e.server import Server, wait_for
from tests.e2e.test_draw_page import SEVEN, answer, await_served, canvas, draw, drawings

__all__ = ["drawings"]  # a fixture

LESSONS = load_course().lessons
NETWORK, DROPOUT, HAND = (
    LESSONS[name] for name in ("02-first-network", "07-dropout", "12-your-own-hand")
)


@pytest.fixture
def beginner(server: Server) -> Iterator[Server]:
    """The server, on which nobody has begun the course before or after."""
    shutil.rmtree(server.runs.root / "course", ignore_errors=True)
    yield server
    shutil.rmtree(server.runs.root / "course", ignore_errors=True)


def bar(page: Page) -> Locator:
    return page.locator(".st-key-lesson_bar")


def step(page: Page, name: str) -> Locator:
    return page.locator(f".st-key-step_{name}")


def expect_answer(page: Page, text: str) -> None:
    """Say that one expects this."""
    click(step(page, "predict").get_by_text(text, exact=True))
    press(page, "This is what I expect")
    expect(page.get_by_text(f"You said: {text}")).to_be_visible()


def follow(where: Locator, name: str) -> None:
    click(where.get_by_role("link", name=name))


def await_run(server: Server, before: set[str]) -> Run:
    """The run that was not there before."""
    runs = server.runs
    wait_for(lambda: {run.id for run in runs.list()} - before, "the run")
    (run,) = (run for run in runs.list() if run.id not in before)
    return run


def await_end(run: Run) -> None:
    wait_for(
        lambda: run.status.state is State.FINISHED,
        "the network to be trained, which a busy machine takes minutes for",
        deadline=240,
    )


def check_explanation(page: Page, expected: str, right: str, *numbers: str) -> None:
    """What was expected stands beside what was so, with numbers of one's own run."""
    explained = step(page, "explain")
    expect(explained.get_by_text("You expected", exact=True)).to_be_visible()
    expect(explained).to_contain_text(expected)
    expect(explained).to_contain_text(right)
    for number in numbers:
        expect(explained).to_contain_text(number)
    expect(explained.get_by_text(re.compile("done$"))).to_be_visible()


@pytest.fixture
def before(beginner: Server) -> set[str]:
    """The runs that there are already."""
    return {run.id for run in beginner.runs.list()}


def test_the_first_network_is_trained_at_one_press_and_reads_ones_own_hand(
    page: Page, beginner: Server, before: set[str], drawings: DrawingStore
) -> None:
    page.goto(f"{beginner.url}/learn")
    page.get_by_role("link", name=f"2 · {NETWORK.title}").click()
    wrong = NETWORK.predict.answers[-1].text
    expect_answer(page, wrong)
    press(page, "Train it")
    run = await_run(beginner, before)
    await_end(run)
    expect(bar(page)).to_contain_text(NETWORK.see.text)
    follow(bar(page), "Go there")
    expect(page).to_have_url(re.compile(f"/curves.*run={run.id}"))
    expect(bar(page)).to_contain_text("Read what happened in your own run")
    page.reload()
    follow(bar(page), "The lesson")
    history = run.history
    reached = history[history["validation_accuracy"] >= 0.95]["epoch"].iloc[0]
    check_explanation(
        page,
        wrong,
        NETWORK.predict.right_answer(int(reached)).text,
        f"right on 95 %: {reached}.",
        f"{100 * history['test_accuracy'].iloc[-1]:.2f} %",
    )
    press(page, "Next lesson")
    expect(page.get_by_text("Lesson 3 of 12")).to_be_visible()

    page.goto(f"{beginner.url}/learn?lesson={HAND.id}")
    expect_answer(page, HAND.predict.answers[3].text)
    press(page, "Words")
    expect(page.get_by_text("The middle of the ink")).to_be_visible()
    page.keyboard.press("Escape")
    follow(step(page, "do"), "Go there")
    canvas(page).wait_for(state="visible")
    expect(bar(page)).to_contain_text(HAND.do.text)
    press(page, "Leave")
    expect(bar(page)).to_have_count(0)
    settle(page)  # what stood below the bar is drawn anew
    draw(page, SEVEN)
    await_served(page)
    press(page, "7")
    expect(answer(page)).to_have_count(0)
    (drawing,) = drawings.load_all()
    for _ in range(9):
        drawings.add(load_mnist().x_test[0] / 255, 7, drawing.owner)
    page.goto(f"{beginner.url}/learn?lesson={HAND.id}")
    follow(step(page, "see"), "Go there")
    expect(page.get_by_text("How this run reads them")).to_be_visible()
    follow(bar(page), "The lesson")
    check_explanation(page, HAND.predict.answers[3].text, "It read", "of your 10 digits")


def test_the_form_is_filled_in_for_a_lesson(page: Page, beginner: Server, before: set[str]) -> None:
    page.goto(f"{beginner.url}/learn?lesson={DROPOUT.id}")
    expect_answer(page, DROPOUT.predict.answers[0].text)
    follow(step(page, "do"), "Fill in the form for it")
    expect(bar(page)).to_contain_text(DROPOUT.do.text)
    expect(page).to_have_url(re.compile("dropout=0.5"))
    press_train(page)
    (wanted,) = DROPOUT.runs
    assert wanted.fits(await_run(beginner, before).config)
