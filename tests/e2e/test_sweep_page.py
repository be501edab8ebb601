"""The Sweep page as a person uses it: started, interrupted by a restart, looked at, clicked."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from core.config import RunConfig
from core.runs import Run, RunStore
from core.status import Request, State
from core.sweep.store import Sweep, SweepStore
from core.sweep.study import load_study, trial_table
from tests.e2e.controls import press
from tests.e2e.figures import click_point
from tests.e2e.server import Server, wait_for

SMALL = "hidden=16&epochs=2&training_images=1000"
SLOWER = "hidden=16&epochs=10&training_images=1000"  # so that a kill, or a pause, is in time
FIGURES = ("Epochs", "Parallel", "Importances", "Slices", "Contour", "Timeline")


@pytest.fixture
def own_server(tmp_path):
    server = Server(tmp_path)
    yield server
    server.stop()


def start_sweep(page: Page, runs: RunStore) -> Sweep:
    """Press the button, and return the sweep that comes of it."""
    sweeps = SweepStore(runs)
    known = {sweep.id for sweep in sweeps.list()}
    press(page, "Start the sweep")
    wait_for(lambda: {sweep.id for sweep in sweeps.list()} - known, "the sweep")
    return sweeps.list()[0]


def test_twelve_runs_with_a_restart_in_the_middle(page: Page, own_server: Server) -> None:
    page.goto(f"{own_server.url}/sweep?{SLOWER}&sweep_trials=12")
    expect(page.get_by_text(re.compile(r"12 runs · at most about"))).to_be_visible()
    sweep = start_sweep(page, own_server.runs)
    expect(page.get_by_text(re.compile(r"[1-9]\d* of 12 trials"))).to_be_visible()
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
    click_point(page, "sweep_history", number, value)
    expect(page).to_have_url(re.compile(f"/train.*run={run_id}"))
    expect(page.get_by_text("Test accuracy")).to_be_visible()


def test_pause_resume_stop_and_five_seeds(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/sweep?{SMALL}&sweep_trials=300&sweep_sampler=random&sweep_seeds=3")
    sweep = start_sweep(page, server.runs)
    wait_for(lambda: sweep.status.complete >= 1, "a trial", deadline=120)
    press(page, "Pause")
    expect(page.get_by_role("button", name="Resume", exact=True)).to_be_visible()
    wait_for(lambda: not server.newest_run().status.state.is_active, "the run under way to end")
    done = sweep.status.done
    press(page, "Resume")
    wait_for(lambda: sweep.status.done > done, "another trial")
    press(page, "Stop")
    wait_for(lambda: sweep.state is State.STOPPED, "the sweep to stop")
    page.get_by_role("tab", name="Trials").click()
    expect(page.locator(".st-key-trials_table canvas").first).to_be_visible()
    known = {run.id for run in server.runs.list()}
    press(page, "Train the best with five seeds")
    expect(page.get_by_text("The best again, from 5 other seeds")).to_be_visible()
    repeats = [run for run in server.runs.list() if run.id not in known]
    assert all(run.name.startswith("Best of") for run in repeats)
    assert sorted(run.config.seed for run in repeats) == [3, 4, 5, 6, 7]
    assert len({run.config.model_copy(update={"seed": 0}) for run in repeats}) == 1


def test_both_forms_may_be_changed_in_turn(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/sweep?sweep_trials=33&vary=Dropout&vary=Activation")
    epochs = page.get_by_test_id("stSidebar").get_by_label("Epochs", exact=True)
    epochs.fill("7")
    epochs.press("Enter")
    for said in ("epochs=7", "sweep_trials=33", "vary=Dropout&vary=Activation"):
        expect(page).to_have_url(re.compile(f"[?&]{said}(&|$)"))
    epochs.fill(str(RunConfig().epochs))
    epochs.press("Enter")
    expect(page).not_to_have_url(re.compile("[?&]epochs="))
    expect(page).to_have_url(re.compile("[?&]vary=Dropout&vary=Activation(&|$)"))
    expect(page.get_by_role("button", name="Start the sweep", exact=True)).to_be_visible()


def test_what_is_wrong_is_said_in_a_sentence(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/sweep?{SMALL}&vary=Hidden+layers&values_hidden=64,9999")
    expect(page.get_by_text("hidden: 9,999 is out of range; choose 1 to 2,048")).to_be_visible()
    expect(page.get_by_role("button", name="Start the sweep", exact=True)).to_have_count(0)
    page.goto(f"{server.url}/sweep?sweep=nonsense")
    expect(page.get_by_text("there is no sweep")).to_be_visible()


def test_runs_are_deleted_and_renamed_in_another_browser_meanwhile(
    browser: Browser, page: Page, own_server: Server
) -> None:
    """One that has finished and one under way are deleted: the second is replaced."""
    page.goto(f"{own_server.url}/sweep?{SLOWER}&sweep_trials=6&sweep_sampler=random")
    sweep = start_sweep(page, own_server.runs)
    wait_for(lambda: sweep.status.complete >= 2, "two trials", deadline=120)
    runs = own_server.runs.list()
    gone, kept = [run for run in runs if run.status.state is State.FINISHED][:2]
    with browser.new_context() as context:
        context.set_default_timeout(120_000)
        other = context.new_page()
        delete(other, own_server, gone)
        wait_for(lambda: is_paused(own_server.newest_run()), "a run under way", deadline=120)
        cut = own_server.newest_run()
        delete(other, own_server, cut)
        other.goto(f"{own_server.url}/runs?runs={kept.id}")
        press(other, "Rename, note")
        other.get_by_label("Name", exact=True).fill("kept")
        press(other, "Save")
        wait_for(lambda: kept.label.name == "kept", "the new name")
    wait_for(lambda: not sweep.has_work, "the sweep to end", deadline=180)
    trials = trial_table(load_study(sweep), ["dropout", "l2"])
    by_run = {ids[0]: state for ids, state in zip(trials["runs"], trials["state"], strict=True)}
    runs = own_server.runs.list()
    assert by_run == dict.fromkeys([gone.id, *(run.id for run in runs)], "complete") | {
        cut.id: "fail"
    }
    assert len(runs) == 5
    assert sweep.status.complete == 6
    assert {run.status.state for run in runs} == {State.FINISHED}
    assert kept.name == "kept"
    page.goto(f"{own_server.url}/sweep?sweep={sweep.id}")
    expect(page.get_by_text("6 of 6 trials")).to_be_visible()


def is_paused(run: Run) -> bool:
    """Whether the run is held where it is; ask for that if it trains."""
    if run.status.state is State.RUNNING:
        run.ask(Request.PAUSE)
    return run.status.state is State.PAUSED


def delete(page: Page, server: Server, run: Run) -> None:
    page.goto(f"{server.url}/runs?runs={run.id}")
    press(page, "Delete")
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    wait_for(lambda: not run.path.exists(), "the run to be deleted")
