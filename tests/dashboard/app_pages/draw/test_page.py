"""The Draw page on a digit from a picture file: what is said of it, and what is kept."""

import errno
import io
import shutil
from itertools import pairwise
from typing import NamedTuple

import keras
import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from core.config import RunConfig
from core.data import load_mnist, split_indices
from core.drawing import to_mnist
from core.drawing.archive import read_archive
from core.drawing.collection import DrawingStore
from core.drawing.photograph import read_picture
from core.drawing.separate import separate_digits
from core.maps.embedding import place_on_map
from core.maps.job import compute_and_keep_map
from core.maps.request import MapMethod, MapRequest
from core.maps.store import StoredMap
from core.runs import Run, new_run_id
from core.runs.status import State
from dashboard.session.server import server
from tests.dashboard.app_pages.lab import Lab, Media, component_data, protos, spec, words

X_TEST, Y_TEST = load_mnist().x_test, load_mnist().y_test
NOTHING_DRAWN = "Draw a digit in the square, or give a picture of one."
MAP = MapRequest(layer="hidden_1", points=100, method=MapMethod.PCA)


class Answer(NamedTuple):
    """What the heading says: the digit, the next one, and how sure it is of either, in percent."""

    first: int
    sure: float
    second: int
    less: float


@pytest.fixture
def network(trained: Run) -> keras.Model:
    return keras.saving.load_model(trained.model_path, compile=False)


@pytest.fixture
def drawings(lab: Lab) -> DrawingStore:
    return server().drawings


def corner(index: int) -> bytes:
    """A PNG file with a test digit, white on black, in the upper left of a larger square."""
    paper = np.zeros((56, 56), np.uint8)
    paper[2:30, 2:30] = X_TEST[index]
    return png(paper.repeat(5, axis=0).repeat(5, axis=1))


