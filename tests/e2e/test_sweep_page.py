"""The Sweep page as a person uses it: started, interrupted by a restart, looked at, clicked."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from core.runs import RunStore
from core.status import State
from core.sweep.store import Sweep, SweepStore
from core.sweep.study import load_study, trial_table
from tests.e2e.server import Server, wait_for

SMALL = "hidden=16&epochs=2&training_images=1000"
FIGURES = ("Epochs", "Parallel", "Importances", "Slices", "Contour", "Timeline")

# Where the chart has a point of these coordinates, in pixels of the window.
_PLACE = """(chart, [x, y]) => {
    const box = chart.getBoundingClientRect(), {xaxis, yaxis, _size} = chart._fullLayout
    return [box.left + _size.l + xaxis.l2p(x), box.top + _size.t + yaxis.l2p(y)]
}"""


@pytest.fixture
def own_server(tmp_path):
    server = Server(tmp_path)
    yield server
    server.stop()


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def newest_sweep(runs: RunStore) -> Sweep:
    wait_for(lambda: SweepStore(runs).list(), "the sweep")
    return SweepStore(runs).list()[0]


def test_twelve_runs_with_a_restart_in_the_middle(page: Page, own_server: Server) -> None:
    page.goto(f"{own_server.url}/sweep?{SMALL}&sweep_trials=12")
    expect(page.get_by_text(re.compile(r"12 runs · at most about"))).to_be_visible()
    press(page, "Start the sweep")
    expect(page.get_by_text(re.compile(r"[1-9]\d* of 12 trials"))).to_be_visible()
    sweep = newest_sweep(own_server.runs)
    assert f"sweep={sweep.id}" in page.url
    wait_for(lambda: sweep.status.complete >= 4, "four trials", deadline=120)
    own_server.kill()
    assert sweep.status.complete < 12
    own_server.start()
    page.goto(f"{own_server.url}/sweep?sweep={sweep.id}")
    expect(page.get_by_text("12 of 12 trials")).to_be_visible(timeout=180_000)

    trials = trial_table(load_study(sweep), ["dropout", "l2"])
    counted = trials[trials["state"] == "complete"]
    assert len(counted) == 12
    assert len({tuple(row) for row in counted[["dropout", "l2"]].to_numpy()}) == 12
    runs = own_server.runs.list()
    assert sorted(run.id for run in runs) == sorted(ids[0] for ids in counted["runs"])
    assert {run.status.state for run in runs} == {State.FINISHED}

    check_figures(page)
    best = counted.loc[counted["value"].idxmax()]
    expect(page.get_by_test_id("stMetricValue").first).to_have_text(f"{100 * best.value:.2f} %")
    check_click(page, best.number, best.value, best.runs[0])
    page.goto(f"{own_server.url}/sweep?sweep={sweep.id}")
    page.get_by_role("link", name="Open the best run").click()
    expect(page).to_have_url(re.compile(f"/evaluate.*run={best.runs[0]}"))
    expect(page.get_by_role("heading", name="Evaluate")).to_be_visible()


def check_figures(page: Page) -> None:
    for title in FIGURES:
        page.get_by_role("tab", name=title).click()
        expect(page.locator(f".st-key-sweep_{title.lower()} .js-plotly-plot")).to_be_visible()
        if title == "Importances":
            expect(page.get_by_text("With 12 complete trials, importances")).to_be_visible()
    page.get_by_role("tab", name="History").click()


def check_click(page: Page, number: int, value: float, run_id: str) -> None:
    """A click on the point of a trial opens its run."""
    chart = page.locator(".st-key-sweep_history .js-plotly-plot")
    expect(chart).to_be_visible()
    page.mouse.click(*chart.evaluate(_PLACE, [float(number), float(value)]))
    expect(page).to_have_url(re.compile(f"/train.*run={run_id}"))
    expect(page.get_by_text("Test accuracy")).to_be_visible()


def test_pause_resume_stop_and_five_seeds(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/sweep?{SMALL}&sweep_trials=300&sweep_sampler=random")
    press(page, "Start the sweep")
    sweep = newest_sweep(server.runs)
    wait_for(lambda: sweep.status.complete >= 1, "a trial", deadline=120)
    press(page, "Pause")
    expect(page.get_by_role("button", name="Resume", exact=True)).to_be_visible()
    wait_for(lambda: not sweep.has_work, "the run under way to end")
    done = sweep.status.done
    press(page, "Resume")
    wait_for(lambda: sweep.status.done > done, "another trial")
    press(page, "Stop")
    wait_for(lambda: sweep.state is State.STOPPED, "the sweep to stop")
    press(page, "Train the best with five seeds")
    expect(page.get_by_text("The best again, from 5 other seeds")).to_be_visible()
    repeats = [run for run in server.runs.list() if run.name.startswith("Best of")]
    assert sorted(run.config.seed for run in repeats) == [1, 2, 3, 4, 5]
    assert len({run.config.model_copy(update={"seed": 0}) for run in repeats}) == 1


def test_what_is_wrong_is_said_in_a_sentence(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/sweep?{SMALL}&vary=Hidden+layers&values_hidden=64,9999")
    expect(page.get_by_text("hidden: 9,999 is out of range; choose 1 to 2,048")).to_be_visible()
    expect(page.get_by_role("button", name="Start the sweep", exact=True)).to_have_count(0)
    page.goto(f"{server.url}/sweep?sweep=nonsense")
    expect(page.get_by_text("there is no sweep")).to_be_visible()


def test_runs_are_deleted_and_renamed_in_another_browser_meanwhile(
    browser: Browser, page: Page, own_server: Server
) -> None:
    page.goto(f"{own_server.url}/sweep?{SMALL}&sweep_trials=24&sweep_sampler=random")
    press(page, "Start the sweep")
    sweep = newest_sweep(own_server.runs)
    wait_for(lambda: sweep.status.complete >= 2, "two trials", deadline=120)
    kept, gone = own_server.runs.list()[-2:]
    with browser.new_context() as context:
        other = context.new_page()
        other.goto(f"{own_server.url}/runs?runs={gone.id}")
        press(other, "Delete")
        other.get_by_role("dialog").get_by_role("button", name="Delete").click()
        wait_for(lambda: not gone.path.exists(), "the run to be deleted")
        other.goto(f"{own_server.url}/runs?runs={kept.id}")
        press(other, "Rename, note")
        other.get_by_label("Name", exact=True).fill("kept")
        press(other, "Save")
        wait_for(lambda: kept.label.name == "kept", "the new name")
    wait_for(lambda: not sweep.has_work, "the sweep to end", deadline=180)
    trials = trial_table(load_study(sweep), ["dropout", "l2"])
    assert (trials["state"] == "complete").sum() == sweep.status.complete == 24
    runs = own_server.runs.list()
    assert sorted([gone.id, *(run.id for run in runs)]) == sorted(ids[0] for ids in trials["runs"])
    assert {run.status.state for run in runs} == {State.FINISHED}
