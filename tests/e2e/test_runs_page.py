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
from core.status import State
from tests.e2e.controls import press
from tests.e2e.figures import settle
from tests.e2e.server import Server, wait_for

SLOW = RunConfig(hidden=(256, 256), epochs=200)
NAMES = ["zebra one", "zebra two", "zebra <b>three</b> **x**"]


@pytest.fixture
def zebras(server: Server):
    """Three ended runs that differ in dropout and hidden layers; deleted afterwards."""
    configs = [RunConfig(), RunConfig(dropout=0.5), RunConfig(dropout=0.25, hidden=(64,))]
    runs = [
        server.runs.create(config, name=name, state=State.FINISHED)
        for config, name in zip(configs, NAMES, strict=True)
    ]
    yield runs
    for run in {run.id for run in runs} & {run.id for run in server.runs.list()}:
        server.runs.delete(run)


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


def heading(page: Page, text: str):
    return page.get_by_role("heading", name=text, exact=True)


def test_search_filter_and_sort_are_in_the_link(
    page: Page, server: Server, zebras: list[Run]
) -> None:
    plain, half, quarter = zebras
    open_runs(page, server)
    expect_listed(page, quarter, half, plain)
    heads = page.locator(".st-key-runs_table th")
    for title, count in {"Hidden layers": 1, "Dropout": 1, "Optimizer": 0}.items():
        expect(heads.filter(has_text=re.compile(f"^{title}$"))).to_have_count(count)

    page.get_by_role("textbox", name="Search").fill("zebra two")
    page.get_by_role("textbox", name="Search").press("Enter")
    expect_listed(page, half)
    expect(page).to_have_url(re.compile(r"runs_search=zebra(\+|%20)two"))

    open_runs(page, server, "runs_search=zebra&runs_filters=Dropout&runs_sort=Dropout")
    page.get_by_label("Dropout at least").fill("0.2")
    page.get_by_label("Dropout at least").press("Enter")
    expect_listed(page, half, quarter)
    page.goto(page.url)
    expect_listed(page, half, quarter)


def test_a_filter_stays_though_no_run_is_like_it(
    page: Page, server: Server, zebras: list[Run]
) -> None:
    *_, quarter = zebras
    link = "runs_search=zebra&runs_filters=State&runs_filters=Name&runs_is_state=failed"
    open_runs(page, server, f"{link}&runs_is_name=zebra+gone")
    expect(page.get_by_text("No run is like this.")).to_be_visible()
    chosen = page.get_by_test_id("stMultiSelect")
    expect(chosen.filter(has_text="failed")).to_be_visible()
    expect(chosen.filter(has_text="zebra gone")).to_be_visible()

    open_runs(page, server, "runs_search=zebra&runs_filters=State&runs_is_state=finished")
    expect_listed(page, *zebras[::-1])
    page.get_by_role("textbox", name="Search").fill("no such run")
    page.get_by_role("textbox", name="Search").press("Enter")
    expect(page.get_by_text("No run is like this.")).to_be_visible()
    expect(page).to_have_url(re.compile("runs_is_state=finished"))
    quarter.write_status(quarter.status.model_copy(update={"state": State.STOPPED}))
    page.get_by_role("textbox", name="Search").fill("zebra")
    page.get_by_role("textbox", name="Search").press("Enter")
    expect_listed(page, *zebras[1::-1])


def test_a_run_is_chosen_renamed_noted_and_pinned(
    page: Page, server: Server, zebras: list[Run]
) -> None:
    plain, half, quarter = zebras
    open_runs(page, server)
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


def test_a_link_chooses_runs_and_deleting_asks_first(
    page: Page, server: Server, zebras: list[Run]
) -> None:
    plain, half, quarter = zebras
    open_runs(page, server, f"runs_search=zebra&runs={plain.id},{quarter.id}")
    expect(heading(page, "2 runs chosen")).to_be_visible()
    press(page, "Delete")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("listitem")).to_have_text([plain.name, quarter.name])
    dialog.get_by_role("button", name="Cancel").click()
    expect(dialog).to_have_count(0)
    assert plain.path.is_dir()
    press(page, "Delete")
    dialog.get_by_role("button", name="Delete").click()
    expect_listed(page, half)
    assert not plain.path.exists()
    assert not quarter.path.exists()
    expect(page).not_to_have_url(re.compile("runs="))


def test_a_run_that_trains_is_stopped_and_deleted_for_both_who_look(
    page: Page, server: Server, trained: Run
) -> None:
    run = server.runs.create(SLOW, name="zebra that trains")
    wait_for(lambda: run.status.state is State.RUNNING, "the training")
    with page.context.new_page() as second:
        for one in (page, second):
            open_runs(one, server, f"runs_search=zebra&runs={run.id}")
            expect(heading(one, run.name)).to_be_visible()
        press(second, "Rename, note")
        epochs = len(run.history)
        wait_for(lambda: len(run.history) >= epochs + 3, "the page to run again meanwhile")
        expect(second.get_by_role("dialog")).to_be_visible()
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
    page.get_by_role("button", name="Download", exact=True).click()
    assert download("Network (.keras)").read_bytes() == trained.model_path.read_bytes()
    history = pd.read_csv(StringIO(download("History (CSV)").read_text()))
    pd.testing.assert_frame_equal(history, trained.history)
    config = json.loads(download("Configuration (JSON)").read_text())
    assert RunConfig.model_validate(config) == trained.config
    ast.parse(download("Script (.py)").read_text())
    assert json.loads(download("Notebook (.ipynb)").read_text())["nbformat"] == 4


def test_a_run_is_duplicated_into_the_form(page: Page, server: Server, zebras: list[Run]) -> None:
    *_, quarter = zebras
    page.goto(f"{server.url}/train?hidden=8-8-8")
    expect(page.get_by_label("Units in hidden layer 3")).to_have_value("8")
    open_runs(page, server, f"runs_search=zebra&runs={quarter.id}")
    page.get_by_role("link", name="Duplicate into the form").click()
    expect(page.get_by_label("Units in hidden layer 1")).to_have_value("64")
    expect(page).to_have_url(re.compile("dropout=0.25"))


def test_a_link_to_runs_that_are_gone_says_so(page: Page, server: Server) -> None:
    run = server.runs.create(RunConfig(), name="zebra", state=State.FINISHED)
    open_runs(page, server, f"runs_search=zebra&runs=../../etc,{run.id}")
    expect(page.get_by_text("there is no run '../../etc'")).to_be_visible()
    expect(heading(page, "zebra")).to_be_visible()
    server.runs.delete(run.id)
