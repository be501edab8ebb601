"""The Train page: the form and its link, what is said of a run, and what is asked of it."""

import base64
import json
import time
from getpass import getuser
from typing import Any
from urllib.parse import parse_qsl

import numpy as np
import pytest
from statsmodels.stats.proportion import proportion_confint
from streamlit.testing.v1 import AppTest

from core.config import PRESETS, RunConfig
from core.data import load_mnist
from core.runs import Run
from core.runs.status import Request, State, Status
from dashboard import text
from dashboard.app_pages.train.ten_digits import TEN_DIGITS
from dashboard.charts.weights import NOT_FINITE
from dashboard.session.server import server
from tests.dashboard.app_pages.lab import (
    Lab,
    Media,
    component_data,
    go,
    protos,
    rewrite_history,
    words,
)

EVERY = "while fitting, train, validation, test"


def press(app: AppTest, label: str) -> AppTest:
    (button,) = [button for button in app.button if button.label == label]
    return button.click().run()


def buttons(app: AppTest) -> dict[str, bool]:
    """What is asked of a run: the buttons, and whether each can be pressed."""
    asked = [button for button in app.button if (button.key or "").startswith("ask_")]
    return {button.label: not button.proto.disabled for button in asked}


def curves(app: AppTest) -> dict[str, dict[str, Any]]:
    """The ECharts options of each curve, by the words that describe it."""
    charts = {chart.alt: json.loads(chart.spec) for chart in protos(app, "echarts_chart")}
    return {alt: spec for alt, spec in charts.items() if " by epoch of the run " in alt}


def widths(app: AppTest) -> list[int]:
    """The units of each hidden layer, as the form has them."""
    prefix = "config_hidden_"
    return [field.value for field in app.number_input if (field.key or "").startswith(prefix)]


def metrics(app: AppTest) -> dict[str, tuple[str, str]]:
    """Each figure by its label, with what stands below it."""
    return {metric.label: (metric.value, metric.delta) for metric in app.metric}


# --- the form


def test_the_form_begins_with_the_notebooks_network_and_trains_it(lab: Lab) -> None:
    app = lab.open("train")
    assert app.selectbox(key="preset").value == "notebook-baseline"
    assert "**535,818** parameters" in words(app)
    assert "at a guess: nothing was trained here yet" in words(app)
    app.button(key="train").click().run()
    (run,) = lab.runs.list()
    assert run.config == PRESETS["notebook-baseline"]
    assert run.status.state is State.QUEUED
    assert app.query_params["run"] == run.id


def test_train_shows_the_new_run_in_place_of_another(lab: Lab) -> None:
    old = lab.runs.create(RunConfig(hidden=(16,)), state=State.FINISHED)
    app = lab.open("train")
    assert app.query_params["run"] == old.id
    app.button(key="train").click().run()
    (new,) = (run for run in lab.runs.list() if run.id != old.id)
    assert app.query_params["run"] == new.id


def test_a_preset_fills_the_form(lab: Lab) -> None:
    app = lab.open("train")
    app.selectbox(key="preset").select("quick").run()
    # 785 * 256 + 257 * 128 + 129 * 10, and four for each unit that is normalised
    assert "**236,682** parameters" in words(app)
    app.text_input(key="run_name").set_value("a first try")
    app.button(key="train").click().run()
    (run,) = lab.runs.list()
    assert run.config == PRESETS["quick"]
    assert run.name == "a first try"


def test_a_link_opens_the_same_form(lab: Lab) -> None:
    config = RunConfig(hidden=(96, 48, 24), dropout=0.25, l2=3e-4, learning_rate=0.003, seed=5)
    app = lab.open("train", **config.differences())
    assert widths(app) == [96, 48, 24]
    assert app.selectbox(key="preset").value is None
    app.button(key="train").click().run()
    (run,) = lab.runs.list()
    assert run.config == config


def test_layers_are_added_and_removed(lab: Lab) -> None:
    app = lab.open("train", hidden="64")
    press(app, "Add layer")
    assert app.query_params["hidden"] == "64-64"
    app.number_input(key="config_hidden_1").set_value(32).run()
    assert app.query_params["hidden"] == "64-32"
    app.button(key="remove_layer_0").click().run()
    assert app.query_params["hidden"] == "32"
    assert widths(app) == [32]


