"""README's pictures, taken of a real server: `python -m tests.e2e.pictures`."""

import tempfile
from getpass import getuser
from pathlib import Path

from playwright.sync_api import Page, expect, sync_playwright

from core.config import RunConfig
from core.course.load import load_course
from core.data import load_mnist
from core.drawing.collection import DrawingStore
from core.maps.request import MapRequest
from core.maps.store import StoredMap
from core.runs import Run
from core.runs.status import Request, State
from core.sweep.store import SweepStore
from tests.e2e.conftest import CHROMIUM
from tests.e2e.controls import press
from tests.e2e.server import ROOT, Server, wait_for
from tests.e2e.test_draw_page import slant

FOLDER = ROOT / "dashboard" / "pictures"


def main() -> None:
    """Train what the pictures show, and take them."""
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        server = Server(Path(folder))
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport={"width": 1280, "height": 1000})
        expect.set_options(timeout=60_000)
        try:
            runs = take_train(page, server)
            take_curves(page, server, runs)
            take_analysis(page, server, runs[0])
            take_runs(page, server, runs)
            take_draw(page, server, runs[0])
            take_taught(page, server)
            take_learn(page, server)
            take_sweep(page, server)
        finally:
            browser.close()
            server.stop()


def take_train(page: Page, server: Server) -> list[Run]:
    """The Train page in the middle of a run like the notebook's regularised one.

    Returns that run and one without regularisation, both finished.
    """
    config = RunConfig(dropout=0.5, l2=1e-4, epochs=10)
    run = server.runs.create(config, name="512-256 with dropout and L2")
    plain = server.runs.create(RunConfig(epochs=10), name="512-256 without")
    page.set_viewport_size({"width": 1280, "height": 1320})  # with the curves
    page.goto(f"{server.url}/train?run={run.id}")
    wait_for(lambda: run.status.epoch == 6, "the middle of the run", deadline=600)
    expect(page.get_by_text("Epoch 6 of 10")).to_be_visible()
    page.wait_for_timeout(1000)  # the curves move to their new points
    page.screenshot(path=FOLDER / "train.png")
    page.set_viewport_size({"width": 1280, "height": 1000})
    wait_for(lambda: plain.status.state is State.FINISHED, "both runs to finish", deadline=600)
    return [run, plain]


def take_curves(page: Page, server: Server, runs: list[Run]) -> None:
    """The Curves page with both runs in one chart."""
    run, other = runs
    page.goto(f"{server.url}/curves?run={run.id}")
    page.get_by_role("combobox", name="Compare with").click()
    page.get_by_role("option", name=other.name).click()
    expect(page.locator(".st-key-best_epochs tbody tr")).to_have_count(2)
    page.keyboard.press("Escape")
    take(page, "curves")


def take_analysis(page: Page, server: Server, run: Run) -> None:
    """The pages that take a trained network apart."""
    page.goto(f"{server.url}/data?run={run.id}&data=Browse&digit_split=Test&test_digit=2597")
    expect(page.locator(".st-key-digit_grid .js-plotly-plot")).to_be_visible()
    take(page, "data")
    choice = "evaluate=Confusion&cell_true=4&cell_predicted=9"
    page.goto(f"{server.url}/evaluate?run={run.id}&{choice}")
    expect(page.locator(".st-key-cell_images .js-plotly-plot")).to_be_visible()
    take(page, "evaluate")
    page.goto(f"{server.url}/features?run={run.id}")
    press(page, "t-SNE")
    map_ = StoredMap(run, MapRequest(layer="hidden_2"))
    wait_for(lambda: map_.status and map_.status.state is State.FINISHED, "the map", deadline=120)
    expect(page.locator(".st-key-map .js-plotly-plot")).to_be_visible()
    take(page, "features")
    page.goto(f"{server.url}/layers?run={run.id}&layers_view=One+digit&layers_digit=947")
    expect(page.locator("canvas.picture")).to_be_visible()
    expect(page.get_by_role("heading", name="Read as")).to_be_visible()
    take(page, "layers")


def take_draw(page: Page, server: Server, run: Run) -> None:
    """A seven, drawn with the mouse, and a unit that is pointed at."""
    page.set_viewport_size({"width": 1280, "height": 1190})
    page.goto(f"{server.url}/draw?run={run.id}")
    square = page.locator("canvas.upper-canvas").first
    expect(square).to_be_visible()
    box = square.bounding_box()
    assert box is not None
    for stroke in (((75, 65), (205, 60), (150, 150), (120, 235)), ((95, 150), (190, 145))):
        for number, (x, y) in enumerate(stroke):
            page.mouse.move(box["x"] + x, box["y"] + y, steps=8)
            if number == 0:
                page.mouse.down()
        page.mouse.up()
    expect(page.get_by_role("heading", name="Read as")).to_be_visible()
    expect(page.get_by_text("It was a", exact=True)).to_be_visible()
    network = page.locator("canvas.picture").bounding_box()
    assert network is not None
    page.mouse.move(network["x"] + 0.4 * network["width"], network["y"] + 150)
    expect(page.get_by_text("what excites it most", exact=True)).to_be_visible()
    take(page, "draw")
    page.set_viewport_size({"width": 1280, "height": 1000})


