"""The Features page: which maps a run has, how they are coloured, what is chosen in them."""

import base64
from io import BytesIO

import numpy as np
import pandas as pd
from PIL import Image
from sklearn.neighbors import NearestNeighbors
from streamlit.testing.v1 import AppTest

from core.config import RunConfig
from core.data import load_mnist
from core.maps.request import MapMethod, MapRequest, MapStatus
from core.maps.store import StoredMap
from core.runs import Run
from core.runs.status import State
from core.training import train
from dashboard.charts.feature_map import Coloring
from tests.dashboard.app_pages.lab import Lab, captions, chart, select, spec, words

FEW = MapRequest(layer="hidden_2", split="test", points=200)


def open_map(lab: Lab, run: Run, **choices: str) -> AppTest:
    """The page with a map of 200 test images, with `choices` of its controls."""
    shown = {"map_split": "test", "map_points": "200", "map_method": "t-SNE"} | choices
    return lab.open("features", run=run.id, **shown)


def keep_map(run: Run, request: MapRequest = FEW, epoch: int = 3) -> pd.DataFrame:
    """Keep a finished map with the run, as after this epoch; its points lie anywhere."""
    probabilities = run.test_probabilities(epoch)[: request.points]
    places = np.random.default_rng(0).normal(size=(request.points, 2))
    points = pd.DataFrame(
        {
            "index": np.arange(request.points),
            "true": load_mnist().y_test[: request.points],
            "predicted": probabilities.argmax(axis=1),
            "confidence": probabilities.max(axis=1),
            "x": places[:, 0],
            "y": places[:, 1],
        }
    )
    StoredMap(run, request).write_status(MapStatus(state=State.FINISHED, epoch=epoch))
    StoredMap(run, request).write_points(points)
    return points


def is_offered(app: AppTest, label: str) -> bool:
    return label in [button.label for button in app.button]


def traces(app: AppTest) -> list[dict]:
    return spec(app, "map")["data"]


def shown_answers(app: AppTest) -> dict[int, int]:
    """What the network is shown to have answered, by the row of the point."""
    return {point[0]: point[3] for trace in traces(app) for point in trace["customdata"]}


def selected_rows(app: AppTest) -> list[int]:
    """The rows of the points that the figure has selected from the start."""
    return sorted(
        trace["customdata"][place][0]
        for trace in traces(app)
        for place in trace.get("selectedpoints", ())
    )


def choose(app: AppTest, *rows: int) -> AppTest:
    """Choose these points by a click or a lasso."""
    return select(app, "map", points=[{"customdata": [row]} for row in rows])


def pictures(app: AppTest, count: int) -> np.ndarray:
    """The first `count` of the chosen images as the grid shows them, (count, 28, 28)."""
    source = spec(app, "map_images")["data"][0]["source"]
    canvas = np.array(Image.open(BytesIO(base64.b64decode(source.partition(",")[2]))))
    return np.stack([canvas[:28, 32 * place : 32 * place + 28, 0] for place in range(count)])


def test_a_map_is_made_once_and_opens_at_once_from_then_on(lab: Lab, trained: Run) -> None:
    app = open_map(lab, trained)
    assert "Nobody has asked for this map yet." in words(app)
    app.button(key="make_map").click().run()
    assert StoredMap(trained, FEW).status.state is State.FINISHED
    points = StoredMap(trained, FEW).read_points()
    wrong = points[points["true"] != points["predicted"]]
    positions = points[["x", "y"]].to_numpy()
    nearest = NearestNeighbors(n_neighbors=11).fit(positions).kneighbors(positions)[1][:, 1:]
    labels = points["true"].to_numpy()
    agreement = (labels[nearest] == labels[:, None]).mean()
    for shown in (app, open_map(lab, trained)):
        assert not is_offered(shown, "Make the map")
        assert f"200 test images, {len(wrong)} of them answered wrongly" in words(shown)
        assert shown.metric[0].value == f"{100 * agreement:.2f} %"
        assert shown_answers(shown) == dict(enumerate(points["predicted"]))


def test_chosen_points_show_their_images_the_wrong_ones_first(lab: Lab, trained: Run) -> None:
    points = keep_map(trained)
    app = choose(open_map(lab, trained, map_color="right or wrong"), 7)
    assert "**1 image**" in words(app)
    np.testing.assert_array_equal(pictures(app, 1)[0], load_mnist().x_test[7])
    assert captions(app, "map_images") == [f"{points['true'][7]} → {points['predicted'][7]}"]

    choose(app, *range(200))
    assert "**200 images**" in words(app)
    wrong = points["true"] != points["predicted"]
    expected = [*points["index"][wrong], *points["index"][~wrong]][:6]
    np.testing.assert_array_equal(pictures(app, 6), load_mnist().x_test[expected])