def png(pixels: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def show(lab: Lab, run: Run, content: bytes, **query: str) -> AppTest:
    app = lab.open("draw", run=run.id, digit_source="Picture file", **query)
    assert NOTHING_DRAWN in words(app)
    return give(app, content)


def give(app: AppTest, content: bytes, name: str = "digit.png") -> AppTest:
    (uploader,) = app.file_uploader
    return uploader.upload(name, content, "image/png").run()


def read(app: AppTest) -> Answer:
    return expected(np.array(component_data(app, "draw_answer")["served"]["probabilities"]))


def expected(probabilities: np.ndarray) -> Answer:
    second, first = probabilities.argsort()[-2:]
    sure, less = (100 * float(probabilities[digit]) for digit in (first, second))
    return Answer(int(first), sure, int(second), less)


def shown(app: AppTest, media: Media) -> np.ndarray:
    """The 28×28 that the page shows, from 0 to 1: its pixels are squares on the screen."""
    grey = media.picture(app, "The drawing, 28×28")[..., 0]
    places = ((np.arange(28) + 0.5) * len(grey) / 28).astype(int)
    return (grey[np.ix_(places, places)] / 255).astype(np.float32)


def kept_answer(run: Run, epoch: int, image: np.ndarray) -> np.ndarray:
    """The answer of the network after an epoch, by the weights that the run keeps, in NumPy."""
    epochs, weights = run.weights()
    flat = weights[epochs.tolist().index(epoch)].astype(np.float64)
    sizes, values = (784, *run.config.hidden, 10), image.reshape(784)
    for before, units in pairwise(sizes):
        kernel, bias, flat = np.split(flat, [before * units, before * units + units])
        scores = values @ kernel.reshape(before, units) + bias
        values = np.maximum(scores, 0)
    shares = np.exp(scores - scores.max())
    return shares / shares.sum()


def fill_the_disk(*_: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_the_network_is_shown_what_the_page_shows(
    lab: Lab, trained: Run, network: keras.Model, media: Media
) -> None:
    app = show(lab, trained, corner(0))

    def check(image: np.ndarray) -> None:
        answer = expected(network(image.reshape(1, 784), training=False).numpy()[0])
        assert read(app) == pytest.approx(answer, abs=1)  # percent: the picture has whole greys

    image = shown(app, media)
    assert image[:, 16:].any()
    check(image)
    app.toggle(key="step_crop").set_value(False)
    app.toggle(key="step_centre").set_value(False).run()
    image = shown(app, media)
    assert image.sum() > 5
    assert not image[:, 16:].any()  # it stays in its corner
    check(image)


def test_what_it_would_have_said_earlier(lab: Lab, trained: Run) -> None:
    image = to_mnist(read_picture(corner(8)).canvas)
    app = show(lab, trained, corner(8), drawing_view="Epoch by epoch")
    assert "What this network would have said after each epoch" in words(app)
    last = read(app)
    assert last == pytest.approx(expected(kept_answer(trained, 3, image)), abs=1)
    app.slider(key="picked_epoch").set_value(1).run()
    assert app.query_params["epoch"] == "1"
    assert read(app) == pytest.approx(expected(kept_answer(trained, 1, image)), abs=0.02)
    assert read(app) != last


def test_other_runs_are_asked_too(lab: Lab, trained: Run, network: keras.Model) -> None:
    twin = lab.runs.root / new_run_id()
    shutil.copytree(trained.path, twin)
    lab.runs.get(twin.name).update_label(name="a twin")
    empty = lab.runs.create(RunConfig(hidden=(16,)), name="a failure", state=State.STOPPED)
    image = to_mnist(read_picture(corner(0)).canvas)
    answer = expected(network(image.reshape(1, 784), training=False).numpy()[0])
    others = {"drawing_view": "Other runs", "drawing_runs": f"{twin.name},{empty.id}"}
    table = show(lab, trained, corner(0), **others).table[0].value
    assert [run.partition(" ·")[0] for run in table["Run"]] == [trained.name, "a twin", "a failure"]
    assert table["Says"].tolist()[:2] == [str(answer.first)] * 2
    for sure in table["How sure"][:2]:
        assert float(sure.removesuffix(" %")) == pytest.approx(answer.sure, abs=0.02)
    assert "ended before its first epoch did, and has no network" in table["Says"].iloc[2]
    assert table["How sure"].iloc[2] == "–"


def test_neighbours_and_the_place_on_a_map(lab: Lab, trained: Run, network: keras.Model) -> None:
    image = to_mnist(read_picture(corner(0)).canvas)
    features = keras.Model(network.inputs[0], network.get_layer("hidden_2").output)
    indices, _ = split_indices(trained.config)
    pixels = load_mnist().x_train[indices].reshape(-1, 784) / np.float32(255)
    own = features(image.reshape(1, 784), training=False).numpy()
    distances = np.linalg.norm(features(pixels, training=False).numpy() - own, axis=1)
    nearest = distances.argsort()[:5]

    app = show(lab, trained, corner(0), drawing_view="Neighbours")
    sentence = "The five training images nearest in the last hidden layer, of 10,000"
    assert sentence in words(app)
    pictures = [img for image in app.image for img in image.proto.imgs]
    pictures = [picture for picture in pictures if picture.alt.startswith("Training image")]
    labels = load_mnist().y_train[indices[nearest]]
    assert [picture.alt for picture in pictures] == [
        f"Training image {index}, a {label}"
        for index, label in zip(indices[nearest], labels, strict=True)
    ]
    for picture, distance in zip(pictures, distances[nearest], strict=True):
        assert float(picture.caption.rpartition(" ")[2]) == pytest.approx(distance, abs=0.02)

    assert "No map of this run's features was made yet" in words(app)
    assert "Make one" in [link.label for link in protos(app, "page_link")]
    assert StoredMap(trained, MAP).request()
    compute_and_keep_map(trained, MAP)
    app.run()
    assert app.selectbox(key="drawing_map").options == ["PCA of hidden_1, 100 train images"]
    (star,) = [trace for trace in spec(app, "drawing_place")["data"] if trace["name"] == "drawing"]
    place = star["x"][0], star["y"][0]
    assert place == pytest.approx(place_on_map(trained, MAP, image), abs=1e-4)


def test_what_it_was_is_counted_and_kept(
    lab: Lab, trained: Run, drawings: DrawingStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = show(lab, trained, corner(0))
    first = read(app).first
    app.button(key=f"truth_{first}").click().run()
    assert NOTHING_DRAWN in words(app)  # the next can be drawn
    (kept,) = drawings.load_all()
    assert kept.label == first
    image = to_mnist(read_picture(corner(0)).canvas)
    np.testing.assert_array_equal(kept.image, np.round(255 * image))

    give(app, corner(1))
    assert "Read right: **1 of 1**" in words(app)
    wrong = (read(app).first + 1) % 10
    app.toggle(key="keep_drawing").set_value(False)
    app.button(key=f"truth_{wrong}").click().run()
    assert len(drawings.load_all()) == 1

    give(app, corner(2))
    assert "Read right: **1 of 2**" in words(app)
    monkeypatch.setattr("core.drawing.collection.replace_file", fill_the_disk)
    app.toggle(key="keep_drawing").set_value(True)
    app.button(key="truth_1").click().run()
    (toast,) = app.toast
    assert toast.value.startswith("It was not kept: the collection cannot be written")
    assert "Read right: **1 of 2**" in words(app)


def test_a_collection_is_exported_and_imported(
    lab: Lab, trained: Run, network: keras.Model, drawings: DrawingStore, media: Media
) -> None:
    for number in range(3):
        drawings.add(X_TEST[number] / np.float32(255), int(Y_TEST[number]), "Ada")
    view = {"draw": "My handwriting", "whose_drawings": "Everybody's"}
    app = lab.open("draw", run=trained.id, **view)
    answers = network(X_TEST[:3].reshape(3, 784) / np.float32(255), training=False).numpy()
    pairs = zip(Y_TEST[:3], answers.argmax(axis=1), strict=True)
    captions = [f"{label} → {answer}" for label, answer in pairs]
    assert "3 drawings: what it was → what this run says." in words(app)
    notes = spec(app, "drawings_gallery")["layout"]["annotations"]
    assert [note["text"] for note in notes] == captions[::-1]  # the newest first
    (accuracies,) = [found.value for found in app.dataframe]
    right = (answers.argmax(axis=1) == Y_TEST[:3]).mean()
    assert accuracies["Accuracy"].tolist() == pytest.approx([100 * right])

    content = media.download(app, "export_drawings")
    images, labels, *_ = read_archive(content)
    assert labels.tolist() == Y_TEST[:3][::-1].tolist()
    np.testing.assert_array_equal(images, X_TEST[:3][::-1])

    for file, sentence in ((b"rubbish", "Refused: this is no"), (content, "6 drawings: what")):
        app.file_uploader(key="drawings_file").set_value(("mine.npz", file, "application/zip"))
        app.run().button(key="import_drawings").click().run()
        assert sentence in words(app)
    assert len(drawings.load_all()) == 6
    app.segmented_control(key="whose_drawings").set_value("Mine").run()
    assert "3 drawings: what it was" in words(app)  # whoever brings a file along has drawn it


def test_a_file_that_is_no_picture_or_shows_nothing(lab: Lab, trained: Run) -> None:
    app = show(lab, trained, b"no picture")
    (error,) = app.error
    assert error.value == r"digit\.png: this is no PNG, JPEG or WebP picture."
    assert NOTHING_DRAWN in words(app)
    app.file_uploader(key="picture_0").clear()
    give(app.run(), png(np.full((60, 60), 255, np.uint8)))
    (warning,) = app.warning
    assert warning.value == "No digit was found on this picture."
    assert NOTHING_DRAWN in words(app)


def beside(*indices: int, frame: bool = False) -> bytes:
    """A PNG file with test digits in dark ink beside each other, in a frame if asked for."""
    paper = np.full((400, 120 + 160 * len(indices)), 255, np.uint8)
    for place, index in enumerate(indices):
        left = 60 + 160 * place
        large = Image.fromarray(X_TEST[index]).resize((160, 160), Image.Resampling.BICUBIC)
        paper[120:280, left : left + 160] -= np.asarray(large)
    if frame:
        paper[40:48, 20:-20] = paper[-48:-40, 20:-20] = 0
        paper[40:-40, 20:28] = paper[40:-40, -28:-20] = 0
    return png(paper)


def test_every_digit_of_a_picture_is_read(
    lab: Lab, trained: Run, network: keras.Model, media: Media
) -> None:
    digits = separate_digits(read_picture(beside(0, 2, 4)).canvas)
    images = np.stack([to_mnist(digit) for digit in digits])
    answers = network(images.reshape(3, 784), training=False).numpy()
    app = show(lab, trained, beside(0, 2, 4))
    assert "Three digits were found." in words(app)
    for place, answer in enumerate(answers):
        button = app.button(key=f"found_digit_{place}")
        assert button.label == f":small[Read as {answer.argmax()}]"
        button.click().run()
        assert read(app) == pytest.approx(expected(answer), abs=0.02)
        np.testing.assert_allclose(shown(app, media), images[place], atol=0.01)
    give(app, beside(2, 4, 0))  # another picture: its first digit is chosen
    first, *_ = separate_digits(read_picture(beside(2, 4, 0)).canvas)
    answer = network(to_mnist(first).reshape(1, 784), training=False).numpy()[0]
    assert read(app) == pytest.approx(expected(answer), abs=0.02)


def test_the_page_says_what_it_left_out_of_a_picture(
    lab: Lab, trained: Run, network: keras.Model
) -> None:
    app = show(lab, trained, beside(0, frame=True))
    assert "A frame was left out." in words(app)
    image = to_mnist(read_picture(beside(0)).canvas)
    answer = network(image.reshape(1, 784), training=False).numpy()[0]
    assert read(app) == pytest.approx(expected(answer), abs=3)  # the light is a little different
    give(app, beside(0))
    assert "left out" not in words(app)


def test_what_was_put_right_of_an_imported_file_is_said(
    lab: Lab, trained: Run, drawings: DrawingStore
) -> None:
    images = np.concatenate([255 - X_TEST[:2], np.zeros((1, 28, 28), np.uint8)])
    app = lab.open("draw", run=trained.id, draw="My handwriting")
    for arrays, sentence in (
        ({"images": images, "labels": Y_TEST[:3]}, "2 drawings were added."),
        ({"X": images, "y": Y_TEST[:3]}, "expected the arrays images and labels, found X, y"),
    ):
        file = io.BytesIO()
        np.savez(file, **arrays)
        content = ("mine.npz", file.getvalue(), "application/zip")
        app.file_uploader(key="drawings_file").set_value(content)
        app.run().button(key="import_drawings").click().run()
        assert sentence in words(app)
        assert not [button for button in app.button if button.key == "import_drawings"]
    (kept, _) = drawings.load_all()
    np.testing.assert_array_equal(kept.image, X_TEST[1])