def take_taught(page: Page, server: Server) -> None:
    """What came of teaching a network twenty drawings of a hand that leans far over."""
    config = RunConfig(hidden=(256,), epochs=2, batch_size=256)
    run = server.runs.create(config, name="a network")
    wait_for(lambda: run.status.state is State.FINISHED, "the run", deadline=300)
    mnist = load_mnist()
    collection = DrawingStore(server.runs.root.parent / "drawings")
    for number in range(5_000, 5_020):
        collection.add(slant(mnist.x_test[number]), int(mnist.y_test[number]), getuser())
    page.goto(f"{server.url}/draw?run={run.id}&draw=My+handwriting")
    press(page, "Teach it my hand")
    wait_for(lambda: server.newest_run().id != run.id, "the run to be queued")
    taught = server.newest_run()
    wait_for(lambda: taught.status.state is State.FINISHED, "the lesson", deadline=300)
    page.set_viewport_size({"width": 1280, "height": 830})
    expect(page.locator(".st-key-run_header").get_by_text("finished")).to_be_visible()
    expect(page.locator(".st-key-taught_drawings .js-plotly-plot")).to_be_visible()
    take(page, "taught")
    page.set_viewport_size({"width": 1280, "height": 1000})


def take_learn(page: Page, server: Server) -> None:
    """The second lesson, done, with a wrong answer."""
    lesson = load_course().lessons["02-first-network"]
    run = server.runs.create(lesson.runs[0].config, name=lesson.runs[0].name)
    wait_for(lambda: run.status.state is State.FINISHED, "the run", deadline=300)
    page.goto(f"{server.url}/learn?lesson={lesson.id}")
    page.get_by_text(lesson.predict.answers[2].text, exact=True).click()
    press(page, "This is what I expect")
    page.locator(".st-key-step_see").get_by_role("link", name="Go there").click()
    page.locator(".st-key-lesson_bar").get_by_role("link", name="The lesson").click()
    page.set_viewport_size({"width": 1280, "height": 1330})  # all four steps
    expect(page.get_by_text("You expected", exact=True)).to_be_visible()
    take(page, "learn")
    page.set_viewport_size({"width": 1280, "height": 1000})


def take_sweep(page: Page, server: Server) -> None:
    """The Sweep page towards the end of thirty trials."""
    page.set_viewport_size({"width": 1280, "height": 1260})  # the whole contour
    page.goto(f"{server.url}/sweep?hidden=128&epochs=4&training_images=5000&sweep_trials=30")
    press(page, "Start the sweep")
    sweeps = SweepStore(server.runs)
    wait_for(lambda: sweeps.list() and sweeps.list()[0].status.done >= 24, "trials", deadline=900)
    page.get_by_role("tab", name="Contour").click()
    expect(page.locator(".st-key-sweep_contour .js-plotly-plot")).to_be_visible()
    page.wait_for_timeout(2000)  # the chart stands
    page.screenshot(path=FOLDER / "sweep.png")
    sweeps.list()[0].request(Request.STOP)
    wait_for(lambda: not sweeps.list()[0].has_work, "the sweep to stop")


def take(page: Page, name: str) -> None:
    """Take what the window shows, once it is at rest."""
    expect(page.locator("[data-test-script-state=notRunning]")).to_be_visible()
    page.wait_for_timeout(1000)  # charts end their transitions
    page.screenshot(path=FOLDER / f"{name}.png")


def take_runs(page: Page, server: Server, runs: list[Run]) -> None:
    """The Runs page with a run chosen, and the Compare page after more seeds of both."""
    more = [
        server.runs.create(
            run.config.model_copy(update={"seed": seed}), name=f"{run.name}, seed {seed}"
        )
        for seed in (1, 2, 3)
        for run in runs
    ]
    for run in more:
        wait_for(lambda run=run: run.status.state is State.FINISHED, f"{run}", deadline=900)
    first, second = runs
    page.goto(f"{server.url}/runs?runs={first.id}")
    expect(page.locator(".st-key-runs_table canvas").first).to_be_visible()
    take(page, "runs")
    page.goto(f"{server.url}/compare?runs={second.id},{first.id}")
    expect(page.locator(".st-key-over_seeds")).to_be_visible()
    take(page, "compare")


if __name__ == "__main__":
    main()
