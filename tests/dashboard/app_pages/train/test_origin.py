"""What the next run starts from: another run's network, drawings, and why it cannot."""

from getpass import getuser

import numpy as np
import pyarrow as pa
import pytest
from streamlit.testing.v1 import AppTest

from core.config import RunConfig
from core.data import load_mnist
from core.drawing.collection import as_arrays
from core.runs import Run
from core.runs.origin import Origin, read_drawings
from core.runs.status import State
from core.training import train
from dashboard.session import queries
from dashboard.session.server import server
from tests.dashboard.app_pages.lab import Lab, chart, go, protos, spec, words

MNIST = load_mnist()


def keep_drawings(count: int, owner: str | None = None) -> None:
    for index in range(count):
        image, label = MNIST.x_test[index] / np.float32(255), int(MNIST.y_test[index])
        server().drawings.add(image, label, owner or getuser())


def train_button(app: AppTest) -> bool:
    """Whether Train can be pressed."""
    return not app.button(key="train").proto.disabled


def test_train_on_fills_the_form_and_the_next_run_starts_there(lab: Lab, trained: Run) -> None:
    app = lab.open("train", run=trained.id)
    app.button(key="train_on").click().run()
    assert app.query_params["from"] == trained.id
    app.number_input(key="config_epochs").set_value(7).run()
    app.button(key="train").click().run()
    child = lab.runs.list()[0]
    assert child.config == trained.config.model_copy(update={"epochs": 7})
    assert child.record.parent
    assert child.record.parent.run == trained.id
    assert child.name == "a trained run, then epochs 7"
    assert "from" not in app.query_params  # the next one starts afresh
    app.number_input(key="config_epochs").set_value(8).run()
    app.button(key="train").click().run()
    assert lab.runs.list()[0].record.parent is None


def test_other_layers_or_another_split_are_refused_and_can_be_taken_back(
    lab: Lab, trained: Run
) -> None:
    app = lab.open("train", **{"from": trained.id}, hidden="32-16", training_images="10000")
    assert train_button(app)
    app.number_input(key="config_seed").set_value(3).run()
    said = "\n".join(error.value for error in app.error).replace("\\", "")
    assert "Seed 3 instead of 0: the images held out must stay the same" in said
    assert not train_button(app)
    app.button(key="take_kept").click().run()
    assert not app.error
    assert train_button(app)
    assert app.number_input(key="config_seed").value == 0


def test_a_link_to_a_run_that_is_gone_starts_afresh(lab: Lab) -> None:
    app = lab.open("train", **{"from": "20260101-000000-000000"})
    assert any("may have been deleted" in warning.value for warning in app.warning)
    assert train_button(app)


def test_a_run_without_a_network_is_no_start(lab: Lab) -> None:
    queued = lab.runs.create(RunConfig())
    app = lab.open("train", **{"from": queued.id})
    assert any("has not ended with a network" in error.value for error in app.error)
    assert not train_button(app)


def test_with_too_few_drawings_it_says_how_many_are_missing(lab: Lab) -> None:
    keep_drawings(13)
    app = lab.open("train")
    app.segmented_control(key="learn_from").set_value("My drawings too").run()
    assert any("7 more drawings are needed" in error.value for error in app.error)
    assert not train_button(app)


def test_a_run_learns_from_one_half_of_ones_own_drawings(lab: Lab) -> None:
    keep_drawings(22)
    for index in range(22, 26):
        server().drawings.add(MNIST.x_test[index] / np.float32(255), 1, "somebody else")
    app = lab.open("train")
    app.segmented_control(key="learn_from").set_value("My drawings too").run()
    app.slider(key="drawings_percent").set_value(40).run()
    go(app, "draw")  # the choice outlasts a change of page
    go(app, "train")
    app.button(key="train").click().run()
    assert app.segmented_control(key="learn_from").value == "MNIST alone"  # the next one's
    (run,) = lab.runs.list()
    learned = read_drawings(run)
    assert learned
    assert (learned.owner, learned.share) == (getuser(), 0.4)
    own = [one for one in server().drawings.load_all() if one.owner == getuser()]
    images, labels = as_arrays(one for one in own if one.is_to_learn)
    np.testing.assert_array_equal(learned.images, images)
    np.testing.assert_array_equal(learned.labels, labels)
    assert 10 <= len(labels) <= 12


