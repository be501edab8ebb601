"""What the pages say where something is damaged, cannot be written, is pressed twice or is gone."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.local_script_runner import LocalScriptRunner

from core.config import RunConfig
from core.data import MNIST_PATH, DataError, load_mnist
from core.runs import Run
from core.runs.errors import RunNotWritableError
from core.runs.status import Request, State, Status
from core.training import train
from dashboard import text
from dashboard.app import app as digit_lab
from dashboard.session import cache
from dashboard.session.server import server
from tests.dashboard.app_pages.lab import MAIN, Lab, address, words

SMALL = RunConfig(hidden=(16,), epochs=2, training_images=2_000)
FORM = {"hidden": "16", "epochs": "2", "training_images": "2000"}  # as a link says it
GOES_ON = "It goes on by itself once it can be."


class _ServedScript(LocalScriptRunner):
    """Hands on what a script raises, as the server does."""

    def __init__(self, *args: object, **options: object) -> None:
        super().__init__(*args, **options)
        self._on_script_error = digit_lab._on_script_error


@pytest.fixture
def served(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> Lab:
    """The lab, with errors in its pages told as the server tells them."""
    monkeypatch.setattr("streamlit.testing.v1.app_test.LocalScriptRunner", _ServedScript)
    return lab


@pytest.fixture
def damaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The data set's file, of which a bit is wrong, in place of ours; nothing of ours is kept."""
    path = tmp_path / "mnist.npz"
    content = bytearray(MNIST_PATH.read_bytes())
    content[500_000] ^= 1
    path.write_bytes(content)
    monkeypatch.setattr(load_mnist.__wrapped__, "__defaults__", (path,))
    load_mnist.cache_clear()
    cache._cached.clear()
    return path


def title(app: AppTest) -> str:
    (error,) = app.error
    return error.proto.title


def press(app: AppTest, key: str) -> AppTest:
    return app.button(key=key).click().run()


# --- the data set, and a page that fails


def test_a_damaged_data_set_is_named(served: Lab, damaged: Path) -> None:
    app = served.open("data")
    assert title(app) == "The data set cannot be read"
    assert text.escape(f"{damaged} cannot be read") in app.error[0].value


def test_the_server_starts_with_a_damaged_data_set(lab: Lab, damaged: Path) -> None:
    def start() -> None:
        from dashboard import app

        app._prepare()

    with pytest.raises(DataError):
        load_mnist()
    app = AppTest.from_function(start, default_timeout=30).run()
    assert not app.exception


def test_a_run_on_a_damaged_data_set_fails_with_the_reason(lab: Lab, damaged: Path) -> None:
    app = press(lab.open("train", **FORM, seed="7"), "train")  # a split that none has ready
    (run,) = lab.runs.list()
    assert train(run).state is State.FAILED
    app.run()
    assert title(app) == "This run failed"
    assert "restore it with" in app.error[0].value


def test_an_error_in_a_page_gets_an_apology(
    served: Lab, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_: RunConfig) -> None:
        raise RuntimeError("broken on purpose")

    monkeypatch.setattr("dashboard.app_pages.data.digit.render_arrays", fail)
    app = AppTest.from_file(str(MAIN), default_timeout=30)
    address(app, "data").run()
    assert title(app) == "Sorry, this page ran into an error"
    assert not app.exception
    assert "Traceback" not in words(app)
    assert "broken on purpose" not in words(app)
    assert [(link.label, link.url) for link in app.link_button] == [("Start afresh", "/train")]
    assert "RuntimeError: broken on purpose" in caplog.text


# --- what cannot be written


def test_runs_that_cannot_be_written_are_told_and_the_page_goes_on(lab: Lab) -> None:
    lab.runs.root.write_text("a file where the runs folder should be")
    app = press(lab.open("train", **FORM), "train")
    (toast,) = app.toast
    assert "cannot be written" in toast.value
    assert not app.error
    assert not app.exception
    lab.runs.root.unlink()
    press(app, "train")
    assert not app.toast
    (run,) = lab.runs.list()
    assert [waiting.id for waiting in server().engine.queue.waiting] == [run.id]


def test_a_pause_that_cannot_be_written_is_told(lab: Lab) -> None:
    run = lab.runs.create(SMALL, state=State.RUNNING)
    run.write_status(Status(state=State.RUNNING, epoch=1, batch=1))
    app = lab.open("train", run=run.id)
    control = run.path / "control.json"
    control.mkdir()
    press(app, "ask_pause")
    (toast,) = app.toast
    assert text.escape(run.id) in toast.value
    control.rmdir()
    press(app, "ask_pause")
    assert not app.toast
    assert run.control.request is Request.PAUSE
    assert app.button(key="ask_run").label == "Resume"
    assert not app.button(key="ask_run").disabled


