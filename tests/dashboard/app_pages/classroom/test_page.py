"""What a student of a class may do with what is another's, and what a teacher may."""

import json
from collections.abc import Callable

import numpy as np
import pytest
from streamlit.proto.WidgetStates_pb2 import WidgetState
from streamlit.testing.v1 import AppTest

from core.config import RunConfig
from core.maps.request import MapRequest, MapStatus
from core.maps.store import StoredMap
from core.runs import Run
from core.runs.status import Request, State, Status
from core.sweep.config import SweepConfig
from core.sweep.store import SweepStore
from dashboard import text
from dashboard.access.invitation import network_address
from dashboard.session.server import server
from tests.dashboard.app_pages.lab import Lab, nodes, protos, words

ComeIn = Callable[..., str]
TEACHERS = "open wide"
ANNA = "Anna #0badf00d"


def labels(app: AppTest) -> set[str]:
    """What the buttons and sliders say, and what opens something."""
    return {label for node in nodes(app) if (label := getattr(node, "label", None))} | {
        node.proto.popover.label for node in nodes(app) if node.type == "popover"
    }


def select(app: AppTest, key: str, place: int) -> AppTest:
    """Choose the `place`-th point of the chart of this key, as a click in a browser does."""
    (chart,) = [chart for chart in protos(app, "plotly_chart") if chart.id.endswith(f"-{key}")]
    said = json.dumps({"selection": {"points": [{"point_index": place}]}})
    states = app._tree.get_widget_states()
    states.widgets.append(WidgetState(id=chart.id, string_value=said))
    return app._run(states)


def captions(app: AppTest) -> list[str]:
    return [caption.value for caption in app.caption]


def test_anothers_training_may_be_watched_not_changed(lab: Lab, come_in: ComeIn) -> None:
    anna = come_in("Anna")
    run = lab.runs.create(RunConfig(), owner=anna, state=State.RUNNING)
    learning = {"running_loss": 0.3, "running_accuracy": 0.9, "base_learning_rate": 0.001}
    requests = {"Pause", "Stop", "Learning rate from now on"}
    watching = f"A run of {text.escape(anna)}: you may watch, not change it."

    def watch() -> AppTest:
        run.write_status(Status(state=State.RUNNING, epoch=1, batch=7, **learning))
        app = lab.open("train", run=run.id)
        assert "Accuracy while fitting" in words(app)
        return app

    assert requests <= labels(watch())
    assert watching not in captions(watch())

    assert come_in("Anna") != anna
    app = watch()
    assert not requests & labels(app)
    assert watching in captions(app)

    come_in("Ms N", TEACHERS)
    app = watch()
    assert requests <= labels(app)
    assert watching not in captions(app)
    app.button(key="ask_stop").click().run()
    assert run.control.request is Request.STOP


def test_anothers_run_is_not_renamed_noted_pinned_or_deleted(lab: Lab, come_in: ComeIn) -> None:
    bert = come_in("Bert")
    theirs = lab.runs.create(RunConfig(), name="Anna's", owner=ANNA, state=State.FINISHED)
    own = lab.runs.create(RunConfig(), name="Bert's", owner=bert, state=State.FINISHED)
    changes = {"Rename, note", "Pin", "Delete"}
    app = lab.open("runs", runs=theirs.id)
    assert "Not yours to change." in captions(app)
    assert not changes & labels(app)
    assert changes <= labels(lab.open("runs", runs=own.id))

    app = lab.open("runs", runs=f"{theirs.id},{own.id}")
    app.button(key="pin_runs").click().run()
    assert own.label.pinned
    assert not theirs.label.pinned
    app.button(key="delete_runs").click().run()
    (dialog,) = [node for node in nodes(app) if node.type == "dialog"]
    assert [one.value for one in dialog.markdown] == ["- Bert's"]
    (kept,) = dialog.caption
    assert kept.value == "1 of the chosen runs are not yours to delete: they stay."
    app.button(key="confirm_delete").click().run()
    assert not own.path.exists()
    assert theirs.path.exists()
    assert [node for node in nodes(app) if node.type == "dialog"] == []

    come_in("Ms N", TEACHERS)
    assert changes <= labels(lab.open("runs", runs=theirs.id))


