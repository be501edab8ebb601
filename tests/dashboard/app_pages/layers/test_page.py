"""The Layers page: the table, the pictures, the weights, one digit; against NumPy and Keras."""

import base64
import json

import keras
import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.config.architecture import count_parameters
from core.data import load_mnist
from core.runs import Run
from core.runs.status import State
from dashboard.charts.weights import NOT_FINITE
from tests.dashboard.app_pages.lab import Lab, Media, component_data, spec, words

DISPUTED = 947  # a test image with a label that people found wrong


@pytest.fixture
def network(trained: Run) -> keras.Model:
    return keras.saving.load_model(trained.model_path, compile=False)


def captions(app: AppTest) -> list[str]:
    return [caption for image in app.image for caption in image.captions]


def kept_first_layer(run: Run, epoch: int) -> tuple[np.ndarray, np.ndarray]:
    """The kernel and biases of the first layer as the run keeps them."""
    epochs, weights = run.weights()
    flat = weights[epochs.tolist().index(epoch)].astype(np.float32)
    units = run.config.hidden[0]
    return flat[: 784 * units].reshape(784, units), flat[784 * units :][:units]


def test_the_table_and_the_full_configuration(lab: Lab, trained: Run, network: keras.Model) -> None:
    app = lab.open("layers", run=trained.id, layers_view="Layers")
    total = f"{count_parameters(trained.config):,}"
    assert f"**{total}** parameters in {len(network.layers)} layers." in words(app)
    table = app.dataframe[0].value
    assert table["name"].tolist() == [layer.name for layer in network.layers]
    assert table["type"].tolist() == [type(layer).__name__ for layer in network.layers]
    assert table["parameters"].tolist() == [layer.count_params() for layer in network.layers]
    shown = dict(zip(table["name"], table["activation"], strict=True))
    assert (shown["hidden_1"], shown["output"]) == ("relu", "softmax")
    assert not app.json
    app.session_state["layer_configs"] = True
    configs = json.loads(app.run().json[0].value)
    assert list(configs) == [layer.name for layer in network.layers]
    assert configs["hidden_1"]["units"] == 32
    assert configs["dropout_2"]["rate"] == 0.2


def test_first_layer_pictures_by_norm(lab: Lab, trained: Run, network: keras.Model) -> None:
    norms = np.linalg.norm(network.layers[0].get_weights()[0].astype(float), axis=0)
    app = lab.open("layers", run=trained.id, layers_view="First-layer pictures")
    assert captions(app) == [f"unit {unit}, norm {norms[unit]:.2f}" for unit in np.argsort(-norms)]
    assert NOT_FINITE not in words(app)


def test_first_layer_pictures_keep_their_places_over_the_epochs(lab: Lab, trained: Run) -> None:
    app = lab.open("layers", run=trained.id, layers_view="First-layer pictures")
    places = [caption.partition(",")[0] for caption in captions(app)]
    app.slider(key="picked_epoch").set_value(1).run()
    norms = np.linalg.norm(kept_first_layer(trained, 1)[0].astype(float), axis=0)
    units = [int(place.removeprefix("unit ")) for place in places]
    assert captions(app) == [f"unit {unit}, norm {norms[unit]:.2f}" for unit in units]


def test_weights_that_are_not_finite_are_marked(
    lab: Lab, trained: Run, network: keras.Model, media: Media
) -> None:
    kernel, _ = network.layers[0].get_weights()
    kernel[:, 3] = np.inf
    network.layers[0].kernel.assign(kernel)
    trained.write_model(network.save)
    app = lab.open("layers", run=trained.id, layers_view="First-layer pictures")
    assert (media.picture(app, "Weights of unit 3") == 128).all()
    assert media.picture(app, "Weights of unit 4").std() > 10
    assert "unit 3, norm too large" in captions(app)
    assert NOT_FINITE in words(app)


