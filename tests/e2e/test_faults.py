"""Whatever is killed, a run goes on by itself and ends in the same weights."""

import re

import keras
import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from core.config import RunConfig
from core.runs import Run, RunStore
from core.status import Request, State
from core.training import train
from tests.e2e.server import Server, wait_for

CONFIG = RunConfig(hidden=(128, 64), dropout=0.5, l2=1e-4, epochs=8, training_images=20_000)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> list[np.ndarray]:
    store = RunStore(tmp_path_factory.mktemp("undisturbed"))
    run = store.create(CONFIG, state=State.RUNNING)
    assert train(run).state is State.FINISHED
    return weights(run)


@pytest.fixture
def own_server(tmp_path):
    server = Server(tmp_path)
    yield server
    server.stop()


def weights(run: Run) -> list[np.ndarray]:
    return keras.saving.load_model(run.model_path).get_weights()


def reach_the_middle(run: Run) -> None:
    wait_for(lambda: run.status.epoch == 4 and run.status.batch > 0, "the fourth epoch")


def finish(run: Run, expected: list[np.ndarray]) -> None:
    wait_for(lambda: not run.status.state.is_active, "the run to end", deadline=120)
    assert run.status.state is State.FINISHED
    assert list(run.history["epoch"]) == list(range(1, CONFIG.epochs + 1))
    for ours, reference in zip(weights(run), expected, strict=True):
        np.testing.assert_array_equal(ours, reference)


def test_worker_killed_in_mid_run(own_server: Server, undisturbed: list[np.ndarray]) -> None:
    run = own_server.runs.create(CONFIG)
    reach_the_middle(run)
    own_server.kill_worker()
    finish(run, undisturbed)


def test_server_killed_in_mid_run(own_server: Server, undisturbed: list[np.ndarray]) -> None:
    run = own_server.runs.create(CONFIG)
    reach_the_middle(run)
    own_server.kill()
    own_server.start()
    finish(run, undisturbed)


def test_an_error_in_a_page_gets_an_apology(page: Page, own_server: Server) -> None:
    page.goto(f"{own_server.url}/train")
    expect(page.get_by_role("button", name="Train", exact=True)).to_be_visible()
    own_server.runs.root.write_text("a file where the runs folder should be")
    page.get_by_role("button", name="Train", exact=True).click()
    expect(page.get_by_text("Sorry, this page ran into an error")).to_be_visible()
    expect(page.get_by_text("Traceback")).to_have_count(0)
    assert "NotADirectoryError" in own_server.log.read_text()


def test_the_server_never_loads_tensorflow(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/train")
    expect(page.get_by_role("button", name="Train", exact=True)).to_be_visible()
    with open(f"/proc/{server.process.pid}/maps") as loaded:
        assert "tensorflow" not in loaded.read()


def test_worker_and_server_killed_at_once(
    own_server: Server, undisturbed: list[np.ndarray]
) -> None:
    run = own_server.runs.create(CONFIG)
    reach_the_middle(run)
    own_server.kill_worker()
    own_server.kill()
    own_server.start()
    finish(run, undisturbed)


def test_browser_gone_in_mid_action(browser: Browser, server: Server) -> None:
    before = len(server.runs.list())
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(f"{server.url}/train?hidden=16&epochs=3&training_images=2000")
        page.get_by_role("button", name="Train", exact=True).click()
        wait_for(lambda: len(server.runs.list()) > before, "the run to be created")
    run = server.newest_run()
    wait_for(lambda: run.status.state is State.FINISHED, "the run to finish")


def test_train_pressed_twice_trains_once(page: Page, server: Server) -> None:
    before = len(server.runs.list())
    page.goto(f"{server.url}/train?hidden=16&epochs=3&training_images=2000")
    page.get_by_role("button", name="Train", exact=True).dblclick()
    expect(page.get_by_text("Test accuracy")).to_be_visible()
    assert len(server.runs.list()) == before + 1


def test_run_stopped_while_queued_never_trains(page: Page, server: Server) -> None:
    first = server.runs.create(RunConfig(hidden=(64,), epochs=200))
    wait_for(lambda: first.status.epoch >= 1, "the first run to train")
    second = server.runs.create(RunConfig(hidden=(16,)))
    page.goto(f"{server.url}/train?run={second.id}")
    expect(
        page.get_by_text("Waiting for its turn: it is the next, starts in about")
    ).to_be_visible()
    page.get_by_role("button", name="Stop", exact=True).click()
    expect(page.get_by_text("stopped").first).to_be_visible()
    first.ask(Request.STOP)
    wait_for(lambda: not first.status.state.is_active, "the first run to stop")
    assert second.status.state is State.STOPPED
    assert second.history.empty


def test_run_deleted_while_it_is_watched(page: Page, server: Server) -> None:
    run = server.runs.create(RunConfig(hidden=(64,), epochs=200))
    page.goto(f"{server.url}/train?run={run.id}")
    wait_for(lambda: run.status.epoch >= 2, "the run to train")
    expect(page.get_by_text(re.compile(r"Epoch \d+ of 200"))).to_be_visible()
    server.runs.delete(run.id)
    expect(page.get_by_text("This run was deleted.")).to_be_visible()
    following = server.runs.create(RunConfig(hidden=(16,), epochs=1, training_images=1_000))
    wait_for(lambda: following.status.state is State.FINISHED, "the worker to be free again")