@pytest.mark.parametrize(
    ("link", "sentence"),
    [
        ("dropout=3", "Dropout: 3 is out of range; choose 0 to 0.9."),
        ("learning_rate=fast", "Learning rate: 'fast' is not a valid number."),
        ("seed=-1", "Seed: -1 is out of range; choose 0 to 2,147,483,647."),
        ("patience=0", "Patience: 0 is out of range; choose 1 to 100."),
        ("hidden=9999", "Hidden layers: 9,999 is out of range; choose 1 to 2,048."),
        ("run=../../etc", "there is no run '../../etc'; it may have been deleted."),
    ],
)
def test_a_wrong_link_gets_a_sentence(lab: Lab, link: str, sentence: str) -> None:
    app = lab.open("train", **dict(parse_qsl(link)))
    said = [alert.value.replace("\\", "") for alert in [*app.error, *app.warning]]
    assert said == [sentence]
    assert not app.button(key="train").proto.disabled


# --- the queue


def test_a_run_that_is_asked_for_twice_at_once_is_trained_once(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server().engine.queue, "_clock", lambda: 0.0)  # however slow we are
    app = lab.open("train", hidden="16")
    app.button(key="train").click().run()
    assert not app.toast
    app.button(key="train").click().run()
    (toast,) = app.toast
    assert "was asked for a moment ago, and is not trained twice" in toast.value
    (run,) = lab.runs.list()
    assert app.query_params["run"] == run.id
    app.number_input(key="config_seed").set_value(1).run()
    app.button(key="train").click().run()
    assert [run.config.seed for run in lab.runs.list()] == [1, 0]


def test_one_who_has_ten_runs_waiting_is_asked_to_wait(lab: Lab) -> None:
    asked = [(RunConfig(seed=seed), None) for seed in range(10)]
    server().engine.queue.add(asked, getuser())
    app = lab.open("train", hidden="16")
    app.button(key="train").click().run()
    (toast,) = app.toast
    assert toast.value.startswith("10 of your runs are waiting for their turn, and 1 more would")
    assert len(lab.runs.list()) == 10


def test_a_second_run_waits_and_says_its_place(lab: Lab) -> None:
    server().engine.queue.training.append(lab.runs.create(RunConfig(), state=State.RUNNING))
    app = lab.open("train", hidden="16", epochs="1")
    app.button(key="train").click().run()
    first = lab.runs.list()[0]
    assert "Waiting for its turn: it is the next, starts in about" in words(app)
    app.number_input(key="config_seed").set_value(1).run()
    app.button(key="train").click().run()
    second = lab.runs.list()[0]
    assert app.query_params["run"] == second.id != first.id
    assert "Waiting for its turn: 1 run before it, starts in about" in words(app)
    assert buttons(app) == {"Pause": False, "Stop": True}
    app.button(key="ask_stop").click().run()
    assert second.status.state is State.STOPPED
    assert buttons(app) == {}
    assert "Waiting" not in words(app)


# --- a run


@pytest.fixture
def running(lab: Lab) -> Run:
    """A run in its second epoch, as whoever trains it would write it."""
    run = lab.runs.create(RunConfig(hidden=(16,)), state=State.RUNNING)
    values = {"epoch": 1, "batch": 42, "running_loss": 0.31, "running_accuracy": 0.905}
    run.write_status(
        run.status.model_copy(update=values | {"base_learning_rate": 0.001, "seconds_left": 95})
    )
    return run


def test_a_run_that_trains_says_how_far_it_is(lab: Lab, running: Run) -> None:
    app = lab.open("train", run=running.id)
    (progress,) = app.progress
    assert progress.text == "Epoch 1 of 50 · batch 42 of 83 · about 1 min 40 s left"
    assert metrics(app) == {
        "Accuracy while fitting": ("90.50 %", ""),
        "Loss while fitting": ("0.3100", ""),
    }
    assert set(curves(app)) == {
        f"{metric} by epoch of the run {running.name}: {EVERY}" for metric in ("Loss", "Accuracy")
    }


