"""The Curves page on really trained runs, checked against their history.csv."""

import re

import pandas as pd
import pytest
from playwright.sync_api import Page, expect

from core.config import RunConfig
from core.runs import Run
from core.status import State
from tests.e2e.controls import pick
from tests.e2e.server import Server, wait_for


@pytest.fixture(scope="module")
def plain(server: Server) -> Run:
    """A finished run without dropout and L2."""
    config = RunConfig(hidden=(16,), epochs=2, training_images=1_000, validation_share=0.05)
    run = server.runs.create(config, name="a plain run")
    wait_for(lambda: run.status.state is State.FINISHED, "the run to finish", deadline=180)
    return run


def label(run: Run) -> str:
    return f"{run.name} · {run.record.created.astimezone():%d %b %H:%M:%S}"


def history(run: Run) -> pd.DataFrame:
    return pd.read_csv(run.path / "history.csv")


def best_row(run: Run) -> list[str]:
    """The run's row in the table of best epochs, without the last column."""
    rows = history(run)
    best = rows.loc[rows["validation_loss"].idxmin()]
    return [
        run.name,
        str(len(rows)),
        f"{best['epoch']:.0f}",
        f"{best['validation_loss']:.4f}",
        f"{100 * best['validation_accuracy']:.2f} %",
    ]


def expect_best(page: Page, *runs: Run) -> None:
    cells = page.locator(".st-key-best_epochs td")
    for row, run in enumerate(runs):
        for column, text in enumerate(best_row(run)):
            expect(cells.nth(6 * row + column)).to_have_text(text)
    expect(cells).to_have_count(6 * len(runs))


def test_without_a_choice_the_page_says_what_to_do(page: Page, server: Server, plain: Run) -> None:
    page.goto(f"{server.url}/curves")
    expect(page.get_by_text("Choose a run above, or train one.")).to_be_visible()
    expect(page.get_by_role("link", name="Train a network")).to_be_visible()


def test_another_run_is_laid_over_the_first(
    page: Page, server: Server, trained: Run, plain: Run
) -> None:
    page.goto(f"{server.url}/curves?run={trained.id}")
    expect_best(page, trained)
    pick(page, "Compare with", label(plain))
    expect_best(page, trained, plain)
    expect(page.get_by_label("Loss of a trained run, a plain run", exact=True)).to_be_visible()
    expect(page).to_have_url(re.compile(f"curves_others={plain.id}"))
    plain.mark(name="another name")  # breaks no link
    page.goto(page.url)
    expect_best(page, trained, plain)
    plain.mark(name="")


def test_a_link_to_an_old_run_shows_it_however_many_came_after(
    page: Page, server: Server, trained: Run, plain: Run
) -> None:
    newer = [server.runs.create(RunConfig(), state=State.FINISHED) for _ in range(201)]
    page.goto(f"{server.url}/curves?run={trained.id}&curves_others={plain.id}")
    expect_best(page, trained, plain)
    for run in newer:
        server.runs.delete(run.id)


def test_runs_of_one_name_and_second_are_told_apart(
    page: Page, server: Server, trained: Run
) -> None:
    twins = [
        server.runs.create(RunConfig(), name="a twin", state=State.STOPPED) for _ in range(3)
    ]  # of which two at least are of one second
    page.goto(f"{server.url}/curves?run={trained.id}")
    page.get_by_role("combobox", name="Compare with").fill("a twin")
    options = page.get_by_role("option", name=re.compile("^a twin"))
    expect(options).to_have_count(3)
    texts = options.all_inner_texts()
    assert len(set(texts)) == 3
    assert sum(twin.id[-6:] in text for twin in twins for text in texts) >= 2
    for twin, text in zip(reversed(twins), texts, strict=True):
        page.goto(f"{server.url}/curves?run={trained.id}")
        pick(page, "Compare with", text)
        expect(page).to_have_url(re.compile(f"curves_others={twin.id}"))
        page.keyboard.press("Escape")
        pick(page, "Run", text)
        expect(page).to_have_url(re.compile(f"[?&]run={twin.id}"))
    for twin in twins:
        server.runs.delete(twin.id)


def test_a_damaged_history_of_a_run_under_way_is_told(
    page: Page, server: Server, trained: Run
) -> None:
    run = server.runs.create(RunConfig(), name="a broken run", state=State.RUNNING)
    (run.path / "history.csv").write_text("rubbish")
    page.goto(f"{server.url}/curves?run={run.id}")
    expect(page.get_by_text("This run cannot be shown")).to_be_visible()
    expect(page.get_by_text("history.csv of run")).to_be_visible()
    page.goto(f"{server.url}/curves?run={trained.id}&curves_others={run.id}")
    expect(page.get_by_text("history.csv of run")).to_be_visible()
    expect_best(page, trained)
    server.runs.delete(run.id)


def test_the_two_training_losses_are_told_apart(
    page: Page, server: Server, trained: Run, plain: Run
) -> None:
    page.goto(
        f"{server.url}/curves?curves=Two+training+losses"
        f"&curves_regularized={trained.id}&curves_plain={plain.id}"
    )
    for run in (trained, plain):
        last = history(run).iloc[-1]
        sentence = page.get_by_text(
            f"In epoch {last['epoch']:.0f} the training loss is {last['running_loss']:.4f} as "
            f"reported while fitting and {last['train_loss']:.4f} as measured afterwards"
        )
        expect(sentence).to_be_visible()
        expect(sentence).to_contain_text("the weights still move")
    dropout = page.get_by_text("dropout switches off 20 % of the hidden units")
    expect(dropout).to_have_count(1)
    expect(dropout).to_contain_text(f"{history(trained).iloc[-1]['l2_penalty']:.4f}")


def test_curves_of_a_run_that_trains_grow_in_place(page: Page, server: Server) -> None:
    config = RunConfig(hidden=(256, 256), epochs=200)
    run = server.runs.create(config, name="a long run")
    wait_for(lambda: len(run.history) >= 1, "the first epoch")
    page.goto(f"{server.url}/curves?run={run.id}")
    canvas = page.locator(".st-key-curves_loss canvas").first
    canvas.evaluate("element => element.isTheSame = true")
    epochs = page.locator(".st-key-best_epochs td").nth(1)
    first = epochs.inner_text()
    expect(epochs).not_to_have_text(first)
    assert int(epochs.inner_text()) > int(first)
    assert canvas.evaluate("element => element.isTheSame === true")
