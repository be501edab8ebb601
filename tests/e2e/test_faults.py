"""Whatever is killed, a run goes on by itself and ends in the same weights."""

import re
import shutil
from pathlib import Path

import keras
import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from core.config import RunConfig
from core.runs import Run, RunStore
from core.status import Request, State, Status
from core.training import train
from tests.e2e.server import ROOT, Server, wait_for

NO_SIGN_OF_LIFE = "The process that trained this run gives no sign of life."
GOES_ON = "It goes on by itself once it can be."
LONG = RunConfig(hidden=(64,), epochs=200, batch_size=16)  # for as long as a test may look at it
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
    wait_for(
        lambda: run.status.epoch >= 4 and run.status.batch > 0, "the fourth epoch", deadline=300
    )


def stay_in_the_middle(run: Run) -> None:
    """Hold the run there, whatever is killed meanwhile, until it is asked to run."""
    reach_the_middle(run)
    run.ask(Request.PAUSE)
    wait_for(lambda: run.status.state is State.PAUSED, "the pause")


def finish(run: Run, expected: list[np.ndarray]) -> None:
    wait_for(lambda: not run.status.state.is_active, "the run to end", deadline=300)
    assert run.status.state is State.FINISHED
    assert list(run.history["epoch"]) == list(range(1, CONFIG.epochs + 1))
    for ours, reference in zip(weights(run), expected, strict=True):
        np.testing.assert_array_equal(ours, reference)


def wait_a_moment(page: Page) -> None:
    """So long that another press is no longer the same one, come twice."""
    app = page.get_by_test_id("stApp")
    expect(app).to_have_attribute("data-test-script-state", "notRunning")
    page.wait_for_timeout(1_100)


def test_worker_killed_in_mid_run(
    page: Page, own_server: Server, undisturbed: list[np.ndarray]
) -> None:
    run = own_server.runs.create(CONFIG)
    page.goto(f"{own_server.url}/train?run={run.id}")
    reach_the_middle(run)
    own_server.freeze_worker()
    assert run.status.state is State.RUNNING
    expect(page.get_by_text(NO_SIGN_OF_LIFE)).to_be_visible()
    own_server.kill_worker()
    finish(run, undisturbed)
    expect(page.get_by_text("Test accuracy")).to_be_visible()
    expect(page.get_by_text(NO_SIGN_OF_LIFE)).to_have_count(0)


def test_server_killed_in_mid_run(
    page: Page, own_server: Server, undisturbed: list[np.ndarray]
) -> None:
    run = own_server.runs.create(CONFIG)
    page.goto(f"{own_server.url}/train?run={run.id}")
    stay_in_the_middle(run)
    app = page.get_by_test_id("stApp")
    own_server.kill()
    expect(app).not_to_have_attribute("data-test-connection-state", "CONNECTED")
    own_server.start()
    # The tab that was open all the while finds the new server, and the run where it stands. Before
    # the new server has drawn the page, it knows of none of its buttons.
    expect(app).to_have_attribute("data-test-connection-state", "CONNECTED")
    expect(app).to_have_attribute("data-test-script-state", "notRunning")
    resume = page.get_by_role("button", name="Resume", exact=True)
    expect(resume).to_be_enabled()
    expect(page.get_by_text(f"Epoch {run.status.epoch} of {CONFIG.epochs}")).to_be_visible()
    resume.click()
    finish(run, undisturbed)
    expect(page.get_by_text("Test accuracy")).to_be_visible()


def copy_code(folder: Path) -> Path:
    code = folder / "code"
    for part in ("core", "dashboard", ".streamlit"):
        shutil.copytree(ROOT / part, code / part)
    return code


def test_a_damaged_data_set_is_named_and_the_server_starts_all_the_same(
    page: Page, tmp_path: Path
) -> None:
    code = copy_code(tmp_path)
    path = code / "core/mnist.npz"
    content = bytearray(path.read_bytes())
    content[500_000] ^= 1
    path.write_bytes(content)
    server = Server(tmp_path, code=code)
    try:
        page.goto(f"{server.url}/data")
        expect(page.get_by_text("The data set cannot be read")).to_be_visible()
        expect(page.get_by_text(f"{path} cannot be read")).to_be_visible()
        page.goto(f"{server.url}/train?hidden=16&training_images=1000")
        page.get_by_role("button", name="Train", exact=True).click()
        expect(page.get_by_text("This run failed")).to_be_visible()
        expect(page.get_by_text("restore it with")).to_be_visible()
    finally:
        server.stop()


def test_an_error_in_a_page_gets_an_apology(page: Page, tmp_path: Path) -> None:
    code = copy_code(tmp_path)
    (code / "dashboard/app_pages/data.py").write_text("raise RuntimeError('broken on purpose')")
    server = Server(tmp_path, code=code)
    try:
        page.goto(f"{server.url}/data")
        expect(page.get_by_text("Sorry, this page ran into an error")).to_be_visible()
        expect(page.get_by_text("Traceback")).to_have_count(0)
        expect(page.get_by_text("broken on purpose")).to_have_count(0)
        assert "RuntimeError: broken on purpose" in server.log.read_text()
    finally:
        server.stop()


def test_runs_that_cannot_be_written_are_told_and_the_page_goes_on(
    page: Page, own_server: Server
) -> None:
    page.goto(f"{own_server.url}/train?hidden=16&epochs=3&training_images=2000")
    press = page.get_by_role("button", name="Train", exact=True).click
    expect(page.get_by_text("12,730 parameters")).to_be_visible()
    own_server.runs.root.write_text("a file where the runs folder should be")
    press()
    expect(page.get_by_test_id("stToast")).to_contain_text("cannot be written")
    expect(page.get_by_text("Sorry, this page ran into an error")).to_have_count(0)
    own_server.runs.root.unlink()
    wait_a_moment(page)
    press()
    wait_for(lambda: len(own_server.runs.list()) == 1, "the run")


