"""The Layers page as a person uses it: the table, the pictures, the weights, one digit."""

import re
import urllib.request
from io import BytesIO
from urllib.parse import urljoin

import keras
import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from core.architecture import count_parameters
from core.config import RunConfig
from core.data import load_mnist
from core.runs import Run
from core.status import Request, State
from dashboard.charts.strips import draw_weights
from tests.e2e.controls import pick
from tests.e2e.figures import figure
from tests.e2e.server import Server, wait_for


def link(server: Server, run: Run, view: str, **choices: object) -> str:
    texts = {"run": run.id, "layers_view": view.replace(" ", "+")} | choices
    return f"{server.url}/layers?" + "&".join(f"{key}={text}" for key, text in texts.items())


@pytest.fixture(scope="module")
def network(trained: Run) -> keras.Model:
    return keras.saving.load_model(trained.model_path, compile=False)


def test_the_table_and_the_full_configuration(
    page: Page, server: Server, trained: Run, network: keras.Model
) -> None:
    page.goto(f"{server.url}/layers?run={trained.id}")
    total = f"{count_parameters(trained.config):,}"
    expect(page.get_by_text(f"{total} parameters in {len(network.layers)} layers")).to_be_visible()
    expect(page.get_by_text("The network as it stands, after epoch 3.")).to_be_visible()
    page.get_by_text("Full configuration of each layer").click()
    names = page.get_by_test_id("stJson").get_by_text(re.compile('^"?hidden_1|dropout_2|output'))
    expect(names).to_have_count(3)


def test_first_layer_pictures_by_norm(
    page: Page, server: Server, trained: Run, network: keras.Model
) -> None:
    norms = np.linalg.norm(network.layers[0].get_weights()[0], axis=0)
    page.goto(link(server, trained, "First-layer pictures"))
    captions = page.get_by_text(re.compile(r"^unit \d+, norm"))
    expect(captions).to_have_count(len(norms))
    assert captions.all_text_contents() == [
        f"unit {unit}, norm {norms[unit]:.2f}" for unit in np.argsort(-norms)
    ]


def test_first_layer_pictures_after_each_epoch(page: Page, server: Server, trained: Run) -> None:
    page.goto(link(server, trained, "First-layer pictures", first_layer_view="after+each+epoch"))
    for epoch in (3, 2):
        picture = page.get_by_role(
            "img", name=f"First-layer weights as pictures after epoch {epoch}"
        )
        expect(picture).to_be_visible()
        address = picture.get_attribute("src")
        shown = Image.open(BytesIO(urllib.request.urlopen(urljoin(server.url, address)).read()))
        expected = draw_weights(trained.first_layer(epoch))
        np.testing.assert_array_equal(np.array(shown.convert("RGBA")), expected)
        page.get_by_role("slider", name="After epoch").press("ArrowLeft")


def test_dead_units_and_histograms(
    page: Page, server: Server, trained: Run, network: keras.Model
) -> None:
    pixels = load_mnist().x_test.reshape(-1, 784) / np.float32(255)
    kernel, bias = network.get_layer("hidden_1").get_weights()
    dead = int((np.maximum(pixels @ kernel + bias, 0) == 0).all(axis=0).sum())
    page.goto(link(server, trained, "Weights"))
    metric = page.get_by_test_id("stMetric").filter(has_text="hidden_1")
    expect(metric).to_contain_text(f"{100 * dead / 32:.2f} %")
    expect(metric).to_contain_text(f"{dead} of 32 units")
    expect(page.get_by_text("kernel, 25,088 values")).to_be_visible()
    charts = page.locator("[class*='st-key-histogram_'] .js-plotly-plot")
    expect(charts).to_have_count(6)
    counts = charts.first.evaluate("chart => Array.from(chart._fullData[0].y)")
    np.testing.assert_array_equal(counts, np.histogram(kernel, 50)[0])


