"""The Features page as a person uses it: a map made, watched, stopped, kept and clicked."""

import base64
import re
from io import BytesIO

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect
from sklearn.neighbors import NearestNeighbors

from core.analysis.maps import MapRequest
from core.config import RunConfig
from core.data import load_mnist
from core.runs import Run
from core.status import State
from tests.e2e.server import Server, wait_for

FEW = MapRequest(layer="hidden_2", split="test", points=200)
MAKE = "Make the map"

# Where the chart has a point of these coordinates, in pixels of the window.
_PLACE = """(chart, [x, y]) => {
    const box = chart.getBoundingClientRect(), {xaxis, yaxis, _size} = chart._fullLayout
    return [box.left + _size.l + xaxis.l2p(x), box.top + _size.t + yaxis.l2p(y)]
}"""


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def link(server: Server, run: Run, **choices: object) -> str:
    """The address of the page with a map of 200 test images, with `choices` of its controls."""
    texts = {"run": run.id, "map_split": "test", "map_points": 200} | choices
    return f"{server.url}/features?" + "&".join(f"{key}={text}" for key, text in texts.items())


@pytest.fixture(scope="session")
def mapped(server: Server, trained: Run, browser) -> Run:
    """The trained run with the map FEW, made through the page."""
    page = browser.new_page(viewport={"width": 1400, "height": 1000})
    page.goto(link(server, trained))
    page.get_by_role("button", name=MAKE, exact=True).click(timeout=60_000)
    wait_for(lambda: is_finished(trained, FEW), "the map", deadline=120)
    page.close()
    return trained


def is_finished(run: Run, request: MapRequest) -> bool:
    status = run.map_status(request.key)
    return status is not None and status.state is State.FINISHED


def pictures(page: Page, count: int) -> np.ndarray:
    """The `count` selected images as the grid shows them, (count, 28, 28)."""
    chart = page.locator(".st-key-map_images .js-plotly-plot")
    expect(chart).to_be_visible()
    source = chart.evaluate("chart => chart.data[0].source")
    canvas = np.array(Image.open(BytesIO(base64.b64decode(source.partition(",")[2]))))
    return np.stack([canvas[:28, 32 * place : 32 * place + 28, 0] for place in range(count)])


def test_a_finished_map_opens_at_once_and_a_clicked_point_shows_its_image(
    page: Page, server: Server, mapped: Run
) -> None:
    page.goto(link(server, mapped))
    chart = page.locator(".st-key-map .js-plotly-plot")
    expect(chart).to_be_visible()
    points = mapped.map_points(FEW.key)
    wrong = points[points["true"] != points["predicted"]]
    expect(page.get_by_text(f"200 test images, {len(wrong)} of them")).to_be_visible()
    positions = points[["x", "y"]].to_numpy()
    nearest = NearestNeighbors(n_neighbors=11).fit(positions).kneighbors(positions)[1][:, 1:]
    labels = points["true"].to_numpy()
    agreement = (labels[nearest] == labels[:, None]).mean()
    expect(page.get_by_test_id("stMetricValue").first).to_have_text(f"{100 * agreement:.2f} %")

    lonely = points.loc[np.linalg.norm(positions - positions.mean(axis=0), axis=1).argmax()]
    page.mouse.click(*chart.evaluate(_PLACE, [float(lonely["x"]), float(lonely["y"])]))
    expect(page.get_by_text("1 image", exact=True)).to_be_visible()
    index = int(lonely["index"])
    np.testing.assert_array_equal(pictures(page, 1)[0], load_mnist().x_test[index])
    caption = f"{lonely['true']:.0f} → {lonely['predicted']:.0f}"
    expect(page.locator(".st-key-map_images").get_by_text(caption)).to_be_visible()