def test_a_run_that_cannot_be_written_is_told_and_goes_on(lab: Lab) -> None:
    run = lab.runs.create(SMALL, state=State.RUNNING)
    in_the_way = run.path / "weights.npy"
    in_the_way.mkdir()
    with pytest.raises(RunNotWritableError, match=f"{run.id} cannot be written") as caught:
        train(run)
    server().engine.queue.problems[run.id] = str(caught.value)
    app = lab.open("train", run=run.id)
    (warning,) = app.warning
    assert warning.value == text.escape(f"{caught.value}. {GOES_ON}")
    in_the_way.rmdir()
    assert train(run).state is State.FINISHED
    app.run()
    assert app.metric[0].label == "Test accuracy"
    assert not app.warning


# --- what is gone, or damaged


def test_a_run_deleted_before_it_is_picked(lab: Lab, trained: Run) -> None:
    gone = lab.runs.create(SMALL, name="soon gone", state=State.STOPPED)
    app = lab.open("train", run=trained.id)
    picker = app.selectbox(key="picked_run").set_value(gone.id)
    lab.runs.delete(gone.id)
    picker.run()
    (toast,) = app.toast
    assert "there is no run" in toast.value
    assert app.metric[0].label == "Test accuracy"
    assert app.query_params["run"] == trained.id
    assert f"Run: {text.escape(trained.name)}" in words(app)


def test_a_run_deleted_while_it_is_watched(lab: Lab) -> None:
    run = lab.runs.create(SMALL, state=State.RUNNING)
    run.write_status(Status(state=State.RUNNING, epoch=1, batch=1))
    app = lab.open("train", run=run.id)
    assert "Epoch 1 of 2" in words(app)
    lab.runs.delete(run.id)
    app.run()
    (warning,) = app.warning
    assert "there is no run" in warning.value
    assert warning.value.endswith("; it may have been deleted.")

    def watch(run):  # as the panel itself is drawn again, without the page
        from dashboard.app_pages.train.live_panel import render_live_panel

        render_live_panel(run)

    panel = AppTest.from_function(watch, args=(run,), default_timeout=30).run()
    assert [warning.value for warning in panel.warning] == ["This run was deleted."]


@pytest.mark.parametrize("name", ["train", "curves", "evaluate", "features", "layers"])
def test_a_history_that_was_cut_short_is_named_on_every_page(
    lab: Lab, trained: Run, name: str
) -> None:
    history = trained.path / "history.csv"
    history.write_text("".join(history.read_text().splitlines(keepends=True)[:2]))
    app = lab.open(name, run=trained.id)
    assert "ends with epoch 1, before epoch 3" in app.error[0].value


def test_damaged_weights_are_named_where_a_digit_is_drawn(lab: Lab, trained: Run) -> None:
    path = trained.path / "weights.npy"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    app = lab.open("draw", run=trained.id)
    assert title(app) == "The network cannot be shown"
    assert text.escape("weights.npy of run") in app.error[0].value


# --- what is pressed at the wrong moment


def test_train_pressed_twice_trains_once(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = 100.0
    monkeypatch.setattr(server().engine.queue, "_clock", lambda: seconds)
    app = lab.open("train", **FORM)
    press(app, "train")
    assert not app.toast
    press(app, "train")
    (toast,) = app.toast
    assert "was asked for a moment ago, and is not trained twice" in toast.value
    assert len(lab.runs.list()) == 1
    seconds += 3
    press(app, "train")
    assert not app.toast
    assert len(lab.runs.list()) == 2


def test_a_run_stopped_while_queued_waits_no_longer(lab: Lab) -> None:
    queue = server().engine.queue
    first = lab.runs.create(SMALL, state=State.RUNNING)
    first.write_status(Status(state=State.RUNNING, epoch=1, batch=1))
    second = lab.runs.create(SMALL)
    with first.training_lock():
        queue.poll()
        assert queue.waiting[0].id == second.id
        app = lab.open("train", run=second.id)
        assert "Waiting for its turn: it is the next, starts in about" in words(app)
        assert app.button(key="ask_pause").disabled
        press(app, "ask_stop")
        assert second.status.state is State.STOPPED
        assert "Waiting for its turn" not in words(app)
        assert ":material/stop: stopped]" in words(app)
        queue.poll()
    assert queue.waiting == []
    assert second.history.empty