def test_one_digit_on_its_way_through(
    page: Page, server: Server, trained: Run, network: keras.Model
) -> None:
    page.goto(link(server, trained, "One digit", layers_digit=947))
    predicted = trained.test_probabilities(3)[947].argmax()
    true = load_mnist().y_test[947]
    expect(page.get_by_text(f"No. 947: true label {true}, predicted {predicted}")).to_be_visible()
    badge = page.locator(".stMarkdownBadge", has_text="label disputed")
    expect(badge.first).to_be_visible()  # with its tooltip it stands twice in the page
    expect(page.get_by_text(f"What speaks for a {predicted}:")).to_be_visible()
    pixels = load_mnist().x_test[947].reshape(784) / 255
    kernel, bias = network.get_layer("hidden_1").get_weights()
    expected = np.maximum(pixels @ kernel + bias, 0)
    strip = page.locator(".st-key-activations_hidden_1 .js-plotly-plot")
    expect(strip).to_be_visible()
    shown = strip.evaluate("chart => Array.from(chart._fullData[0].z[0])")
    np.testing.assert_allclose(shown, expected, atol=1e-5)
    page.get_by_role("radio", name="4", exact=True).click()
    expect(page.get_by_text("What speaks for a 4:")).to_be_visible()
    page.get_by_role("button", name="Another").click()
    expect(page.get_by_text("No. 947")).to_have_count(0)
    expect(page).not_to_have_url(re.compile("layers_digit=947"))


def test_one_digit_after_each_epoch(page: Page, server: Server, trained: Run) -> None:
    def differ(index: int) -> bool:
        return len(set(trained.test_probabilities()[:, index].argmax(axis=1).tolist())) > 1

    index = next(filter(differ, range(10_000)))
    true = load_mnist().y_test[index]
    page.goto(link(server, trained, "One digit", layers_digit=index))
    for epoch in (3, 2, 1):
        predicted = trained.test_probabilities(epoch)[index].argmax()
        sentence = f"What the network takes it for after epoch {epoch}, %"
        expect(page.get_by_text(sentence)).to_be_visible()
        words = f"No. {index}: true label {true}, predicted {predicted}"
        expect(page.get_by_text(words)).to_be_visible()
        pixels = load_mnist().x_test[index].reshape(784) / 255
        kernel, bias = first_layer(trained, epoch)
        expected = np.maximum(pixels @ kernel + bias, 0)
        shown = figure(page, "activations_hidden_1").evaluate(
            "chart => Array.from(chart._fullData[0].z[0])"
        )
        np.testing.assert_allclose(shown, expected, atol=0.01)  # kept as float16
        page.get_by_role("slider", name="After epoch").press("ArrowLeft")


def first_layer(run: Run, epoch: int) -> tuple[np.ndarray, np.ndarray]:
    """The kernel and biases of the first layer as the run keeps them."""
    epochs, weights = run.weights()
    flat = weights[epochs.tolist().index(epoch)].astype(np.float32)
    units = run.config.hidden[0]
    return flat[: 784 * units].reshape(784, units), flat[784 * units :][:units]


def test_a_run_that_trains_is_watched_and_another_one_picked(
    page: Page, server: Server, trained: Run
) -> None:
    run = server.runs.create(RunConfig(hidden=(64,), epochs=200), name="still training")
    wait_for(lambda: len(run.history) >= 1, "an epoch", deadline=120)
    run.ask(Request.PAUSE)
    wait_for(lambda: run.status.state is State.PAUSED, "the pause")
    first = len(run.history)
    page.goto(link(server, run, "One digit", layers_digit=947))
    expect(page.get_by_text(f"The network as it stands, after epoch {first}.")).to_be_visible()
    run.ask(Request.RUN)
    wait_for(lambda: len(run.history) > first, "another epoch", deadline=120)
    run.ask(Request.STOP)
    wait_for(lambda: run.status.state is State.STOPPED, "the run to stop")
    last = run.network_epoch
    expect(page.get_by_text(f"The network as it stands, after epoch {last}.")).to_be_visible()
    expect(page.get_by_text(f"takes it for after epoch {last}, %")).to_be_visible()
    answer = run.test_probabilities(last)[947].argmax()
    expect(page.get_by_text(f"No. 947: true label 8, predicted {answer}")).to_be_visible()

    pick(page, "Run", "a trained run")
    expect(page.get_by_text("The network as it stands, after epoch 3.")).to_be_visible()
    expect(page).to_have_url(re.compile(f"run={trained.id}"))
    page.get_by_role("tab", name="Layers", exact=True).click()
    expect(page.get_by_text(f"{count_parameters(trained.config):,} parameters")).to_be_visible()


def test_asking_for_networks_does_not_load_tensorflow_into_the_server(
    page: Page, server: Server, trained: Run
) -> None:
    page.goto(link(server, trained, "Weights"))
    expect(page.get_by_text("kernel, 25,088 values")).to_be_visible()
    with open(f"/proc/{server.process.pid}/maps") as loaded:
        assert "tensorflow" not in loaded.read()