def test_what_is_asked_of_a_run_is_written_down_for_who_trains_it(lab: Lab, running: Run) -> None:
    app = lab.open("train", run=running.id)
    assert buttons(app) == {"Pause": True, "Stop": True}
    app.button(key="ask_pause").click().run()
    assert running.control.request is Request.PAUSE
    assert buttons(app) == {"Resume": True, "Stop": True}
    app.button(key="ask_run").click().run()
    assert running.control.request is Request.RUN

    (slider,) = [one for one in app.select_slider if one.label == "Learning rate from now on"]
    assert slider.value == 0.001
    slider.set_value(0.0005).run()
    assert running.control.learning_rate == 0.0005
    (slider,) = [one for one in app.select_slider if one.label == "Learning rate from now on"]
    assert slider.value == 0.0005

    app.button(key="ask_stop").click().run()
    assert running.control.request is Request.STOP
    assert buttons(app) == {"Pause": False, "Stop": False}


def test_a_finished_run_says_how_sure_its_accuracy_is(lab: Lab, trained: Run) -> None:
    app = lab.open("train", run=trained.id)
    last = trained.history.iloc[-1]
    right = round(10_000 * last["test_accuracy"])
    low, high = proportion_confint(right, 10_000, method="wilson")
    shown = metrics(app)
    interval = f"95 %: {100 * low:.2f} to {100 * high:.2f} %"
    assert shown["Test accuracy"] == (f"{right / 100:.2f} %", interval)
    assert shown["Test loss"] == (f"{last['test_loss']:.4f}", "")
    assert buttons(app) == {}


@pytest.mark.parametrize(
    ("losses", "final_epoch", "best", "sentence"),
    [
        ([0.3, 0.2, 0.1], 3, 3, "after epoch 3, the last and the best."),
        ([0.3, 0.1, 0.2], 2, 2, "after epoch 2 of 3, the best, whose weights were restored."),
        (
            [0.3, 0.1, 0.2],
            3,
            2,
            "after epoch 3, the last. After its best epoch, 2, the test accuracy was 97.10 %.",
        ),
    ],
)
def test_a_result_says_to_which_epoch_it_belongs_and_which_was_best(
    lab: Lab, trained: Run, losses: list[float], final_epoch: int, best: int, sentence: str
) -> None:
    rewrite_history(trained, validation_loss=losses, test_accuracy=[0.97, 0.971, 0.972])
    trained.write_status(trained.status.model_copy(update={"final_epoch": final_epoch}))
    app = lab.open("train", run=trained.id)
    shown = metrics(app)
    assert shown["Test accuracy"][0] == f"{97 + (final_epoch - 1) / 10:.2f} %"
    assert shown["Best epoch"] == (f"{best} of 3", "")
    begin = "The result is that of the network "
    assert begin + sentence in [caption.value for caption in app.caption]
    assert not app.warning


@pytest.mark.parametrize(
    ("accuracies", "badge", "sentence"),
    [
        (
            [0.1009, 0.0892, 0.0974],
            ":red-badge[:material/error: no better than chance]",
            "It learned nothing: it gets 9.74 %",
        ),
        (
            [0.9, 0.97, 0.0974],
            ":red-badge[:material/error: no better than chance]",
            "It lost what it had learned: it gets 9.74 %",
        ),
        (
            [0.9, 0.9798, 0.937],
            ":orange-badge[:material/warning: had been better]",
            "It had been better: it gets 93.70 %",
        ),
    ],
)
def test_a_run_that_ended_badly_says_so(
    lab: Lab, trained: Run, accuracies: list[float], badge: str, sentence: str
) -> None:
    rewrite_history(trained, validation_accuracy=accuracies, test_accuracy=accuracies)
    app = lab.open("train", run=trained.id)
    shown = [markdown.value for markdown in app.markdown]
    assert badge in shown
    assert any(line.startswith(f"{badge} {text.escape(sentence)}") for line in shown)