def test_a_lasso_shows_all_images_within_the_wrong_ones_first(
    page: Page, server: Server, mapped: Run
) -> None:
    page.goto(link(server, mapped, map_color="right+or+wrong"))
    chart = page.locator(".st-key-map .js-plotly-plot")
    expect(chart).to_be_visible()
    page.locator(".st-key-map [data-title='Lasso Select']").click()
    box = chart.evaluate("""chart => {
        const box = chart.getBoundingClientRect(), {_size} = chart._fullLayout
        return [box.left + _size.l, box.top + _size.t, _size.w, _size.h]
    }""")
    left, top, width, height = box
    corners = [(0.01, 0.01), (0.99, 0.01), (0.99, 0.99), (0.01, 0.99), (0.01, 0.01)]
    page.mouse.move(left + 0.01 * width, top + 0.01 * height)
    page.mouse.down()
    for x, y in corners:
        page.mouse.move(left + x * width, top + y * height, steps=5)
    page.mouse.up()
    expect(page.get_by_text("200 images", exact=True)).to_be_visible()
    points = mapped.map_points(FEW.key)
    wrong = points["true"] != points["predicted"]
    expected = [*points["index"][wrong], *points["index"][~wrong]][:6]
    np.testing.assert_array_equal(pictures(page, 6), load_mnist().x_test[expected])


def test_a_map_grows_and_what_was_reached_is_kept_when_stopped(
    page: Page, server: Server, trained: Run
) -> None:
    request = MapRequest(layer="hidden_1", points=5_000)
    page.goto(link(server, trained, map_split="train", map_points=5000, map_layer="Hidden+layer+1"))
    press(page, MAKE)
    expect(page.get_by_text(re.compile(r"Iteration \d+ of 750 · after epoch 3"))).to_be_visible()
    canvas = page.locator(".st-key-growing_map canvas").first
    canvas.evaluate("element => element.isTheSame = true")
    before = trained.map_status(request.key)
    wait_for(lambda: trained.map_status(request.key).iteration > before.iteration, "growth")
    assert canvas.evaluate("element => element.isTheSame === true")
    press(page, "Stop")
    expect(page.get_by_text(re.compile(r"Stopped after \d+ of 750 iterations"))).to_be_visible()
    status = trained.map_status(request.key)
    assert status.state is State.STOPPED
    assert 0 < status.iteration < 750
    expect(page.get_by_text(f"Stopped after {status.iteration} of 750")).to_be_visible()
    expect(page.locator(".st-key-map .js-plotly-plot")).to_be_visible()
    assert len(trained.map_points(request.key)) == 5_000


def test_another_run_has_its_own_maps_and_layers(page: Page, server: Server, mapped: Run) -> None:
    other = server.runs.create(
        RunConfig(hidden=(16,), epochs=1, training_images=1_000), name="a shallow run"
    )
    wait_for(lambda: other.status.state is State.FINISHED, "the other run", deadline=120)
    page.goto(link(server, mapped, map_layer="Hidden+layer+2"))
    expect(page.locator(".st-key-map .js-plotly-plot")).to_be_visible()
    page.get_by_role("combobox", name="Run").click()
    page.get_by_role("option", name="a shallow run").click()
    expect(page.get_by_role("button", name=MAKE, exact=True)).to_be_visible()
    expect(page.get_by_role("combobox", name="Features")).to_have_value("Hidden layer 1")
    assert f"run={other.id}" in page.url
    press(page, MAKE)
    request = FEW.model_copy(update={"layer": "hidden_1"})
    wait_for(lambda: is_finished(other, request), "the map", deadline=120)
    expect(page.get_by_text("The network after epoch 1, 200 test images")).to_be_visible()


def test_a_map_of_a_run_that_goes_on_training_says_of_which_epoch(
    page: Page, server: Server
) -> None:
    run = server.runs.create(RunConfig(hidden=(64,), epochs=200, training_images=10_000))
    wait_for(lambda: len(run.history) > 0, "the first epoch")
    page.goto(link(server, run, map_method="PCA+alone"))
    press(page, MAKE)
    request = MapRequest(layer="hidden_1", split="test", points=200, method="pca")
    wait_for(lambda: is_finished(run, request), "the map", deadline=120)
    epoch = run.map_status(request.key).epoch
    assert epoch >= 1
    expect(page.get_by_text(f"This map is of the network after epoch {epoch}.")).to_be_visible()
    press_again = page.get_by_role("button", name=re.compile("Make it again after epoch"))
    press_again.click()
    wait_for(lambda: run.map_status(request.key).epoch > epoch, "a map of a later epoch")


def test_what_cannot_be_mapped_is_said_in_a_sentence(
    page: Page, server: Server, trained: Run
) -> None:
    page.goto(link(server, trained, map_points=100, map_perplexity=60))
    expect(
        page.get_by_text("Perplexity 60 does not suit 100 points; choose 1 to 33")
    ).to_be_visible()
    expect(page.get_by_role("button", name=MAKE, exact=True)).to_have_count(0)