def test_the_chain_is_told_on_runs_and_compare_and_drawn_behind(lab: Lab, trained: Run) -> None:
    changes = {"epochs": 2, "learning_rate": 1e-4}
    child = lab.runs.create(
        trained.config.model_copy(update=changes), name="a child", origin=Origin(trained)
    )
    assert train(child).state is State.FINISHED
    both = f"{trained.id},{child.id}"
    table = lab.open("runs").dataframe(key="runs_table").value
    assert table["parent"].tolist() == ["a trained run", ""]
    assert "drawings" not in table
    compared = lab.open("compare", runs=both, compare="Overview")
    (rows,) = [found.value for found in compared.dataframe if "Trained on from" in found.value]
    assert rows["Trained on from"].tolist() == ["", "A · a trained run, epoch 3"]
    app = lab.open("curves", run=trained.id, curves_others=child.id)
    toggle = app.toggle(key="curves_behind")
    assert [first_epochs(app, place) for place in (0, 1)] == [[1, 2, 3], [1, 2]]
    toggle.set_value(True).run()
    assert [first_epochs(app, place) for place in (0, 1)] == [[1, 2, 3], [4, 5]]
    assert spec(app, "curves_loss")["xAxis"]["max"] == 5
    app = lab.open("curves", run=child.id)  # without its parent
    assert not [one for one in app.toggle if one.key == "curves_behind"]


def first_epochs(app: AppTest, place: int) -> list[float]:
    """The epochs of a run's line in the chart of losses."""
    sent = chart(app, "curves_loss").datasets[place].data.data
    return pa.ipc.open_stream(sent).read_pandas().iloc[:, 0].tolist()


def test_a_deleted_parent_is_still_named(lab: Lab, trained: Run) -> None:
    lab.runs.create(trained.config, name="a child", origin=Origin(trained))
    lab.runs.delete(trained.id)
    table = lab.open("runs").dataframe(key="runs_table").value
    assert table["parent"].tolist() == ["a trained run"]


def test_runs_offers_to_train_on(lab: Lab, trained: Run) -> None:
    app = lab.open("runs", runs=trained.id)
    (link,) = [one for one in protos(app, "page_link") if one.label == "Train on …"]
    assert f"from={trained.id}" in link.query_string
    assert "hidden=32-16" in link.query_string


def test_a_press_after_the_parent_was_deleted_says_so(lab: Lab, trained: Run) -> None:
    app = lab.open("train", run=trained.id)
    app.button(key="train_on").click().run()
    lab.runs.delete(trained.id)
    app.button(key="train").click().run()
    assert not app.exception
    assert lab.runs.list() == []
    assert any(trained.id in toast.value.replace("\\", "") for toast in app.toast)


def test_of_a_run_that_was_trained_on_only_that_is_offered_again(lab: Lab, trained: Run) -> None:
    child = lab.runs.create(trained.config, origin=Origin(trained))
    assert train(child).state is State.FINISHED
    app = lab.open("train", run=child.id)
    assert not [button for button in app.button if str(button.key).startswith("next_")]
    assert app.button(key="train_on").label == "Train on …"


def test_another_suggestion_starts_afresh(lab: Lab, trained: Run) -> None:
    app = lab.open("train", run=trained.id)
    app.button(key="train_on").click().run()
    seeds = [button for button in app.button if button.label.startswith("Another seed")]
    seeds[0].click().run()
    assert lab.runs.list()[0].record.parent is None
    assert "from" not in app.query_params
    assert train_button(app)


def test_the_page_says_what_bfloat16_is_worth_here(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "_bfloat16_speed", None)
    assert "float32 on this machine" not in words(lab.open("train", precision="bfloat16"))
    queries.measure_bfloat16()
    assert "float32 on this machine" in words(lab.open("train", precision="bfloat16"))
    assert "float32 on this machine" not in words(lab.open("train"))