def test_what_is_highest_and_what_is_best_is_told_apart_while_a_run_trains(
    lab: Lab, trained: Run
) -> None:
    losses, accuracies = [0.3, 0.1, 0.2], [0.9, 0.95, 0.96]
    rewrite_history(trained, validation_loss=losses, validation_accuracy=accuracies)
    trained.write_status(Status(state=State.RUNNING, epoch=3))
    shown = metrics(lab.open("train", run=trained.id))
    assert shown["Validation accuracy"] == ("96.00 %", "highest 96.00 %, epoch 3")
    assert shown["Validation loss"] == ("0.2000", "best 0.1000, epoch 2")


def test_a_finished_run_leads_on_to_what_one_might_try_next(lab: Lab, trained: Run) -> None:
    plain = lab.runs.create(RunConfig(), state=State.FINISHED)
    plain.write_history(trained.history.to_dict("records"))
    for run, offers in ((trained, False), (plain, True)):
        app = lab.open("train", run=run.id)
        labels = [button.label for button in app.button if (button.key or "").startswith("next_")]
        assert labels[-2:] == ["Stop early, within 100 epochs", "Another seed: how much is chance?"]
        assert ("Regularise it: dropout 0.5, L2 0.0001" in labels) is offers
        links = [link.label for link in protos(app, "page_link")]
        assert links[links.index("Evaluate it") :][:3] == [
            "Evaluate it",
            "Draw for it",
            "Look inside",
        ]


@pytest.mark.parametrize(
    ("rate", "accuracies", "label"),
    [
        (10.0, [0.1, 0.1, 0.1], "Learning rate 0.001, the usual one"),
        (1e-6, [0.1, 0.1, 0.1], "Learning rate 0.001, the usual one"),
        (0.5, [0.9, 0.9, 0.1], "Learning rate 0.001, the usual one"),
        (0.001, [0.1, 0.1, 0.1], "100 epochs"),
        (10.0, [0.9, 0.97, 0.93], "Learning rate 0.001, the usual one"),
    ],
)
def test_what_the_findings_say_to_try_comes_first(
    lab: Lab, trained: Run, rate: float, accuracies: list[float], label: str
) -> None:
    run = lab.runs.create(RunConfig(learning_rate=rate), state=State.FINISHED)
    shown = {"validation_accuracy": accuracies, "test_accuracy": accuracies}
    shown |= {"base_learning_rate": rate}
    run.write_history(trained.history.assign(**shown).to_dict("records"))
    run.write_model(lambda path: path.write_bytes(b"model"))
    run.write_status(Status(state=State.FINISHED, epoch=3, final_epoch=3))
    app = lab.open("train", run=run.id)
    assert app.button(key="next_0").label == label


def test_what_one_might_try_next_trains_at_one_press(lab: Lab, trained: Run) -> None:
    app = lab.open("train", run=trained.id)
    (button,) = [one for one in app.button if one.label.startswith("Another seed")]
    button.click().run()
    run = lab.runs.list()[0]
    assert run.config == trained.config.model_copy(update={"seed": 1})
    assert app.query_params["run"] == run.id
    assert app.number_input(key="config_seed").value == 1


def test_series_are_switched_off_and_on(lab: Lab, trained: Run) -> None:
    app = lab.open("train", run=trained.id)
    loss = f"Loss by epoch of the run {trained.name}"
    accuracy = f"Accuracy by epoch of the run {trained.name}"
    assert set(curves(app)) == {f"{loss}: {EVERY}", f"{accuracy}: {EVERY}"}
    app.pills(key="curve_series").unselect("test").run()
    shown = curves(app)
    assert set(shown) == {f"{one}: while fitting, train, validation" for one in (loss, accuracy)}
    for spec in shown.values():
        assert [series["name"] for series in spec["series"]] == [
            "While fitting",
            "Train",
            "Validation",
        ]
    app.pills(key="curve_series").set_value([]).run()
    assert "Choose a series to see its curves." in [info.value for info in app.info]
    assert curves(app) == {}
    app.pills(key="curve_series").set_value(["test"]).run()
    assert set(curves(app)) == {f"{loss}: test", f"{accuracy}: test"}