def test_dead_units_and_histograms(lab: Lab, trained: Run, network: keras.Model) -> None:
    pixels = load_mnist().x_test.reshape(-1, 784) / np.float32(255)
    kernel, bias = network.get_layer("hidden_1").get_weights()
    dead = int((np.maximum(pixels @ kernel + bias, 0) == 0).all(axis=0).sum())
    app = lab.open("layers", run=trained.id, layers_view="Weights")
    metric, _ = app.metric
    assert metric.label == "hidden_1"
    assert metric.value == f"{100 * dead / 32:.2f} %"
    assert metric.delta == f"{dead} of 32 units"
    assert "`hidden_1` kernel, 25,088 values" in words(app)
    assert len(app.get("plotly_chart")) == 6
    for layer in ("hidden_1", "hidden_2", "output"):
        for name, values in zip(
            ("kernel", "bias"), network.get_layer(layer).get_weights(), strict=True
        ):
            (bars,) = spec(app, f"histogram_{layer}_{name}")["data"]
            counts, edges = np.histogram(values.astype(float), 50)
            np.testing.assert_array_equal(bars["y"], counts)
            np.testing.assert_allclose(bars["x"], (edges[1:] + edges[:-1]) / 2, atol=1e-6)


def test_one_digit_on_its_way_through(
    lab: Lab, trained: Run, network: keras.Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = lab.open("layers", run=trained.id, layers_view="One digit", layers_digit=str(DISPUTED))
    true = load_mnist().y_test[DISPUTED]
    predicted = trained.test_probabilities(3)[DISPUTED].argmax()
    assert f"No. {DISPUTED}: true label **{true}**, predicted **{predicted}**" in words(app)
    assert "label disputed" in words(app)
    assert f"What speaks for a **{predicted}**:" in words(app)
    served = component_data(app, "layers_answer")["served"]
    image = np.frombuffer(base64.b64decode(served["image"]), np.uint8)
    np.testing.assert_array_equal(image, load_mnist().x_test[DISPUTED].ravel())
    assert component_data(app, "layers_answer")["true_digit"] == true
    assert component_data(app, "layers_picture")["network"]["url"].endswith(f"/{trained.id}/3")
    app.pills(key="speaker").set_value(4).run()
    assert "What speaks for a **4**:" in words(app)
    monkeypatch.setattr("random.randrange", lambda limit: limit - 1)
    app.button(key="random_digit").click().run()
    assert f"No. 9,999: true label **{load_mnist().y_test[-1]}**" in words(app)
    assert app.query_params["layers_digit"] == "9999"


def test_one_digit_after_each_epoch(lab: Lab, trained: Run) -> None:
    answers = trained.test_probabilities().argmax(axis=2)
    index = int(np.flatnonzero((answers != answers[0]).any(axis=0))[0])  # the network changed
    true = load_mnist().y_test[index]
    app = lab.open("layers", run=trained.id, layers_view="One digit", layers_digit=str(index))

    def check(epoch: int) -> None:
        assert f"What the network takes it for after epoch {epoch}" in words(app)
        predicted = answers[epoch - 1, index]
        assert f"No. {index:,}: true label **{true}**, predicted **{predicted}**" in words(app)
        served = component_data(app, "layers_answer")["served"]["probabilities"]
        kept = trained.test_probabilities(epoch)[index]
        np.testing.assert_allclose(served, kept, atol=0.01)  # kept as float16
        assert component_data(app, "layers_picture")["network"]["epoch"] == epoch

    check(3)
    for epoch in (2, 1):
        app.slider(key="picked_epoch").set_value(epoch).run()
        check(epoch)


def test_another_run_is_picked(lab: Lab, trained: Run) -> None:
    other = lab.runs.create(trained.config, name="no epoch yet", state=State.STOPPED)
    app = lab.open("layers", run=other.id)
    assert "This run ended before its first epoch did." in words(app)
    app.selectbox(key="picked_run").set_value(trained.id).run()
    assert "What the network takes it for after epoch 3" in words(app)
    assert app.query_params["run"] == trained.id
