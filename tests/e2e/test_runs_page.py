"""The Runs page in Chromium, on runs of its own among those of other tests."""

import ast
import json
import re
from io import StringIO
from pathlib import Path

import pandas as pd
import pytest
from playwright.sync_api import Page, expect

from core.config import RunConfig
from core.runs import Run
from core.runs.status import State, Trial
from tests.e2e.controls import press
from tests.e2e.figures import settle
from tests.e2e.server import WAKE, Server, wait_for

SLOW = RunConfig(hidden=(16,), epochs=200, batch_size=64)


@pytest.fixture
def zebras(server: Server):
    """Three ended runs, oldest first; deleted afterwards."""
    names = ["zebra one", "zebra two", "zebra <b>three</b> **x**"]
    runs = [server.runs.create(RunConfig(), name=name, state=State.FINISHED) for name in names]
    yield runs
    for run in runs:
        server.runs.delete(run.id)


def open_runs(page: Page, server: Server, query: str = "runs_search=zebra") -> None:
    page.goto(f"{server.url}/runs?{query}")


def expect_listed(page: Page, *runs: Run) -> None:
    """The table names exactly these runs, in this order."""
    names = page.locator(".st-key-runs_table td").filter(has_text="zebra")
    expect(names).to_have_text([run.name for run in runs])


def tick(page: Page, row: int) -> None:
    """Tick a row of the table, from 0, in its first column."""
    canvas = page.locator(".st-key-runs_table canvas").first
    expect(canvas).to_be_visible()
    settle(page)
    canvas.click(position={"x": 16, "y": 37 + 35 * row + 17}, force=True)


def press_trials(page: Page, row: int) -> None:
    """Press the button of a sweep's row, from 0, in the column right of the names."""
    settle(page)
    canvas = page.locator(".st-key-runs_table canvas").first
    canvas.click(position={"x": 260, "y": 37 + 35 * row + 17}, force=True)


def heading(page: Page, text: str):
    return page.get_by_role("heading", name=text, exact=True)


def test_a_run_is_found_ticked_renamed_and_pinned(
    page: Page, server: Server, zebras: list[Run]
) -> None:
    plain, half, quarter = zebras
    open_runs(page, server)
    expect_listed(page, quarter, half, plain)
    search = page.get_by_role("textbox", name="Search")
    search.fill("zebra two")
    search.press("Enter")
    expect_listed(page, half)
    expect(page).to_have_url(re.compile(r"runs_search=zebra(\+|%20)two"))
    search.fill("zebra")
    search.press("Enter")
    expect_listed(page, quarter, half, plain)
    tick(page, 2)
    expect(heading(page, plain.name)).to_be_visible()
    expect(page).to_have_url(re.compile(f"runs={plain.id}(&|$)"))

    press(page, "Rename, note")
    page.get_by_label("Name", exact=True).fill("zebra *renamed*")
    page.get_by_label("Note", exact=True).fill("# a note <script>")
    press(page, "Save")
    expect(heading(page, "zebra *renamed*")).to_be_visible()
    expect(page.get_by_text("# a note <script>", exact=True).first).to_be_visible()
    assert (plain.name, plain.label.note) == ("zebra *renamed*", "# a note <script>")

    press(page, "Pin")
    expect(page.get_by_role("button", name="Unpin", exact=True)).to_be_visible()
    expect_listed(page, plain, quarter, half)
    expect(heading(page, "zebra *renamed*")).to_be_visible()


def test_the_runs_of_a_sweep_are_shown_by_a_press(page: Page, server: Server) -> None:
    trials = [Trial(sweep="20260101-000000-000000", number=number) for number in range(3)]
    runs = [
        server.runs.create(RunConfig(), f"zebra {one.number}", state=State.FINISHED, trial=one)
        for one in trials
    ]
    names = [f"\u2003{run.name}" for run in reversed(runs)]
    table = page.locator(".st-key-runs_table td")
    try:
        open_runs(page, server)
        expect(table.filter(has_text="3 trials")).to_have_count(1)
        expect(table.filter(has_text="zebra")).to_have_count(0)
        press_trials(page, 0)
        expect(table.filter(has_text="zebra")).to_have_text(names)
        tick(page, 2)
        expect(heading(page, runs[1].name)).to_be_visible()
        press_trials(page, 0)
        expect(table.filter(has_text="zebra")).to_have_text(names[1:2])  # the one that is chosen
    finally:
        for run in runs:
            server.runs.delete(run.id)


def test_a_run_that_trains_is_stopped_and_deleted_for_both_who_look(
    page: Page, server: Server, trained: Run
) -> None:
    run = server.runs.create(SLOW, name="zebra that trains")
    wait_for(lambda: run.status.state is State.RUNNING, "the training", deadline=WAKE)
    with page.context.new_page() as second:
        for one in (page, second):
            open_runs(one, server, f"runs_search=zebra&runs={run.id}")
            expect(heading(one, run.name)).to_be_visible()
        press(second, "Rename, note")
        dialog = second.get_by_role("dialog")
        dialog.evaluate("element => element.isTheSame = true")
        epochs = len(run.history)
        wait_for(lambda: len(run.history) >= epochs + 3, "three more epochs", deadline=WAKE)
        assert dialog.evaluate("element => element.isTheSame === true")  # not drawn anew
        press(page, "Delete")
        expect(page.get_by_text("What still trains is stopped first.")).to_be_visible()
        page.get_by_role("dialog").get_by_role("button", name="Delete").click()
        expect(page.get_by_text("No run is like this.")).to_be_visible()
        assert not run.path.exists()
        expect(second.get_by_text("No run is like this.")).to_be_visible()
    assert run.id not in {listed.id for listed in server.runs.list()}


def test_a_run_is_taken_away(page: Page, server: Server, trained: Run) -> None:
    def download(name: str) -> Path:
        with page.expect_download() as download:
            page.get_by_role("button", name=name, exact=True).click()
        return Path(download.value.path())

    open_runs(page, server, f"runs={trained.id}")
    press(page, "Download")
    assert download("Network (.keras)").read_bytes() == trained.model_path.read_bytes()
    history = pd.read_csv(StringIO(download("History (CSV)").read_text()))
    pd.testing.assert_frame_equal(history, trained.history)
    config = json.loads(download("Configuration (JSON)").read_text())
    assert RunConfig.model_validate(config) == trained.config
    ast.parse(download("Script (.py)").read_text())
    assert json.loads(download("Notebook (.ipynb)").read_text())["nbformat"] == 4
