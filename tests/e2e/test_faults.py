"""Whatever is killed, a run goes on by itself and ends in the same weights; browsers may go too."""

import keras
import numpy as np
import pytest
from playwright.sync_api import BrowserContext, Page, expect

from core.config import RunConfig
from core.runs import Run, RunStore
from core.runs.status import Request, State
from core.training import train
from tests.e2e.controls import press, press_train
from tests.e2e.figures import settle
from tests.e2e.server import WAKE, Server, wait_for

CONFIG = RunConfig(hidden=(128, 64), dropout=0.5, l2=1e-4, epochs=8, training_images=20_000)
QUICK = "hidden=16&epochs=3&training_images=2000"

pytestmark = pytest.mark.apart  # it kills servers and workers


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory):
    """A server of this file's own, which is killed and started again, and loses patience early.

    Its workers do not give way: beside whatever keeps the machine busy they would wake too late.
    """
    settings = {"DIGITLAB_SILENT_SECONDS": "2"}
    server = Server(tmp_path_factory.mktemp("killed"), **settings)
    yield server
    server.stop()


@pytest.fixture(scope="module")
def undisturbed(server: Server, tmp_path_factory: pytest.TempPathFactory) -> list[np.ndarray]:
    """The weights of a run that nothing befell; the server's worker has time to wake meanwhile."""
    store = RunStore(tmp_path_factory.mktemp("undisturbed"))
    run = store.create(CONFIG, state=State.RUNNING)
    assert train(run).state is State.FINISHED
    return weights(run)


def weights(run: Run) -> list[np.ndarray]:
    return keras.saving.load_model(run.model_path).get_weights()


def test_a_run_outlives_its_worker_and_its_server(
    page: Page, server: Server, undisturbed: list[np.ndarray]
) -> None:
    """Both killed at once while it trains, then the server alone; the worker alone: `Engine`."""
    run = server.runs.create(CONFIG)
    page.goto(f"{server.url}/train?run={run.id}")
    wait_for(
        lambda: run.status.epoch >= 2 and run.status.batch > 0,
        "the worker to wake and train the second epoch",
        deadline=WAKE,
    )
    server.freeze_worker()
    assert run.status.state is State.RUNNING
    silence = page.get_by_text("The process that trained this run gives no sign of life.")
    expect(silence).to_be_visible()
    run.request(Request.PAUSE)  # whoever takes it up holds it there
    server.kill_worker()
    server.kill()
    with run.training_lock():  # until the page has been seen, the new server may not take it up
        server.start()
        page.goto(f"{server.url}/train?run={run.id}")
        expect(silence).to_be_visible()
    wait_for(lambda: run.status.state is State.PAUSED, "a new worker to take it up", deadline=WAKE)
    expect(silence).to_have_count(0)

    app = page.get_by_test_id("stApp")
    server.kill()
    expect(app).not_to_have_attribute("data-test-connection-state", "CONNECTED")
    run.update_label(name="drawn by the new server")
    server.start()
    # The tab that was open all the while finds the new server, and the run where it stands. Before
    # the new server has drawn the page, it knows of none of its buttons and drops a press.
    expect(page.get_by_text("Run: drawn by the new server")).to_be_visible()
    expect(app).to_have_attribute("data-test-script-state", "notRunning")
    expect(page.get_by_text(f"Epoch {run.status.epoch} of {CONFIG.epochs}")).to_be_visible()
    held = run.status.epoch
    press(page, "Resume")
    wait_for(
        lambda: run.status.epoch > held or not run.status.state.is_active,
        "a new worker to wake and train",
        deadline=WAKE,
    )
    wait_for(lambda: not run.status.state.is_active, "the run to end", deadline=WAKE)
    assert run.status.state is State.FINISHED
    assert list(run.history["epoch"]) == list(range(1, CONFIG.epochs + 1))
    for ours, reference in zip(weights(run), undisturbed, strict=True):
        np.testing.assert_array_equal(ours, reference)
    expect(page.get_by_text("Test accuracy", exact=True)).to_be_visible()


def test_train_pressed_twice_trains_once(page: Page, server: Server) -> None:
    before = len(server.runs.list())
    page.goto(f"{server.url}/train?{QUICK}")
    train_button = page.locator(".st-key-train").get_by_role("button")
    expect(train_button).to_be_enabled()
    settle(page)
    train_button.dblclick()
    wait_for(lambda: len(server.runs.list()) > before, "the run to be created")
    run = server.newest_run()
    wait_for(lambda: run.status.state is State.FINISHED, "the run to finish", deadline=WAKE)
    expect(page.get_by_text("Test accuracy", exact=True)).to_be_visible()
    settle(page)
    expect(page.get_by_text("Sorry, this page ran into an error")).to_have_count(0)
    assert len(server.runs.list()) == before + 1


def test_a_browser_gone_in_mid_action(context: BrowserContext, server: Server) -> None:
    before = len(server.runs.list())
    with context.new_page() as page:
        page.goto(f"{server.url}/train?{QUICK}&seed=1")
        press_train(page)
        wait_for(lambda: len(server.runs.list()) > before, "the run to be created")
    run = server.newest_run()
    wait_for(lambda: run.status.state is State.FINISHED, "the run to finish", deadline=WAKE)