def test_the_colours_follow_the_epoch_and_a_choice_outlasts_them(lab: Lab, trained: Run) -> None:
    true = keep_map(trained)["true"]
    app = choose(open_map(lab, trained, map_color="predicted label"), 7)
    for epoch in (3, 1, 2):
        app.slider(key="picked_epoch").set_value(epoch).run()
        answers = trained.test_probabilities(epoch)[:200].argmax(axis=1)
        wrong = (answers != true).sum()
        elsewhere = " The points lie as after epoch 3." if epoch < 3 else ""
        assert (
            f"The network after epoch {epoch}, 200 test images, {wrong} of them answered wrongly."
            f"{elsewhere}"
        ) in words(app)
        assert shown_answers(app) == dict(enumerate(answers))
        assert "**1 image**" in words(app)
        assert captions(app, "map_images") == [f"{true[7]} → {answers[7]}"]
    app.segmented_control(key="map_color").set_value(Coloring.CORRECT).run()
    assert chart(app, "map").alt == "Map of 200 test images, coloured by right or wrong"
    assert "**1 image**" in words(app)
    assert selected_rows(app) == [7]

    before = chart(app, "map").id
    app.button(key="let_go").click().run()
    assert "**1 image**" not in words(app)
    assert selected_rows(app) == []
    assert chart(app, "map").id != before  # another figure, so that the browser lets go as well
    assert "**1 image**" in words(choose(app, 7))


def test_pca_is_there_at_once_and_tsne_at_one_press(lab: Lab, trained: Run) -> None:
    app = lab.open("features", run=trained.id, map_points="200")
    request = MapRequest(layer="hidden_2", points=200, method="pca")
    assert StoredMap(trained, request).status.state is State.FINISHED
    assert chart(app, "map").alt == "Map of 200 train images, coloured by true label"
    app.button(key="make_tsne").click().run()
    request = MapRequest(layer="hidden_2", points=200)
    assert StoredMap(trained, request).status.state is State.FINISHED
    assert app.segmented_control(key="map_method").value is MapMethod.TSNE
    assert chart(app, "map").alt == "Map of 200 train images, coloured by true label"


def test_pca_follows_a_run_that_goes_on_training(lab: Lab, trained: Run) -> None:
    request = MapRequest(layer="hidden_2", split="test", points=200, method="pca")
    keep_map(trained, request, epoch=2)
    app = open_map(lab, trained, map_method="PCA alone")
    assert StoredMap(trained, request).status.epoch == 3
    assert not app.warning


def test_another_run_has_its_own_maps_and_layers(lab: Lab, trained: Run) -> None:
    keep_map(trained)
    config = RunConfig(hidden=(16,), epochs=1, training_images=1_000)
    other = lab.runs.create(config, name="a shallow run", state=State.RUNNING)
    assert train(other).state is State.FINISHED
    app = open_map(lab, trained, map_layer="Hidden layer 2")
    assert not is_offered(app, "Make the map")
    app.selectbox(key="picked_run").set_value(other.id).run()
    assert app.query_params["run"] == other.id
    assert app.selectbox(key="map_layer").value == "hidden_1"
    app.segmented_control(key="map_method").set_value(MapMethod.PCA).run()
    request = MapRequest(layer="hidden_1", split="test", points=200, method="pca")
    assert StoredMap(other, request).status.state is State.FINISHED
    assert "The network after epoch 1, 200 test images" in words(app)


def test_a_map_of_a_run_that_goes_on_training_says_of_which_epoch(lab: Lab, trained: Run) -> None:
    keep_map(trained, epoch=2)
    app = open_map(lab, trained)
    sentence = "This map is of the network after epoch 2. It has since gone on to epoch 3."
    assert [warning.value for warning in app.warning] == [sentence]
    assert "The network after epoch 2" in words(app)
    (button,) = [one for one in app.button if one.label == "Make it again after epoch 3"]
    button.click().run()
    assert StoredMap(trained, FEW).status.epoch == 3
    assert "The network after epoch 3" in words(app)
    assert not app.warning


def test_a_run_that_cannot_be_written_is_told(lab: Lab, trained: Run) -> None:
    (trained.path / "maps").write_text("a file where a folder should be")
    app = open_map(lab, trained)
    app.button(key="make_map").click().run()
    sentence = f"run {trained.id} cannot be written: Not a directory"
    assert [toast.value.replace("\\", "") for toast in app.toast] == [
        f"{sentence}. Make room on the disk, or see that it can be written."
    ]
    (trained.path / "maps").unlink()
    keep_map(trained)
    StoredMap(trained, FEW).write_status(MapStatus(state=State.RUNNING, iteration=25, epoch=3))
    stop = trained.path / "maps" / f"{FEW.key}.stop"
    stop.symlink_to(stop)  # which nobody can write
    app = open_map(lab, trained)
    assert "Iteration 25 of at most 750 · after epoch 3" in words(app)
    app.button(key="stop_map").click().run()
    assert f"run {trained.id} cannot be written: Too many levels" in (
        app.toast[0].value.replace("\\", "")
    )


def test_what_cannot_be_mapped_is_said_in_a_sentence(lab: Lab, trained: Run) -> None:
    app = lab.open(
        "features", run=trained.id, map_method="t-SNE", map_points="100", map_perplexity="60"
    )
    sentence = "Perplexity 60 does not suit 100 points; choose 1 to 33, a third of the points."
    assert [error.value.replace("\\", "") for error in app.error] == [sentence]
    assert not is_offered(app, "Make the map")