def test_losses_on_a_logarithmic_axis(lab: Lab, trained: Run) -> None:
    app = lab.open("train", run=trained.id)
    assert {spec["yAxis"]["type"] for spec in curves(app).values()} == {"value"}
    app.toggle(key="log_loss").set_value(True).run()
    assert {alt: spec["yAxis"]["type"] for alt, spec in curves(app).items()} == {
        f"Loss, logarithmic by epoch of the run {trained.name}: {EVERY}": "log",
        f"Accuracy by epoch of the run {trained.name}: {EVERY}": "value",
    }


def test_a_run_shows_its_first_weights_and_its_answers_to_ten_digits(
    lab: Lab, trained: Run
) -> None:
    app = lab.open("train", run=trained.id)
    assert "First layer, 32 units" in [markdown.value for markdown in app.markdown]
    (weights,) = app.image
    assert weights.proto.imgs[0].alt == "First-layer weights as pictures"
    assert NOT_FINITE not in words(app)
    strip = component_data(app, "train_strip")
    expected = trained.test_probabilities(3)[TEN_DIGITS]
    np.testing.assert_allclose(strip["probabilities"], expected, atol=1e-5)
    assert load_mnist().y_test[TEN_DIGITS].tolist() == list(range(10))
    assert strip["network"]["epoch"] == 3
    assert not strip["is_training"]


def test_the_picture_is_of_the_forms_network_or_of_the_run_that_has_such_a_one(
    lab: Lab, trained: Run
) -> None:
    app = lab.open("train", run=trained.id)
    picture = component_data(app, "network")
    assert picture["scene"] == component_data(app, "train_strip")["scene"]
    assert picture["hidden"] == [32, 16]
    assert picture["dropout"] == 0.2
    assert len(base64.b64decode(picture["digits"])) == 10 * 784
    app = lab.open("train", run=trained.id, epochs="7")
    picture = component_data(app, "network")
    assert picture["scene"] != component_data(app, "train_strip")["scene"]
    assert picture["hidden"] == [512, 256]
    assert picture["parameters"] == [401_920, 131_328, 2_570]


def test_first_weights_that_are_not_finite_are_marked(lab: Lab, trained: Run, media: Media) -> None:
    """As an older run has them, whose weights were beyond float16."""
    path = trained.path / "first_layer.npy"
    pictures = np.load(path)
    pictures[2, 0, 5:7, 5:7] = np.inf
    np.save(path, pictures)
    app = lab.open("train", run=trained.id)
    shown = media.picture(app, "First-layer weights as pictures")
    grey = (shown == [128, 128, 128, 255]).all(axis=2)
    assert grey.sum() == grey[15:21, 15:21].sum() == 6 * 6  # a weight is 3 by 3 pixels
    assert NOT_FINITE in words(app)


def test_a_damaged_run_says_why(lab: Lab) -> None:
    run = lab.runs.create(RunConfig(), state=State.FINISHED)
    (run.path / "status.json").write_text("{")
    app = lab.open("train", run=run.id)
    (error,) = app.error
    assert error.proto.title == "This run is damaged"
    assert "status\\.json" in error.value


def test_a_run_that_nobody_trains_says_so(lab: Lab, running: Run) -> None:
    """One that has gone silent, and one that was resumed after its worker had left it."""
    silent = {"heartbeat": time.time() - 60}
    running.write_status(running.status.model_copy(update=silent))
    assert "gives no sign of life" in words(lab.open("train", run=running.id))
    running.write_status(running.status.model_copy(update=silent | {"state": State.PAUSED}))
    server().engine.queue.waiting.append(running)
    shown = words(lab.open("train", run=running.id))
    assert "gives no sign of life" not in shown
    assert "Waiting for its turn: it is the next" in shown


def test_the_run_that_is_looked_at_does_not_fill_the_form_of_who_came_another_way(
    lab: Lab, trained: Run
) -> None:
    """Only a link to the Train page does that."""
    app = lab.open("evaluate", run=trained.id)
    del app.query_params["run"]  # as a click on the menu leaves it
    go(app, "train")
    assert app.query_params["run"] == trained.id
    assert app.slider(key="config_dropout").value == 0.0
    assert lab.open("train", run=trained.id).slider(key="config_dropout").value == 0.2
