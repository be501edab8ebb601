"""The Sweep page as a person uses it: started, interrupted by a restart, looked at, clicked."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from core.runs import RunStore
from core.runs.status import Request, State
from core.sweep.store import Sweep, SweepStore
from core.sweep.study import load_study, trial_table
from tests.e2e.controls import click, press
from tests.e2e.figures import click_point
from tests.e2e.server import WAKE, Server, wait_for

SMALL = "hidden=16&epochs=3&training_images=1000"
FIGURES = ("Epochs", "Parallel", "Importances", "Slices", "Contour", "Timeline")

pytestmark = pytest.mark.apart  # it kills servers and workers


@pytest.fixture
def own_server(tmp_path: Path):
    server = Server(tmp_path)
    yield server
    server.stop()


@pytest.fixture
def page(context: BrowserContext):
    with context.new_page() as page:
        yield page


def start_sweep(page: Page, runs: RunStore) -> Sweep:
    """Press the button, and return the sweep that comes of it."""
    sweeps = SweepStore(runs)
    press(page, "Start the sweep")
    wait_for(lambda: sweeps.list(), "the sweep")
    return sweeps.list()[0]


def await_trials(sweep: Sweep, count: int) -> None:
    """Wait until so many trials are complete; one of them waits for a worker that still starts."""
    for done in range(sweep.status.complete + 1, count + 1):
        wait_for(lambda done=done: sweep.status.complete >= done, f"trial {done}", deadline=WAKE)


def states(runs: RunStore) -> set[State]:
    return {run.status.state for run in runs.list()}


def test_twelve_runs_with_a_restart_in_the_middle(page: Page, own_server: Server) -> None:
    page.goto(f"{own_server.url}/sweep?{SMALL}&sweep_trials=12")
    expect(page.get_by_text(re.compile(r"12 runs · about"))).to_be_visible()
    sweep = start_sweep(page, own_server.runs)
    wait_for(lambda: states(own_server.runs) - {State.QUEUED}, "a worker", deadline=WAKE)
    await_trials(sweep, 4)
    sweep.request(Request.PAUSE)
    wait_for(lambda: not sweep.has_work, "the run under way to end")
    expect(page.get_by_text(f"{sweep.status.complete} of 12 trials")).to_be_visible()
    expect(page).to_have_url(re.compile(f"sweep={sweep.id}"))
    press(page, "Resume")
    wait_for(lambda: sweep.status.in_flight, "another run")
    own_server.kill()
    assert sweep.status.complete < 12
    own_server.start()
    page.goto(f"{own_server.url}/sweep?sweep={sweep.id}")
    await_trials(sweep, 12)
    expect(page.get_by_text("12 of 12 trials")).to_be_visible()

    trials = trial_table(load_study(sweep), ["dropout", "l2"])
    counted = trials[trials["state"] == "complete"]
    assert len(counted) == 12
    assert len({tuple(row) for row in counted[["dropout", "l2"]].to_numpy()}) == 12
    runs = own_server.runs.list()
    assert sorted(run.id for run in runs) == sorted(ids[0] for ids in counted["runs"])
    assert states(own_server.runs) == {State.FINISHED}

    check_figures(page)
    best = counted.loc[counted["value"].idxmax()]
    expect(page.get_by_test_id("stMetricValue").first).to_have_text(f"{100 * best.value:.2f} %")
    check_click(page, best.number, best.value, best.runs[0])
    page.goto(f"{own_server.url}/sweep?sweep={sweep.id}")
    click(page.get_by_role("link", name="Open the best run"))
    expect(page).to_have_url(re.compile(f"/evaluate.*run={best.runs[0]}"))
    expect(page.get_by_role("heading", name="Evaluate")).to_be_visible()


def check_figures(page: Page) -> None:
    for title in FIGURES:
        page.get_by_role("tab", name=title).click()
        expect(page.locator(f".st-key-sweep_{title.lower()} .js-plotly-plot")).to_be_visible()
        if title == "Importances":
            expect(page.get_by_text("With 12 complete trials, importances")).to_be_visible()
    page.get_by_role("tab", name="Trials").click()
    expect(page.locator(".st-key-trials_table canvas").first).to_be_visible()
    page.get_by_role("tab", name="History").click()


def check_click(page: Page, number: int, value: float, run_id: str) -> None:
    """A click on the point of a trial opens its run."""
    click_point(page, "sweep_history", number, 100 * value)
    expect(page).to_have_url(re.compile(f"/train.*run={run_id}"))
    expect(page.get_by_text("Test accuracy", exact=True)).to_be_visible()