def test_a_pause_that_cannot_be_written_is_told(page: Page, server: Server) -> None:
    run = server.runs.create(LONG, state=State.RUNNING)
    with run.training_lock():  # as if this process trained it
        run.write_status(Status(state=State.RUNNING, epoch=1, batch=1))
        page.goto(f"{server.url}/train?run={run.id}")
        control = run.path / "control.json"
        control.mkdir()
        pause = page.get_by_role("button", name="Pause", exact=True)
        pause.click()
        expect(page.get_by_test_id("stToast")).to_contain_text(run.id)
        control.rmdir()
        pause.click()
        expect(page.get_by_role("button", name="Resume", exact=True)).to_be_enabled()
        assert run.control.request is Request.PAUSE
        run.write_status(Status(state=State.STOPPED))


def test_a_run_that_cannot_be_written_is_told_and_goes_on(page: Page, own_server: Server) -> None:
    run = own_server.runs.create(RunConfig(hidden=(16,), epochs=2, training_images=2_000))
    in_the_way = run.path / "weights.npy"
    in_the_way.mkdir()
    wait_for(lambda: run.status.epoch >= 1, "the worker to begin", deadline=300)
    page.goto(f"{own_server.url}/train?run={run.id}")
    expect(page.get_by_text(GOES_ON)).to_be_visible()
    expect(page.get_by_text(re.compile(f"{run.id} cannot be written"))).to_be_visible()
    in_the_way.rmdir()
    wait_for(lambda: run.status.state is State.FINISHED, "the run to finish")
    expect(page.get_by_text("Test accuracy")).to_be_visible()
    expect(page.get_by_text(GOES_ON)).to_have_count(0)


def test_a_run_deleted_before_it_is_picked(page: Page, server: Server, trained: Run) -> None:
    gone = server.runs.create(RunConfig(), name="soon gone", state=State.STOPPED)
    page.goto(f"{server.url}/train?run={trained.id}")
    page.get_by_role("combobox", name="Run", exact=True).fill("soon gone")
    option = page.get_by_role("option", name=re.compile("^soon gone"))
    expect(option).to_be_visible()
    server.runs.delete(gone.id)
    option.click()
    expect(page.get_by_test_id("stToast")).to_contain_text("there is no run")
    expect(page.get_by_text("Test accuracy")).to_be_visible()
    expect(page).to_have_url(re.compile(f"run={trained.id}"))


def test_a_history_that_was_cut_short_is_named_on_every_page(
    page: Page, server: Server, trained: Run
) -> None:
    history = trained.path / "history.csv"
    whole = history.read_text()
    history.write_text("".join(whole.splitlines(keepends=True)[:2]))
    try:
        for name in ("train", "curves", "evaluate", "features", "layers"):
            page.goto(f"{server.url}/{name}?run={trained.id}")
            expect(page.get_by_text("ends with epoch 1, before epoch 3")).to_be_visible()
    finally:
        history.write_text(whole)


def test_damaged_weights_are_named_where_a_digit_is_drawn(
    page: Page, server: Server, trained: Run
) -> None:
    path = trained.path / "weights.npy"
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    try:
        page.goto(f"{server.url}/draw?run={trained.id}")
        expect(page.get_by_text("The network cannot be shown")).to_be_visible()
        expect(page.get_by_text("weights.npy of run")).to_be_visible()
    finally:
        path.write_bytes(whole)


def test_the_server_never_loads_tensorflow(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/train")
    expect(page.get_by_role("button", name="Train", exact=True)).to_be_visible()
    with open(f"/proc/{server.process.pid}/maps") as loaded:
        assert "tensorflow" not in loaded.read()


def test_worker_and_server_killed_at_once(
    page: Page, own_server: Server, undisturbed: list[np.ndarray]
) -> None:
    run = own_server.runs.create(CONFIG)
    reach_the_middle(run)
    own_server.freeze_worker()
    assert run.status.state is State.RUNNING
    own_server.kill_worker()
    own_server.kill()
    with run.training_lock():  # until the page has been seen, the new server may not take it up
        own_server.start()
        page.goto(f"{own_server.url}/train?run={run.id}")
        expect(page.get_by_text(NO_SIGN_OF_LIFE)).to_be_visible()
    finish(run, undisturbed)
    expect(page.get_by_text("Test accuracy")).to_be_visible()


def test_browser_gone_in_mid_action(browser: Browser, server: Server) -> None:
    before = len(server.runs.list())
    with browser.new_context() as context:
        context.set_default_timeout(120_000)
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
    wait_a_moment(page)
    page.get_by_role("button", name="Train", exact=True).first.click()
    wait_for(lambda: len(server.runs.list()) == before + 2, "another run")


def test_run_stopped_while_queued_never_trains(page: Page, server: Server) -> None:
    first = server.runs.create(LONG)
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
    run = server.runs.create(LONG)
    page.goto(f"{server.url}/train?run={run.id}")
    wait_for(lambda: run.status.epoch >= 1 and run.status.batch > 0, "the run to train")
    expect(page.get_by_text(re.compile(r"Epoch \d+ of 200"))).to_be_visible()
    server.runs.delete(run.id)
    # Which of the two depends on whether the page has seen the run stop, which goes before.
    gone = re.compile(r"This run was deleted\.|there is no run .*; it may have been deleted\.")
    expect(page.get_by_text(gone)).to_be_visible()
    following = server.runs.create(RunConfig(hidden=(16,), epochs=1, training_images=1_000))
    wait_for(lambda: following.status.state is State.FINISHED, "the worker to be free again")