def test_nothing_is_asked_of_anothers_sweep(lab: Lab, come_in: ComeIn) -> None:
    base = RunConfig(hidden=(16,), training_images=1_000, epochs=1)
    config = SweepConfig(base=base, vary={"dropout": {"low": 0.0, "high": 0.5}}, trials=50)
    sweep = SweepStore(lab.runs).create(config, owner=ANNA)
    sweep.request(Request.PAUSE)
    requests = {"Resume", "Stop", "More trials"}

    come_in("Bert")
    app = lab.open("sweep", sweep=sweep.id)
    assert "0 of 50 trials" in words(app)
    assert not (requests | {"Pause"}) & labels(app)

    come_in("Ms N", TEACHERS)
    app = lab.open("sweep", sweep=sweep.id)
    assert "0 of 50 trials" in words(app)
    assert requests <= labels(app)
    app.button(key="sweep_ask_stop").click().run()
    assert sweep.control.request is Request.STOP


def test_anothers_drawing_is_not_deleted(lab: Lab, come_in: ComeIn, trained: Run) -> None:
    bert = come_in("Bert")
    image = np.zeros((28, 28), np.float32)
    own, theirs = (server().drawings.add(image, 3, owner) for owner in (bert, ANNA))
    places = [drawing.id for drawing in server().drawings.load_all()]
    others = "Drawings of others are theirs to delete."

    def open_gallery() -> AppTest:
        query = {"draw": "My handwriting", "whose_drawings": "Everybody's"}
        return lab.open("draw", run=trained.id, **query)

    app = select(open_gallery(), "drawings_gallery", places.index(theirs))
    assert others in captions(app)
    assert app.button(key="delete_drawings").disabled
    app = select(app, "drawings_gallery", places.index(own))
    assert others not in captions(app)
    app.button(key="delete_drawings").click().run()
    assert [kept.id for kept in server().drawings.load_all()] == [theirs]

    come_in("Ms N", TEACHERS)
    app = select(open_gallery(), "drawings_gallery", 0)
    assert not app.button(key="delete_drawings").disabled


def test_anothers_map_of_anothers_run_is_not_stopped(
    lab: Lab, come_in: ComeIn, trained: Run
) -> None:
    bert = come_in("Bert")
    assert trained.record.owner != bert
    stored = StoredMap(trained, MapRequest(layer="hidden_2"))
    for owner in (ANNA, bert):
        stored.write_status(MapStatus(state=State.RUNNING, owner=owner))
        stop = lab.open("features", run=trained.id, map_method="t-SNE").button(key="stop_map")
        assert stop.disabled is (owner == ANNA)
    stop.click().run()
    assert stored.is_stop_requested


@pytest.mark.parametrize(
    ("password", "is_teacher"), [("sesame", False), (TEACHERS, True)], ids=["student", "teacher"]
)
def test_the_class_page_says_who_one_is_and_shows_teachers_the_password(
    lab: Lab, come_in: ComeIn, password: str, is_teacher: bool
) -> None:
    name = come_in("Anna", password)
    app = lab.open("classroom")
    app.context["url"] = "http://localhost:8501/classroom"
    app.run()
    address = f"http://{network_address()}:8501"
    assert app.title[1].value == address
    (picture,) = protos(app, "image")
    assert picture.imgs[0].alt == f"QR code of {address}"
    shown = words(app)
    assert ("You are a teacher: you may stop, change and delete **everyone's** runs." in shown) is (
        is_teacher
    )
    assert ("You may stop, change and delete **your own**." in shown) is not is_teacher
    password = ["Password: sesame"] * is_teacher
    assert [header.value for header in app.header] == [*password, text.escape(name)]
    assert ("sesame" in shown) is is_teacher
