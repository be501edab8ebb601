"""The Features page as a person uses it: a map made, watched, stopped, kept and clicked."""

import base64
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect
from sklearn.neighbors import NearestNeighbors

from core.analysis.maps import MapRequest, MapStatus
from core.config import RunConfig
from core.data import load_mnist
from core.runs import Run, new_run_id
from core.status import Request, State
from tests.e2e.controls import pick, press
from tests.e2e.figures import click_point, figure
from tests.e2e.server import Server, wait_for

FEW = MapRequest(layer="hidden_2", split="test", points=200)
MAKE = "Make the map"


def link(server: Server, run: Run, **choices: object) -> str:
    """The address of the page with a map of 200 test images, with `choices` of its controls."""
    texts = {"run": run.id, "map_split": "test", "map_points": 200} | choices
    return f"{server.url}/features?" + "&".join(f"{key}={text}" for key, text in texts.items())


@pytest.fixture(scope="session")
def mapped(server: Server, trained: Run, browser) -> Run:
    """The trained run with the map FEW, made through the page."""
    page = browser.new_page(viewport={"width": 1400, "height": 1000})
    page.set_default_timeout(120_000)
    page.goto(link(server, trained))
    press(page, MAKE)
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
    points = mapped.map_points(FEW.key)
    wrong = points[points["true"] != points["predicted"]]
    expect(page.get_by_text(f"200 test images, {len(wrong)} of them")).to_be_visible()
    positions = points[["x", "y"]].to_numpy()
    nearest = NearestNeighbors(n_neighbors=11).fit(positions).kneighbors(positions)[1][:, 1:]
    labels = points["true"].to_numpy()
    agreement = (labels[nearest] == labels[:, None]).mean()
    expect(page.get_by_test_id("stMetricValue").first).to_have_text(f"{100 * agreement:.2f} %")

    lonely = points.loc[np.linalg.norm(positions - positions.mean(axis=0), axis=1).argmax()]
    click_point(page, "map", lonely["x"], lonely["y"])
    expect(page.get_by_text("1 image", exact=True)).to_be_visible()
    index = int(lonely["index"])
    np.testing.assert_array_equal(pictures(page, 1)[0], load_mnist().x_test[index])
    caption = f"{lonely['true']:.0f} → {lonely['predicted']:.0f}"
    expect(page.locator(".st-key-map_images").get_by_text(caption)).to_be_visible()


def test_a_lasso_shows_all_images_within_the_wrong_ones_first(
    page: Page, server: Server, mapped: Run
) -> None:
    page.goto(link(server, mapped, map_color="right+or+wrong"))
    chart = figure(page, "map")
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


def selected_rows(page: Page) -> list[int]:
    """The rows of the points that the map shows as selected."""
    rows = figure(page, "map").evaluate("""chart => chart._fullData.flatMap(
        trace => (trace.selectedpoints || []).map(place => trace.customdata[place][0])
    )""")
    return sorted(rows)


def shown_answers(page: Page) -> dict[int, int]:
    """What the network is shown to have answered, by the row of the point."""
    pairs = figure(page, "map").evaluate("""chart => chart._fullData.flatMap(
        trace => (trace.customdata || []).map(point => [point[0], point[3]])
    )""")
    return {int(row): int(answer) for row, answer in pairs}


def test_the_colours_follow_the_epoch_and_a_choice_outlasts_them(
    page: Page, server: Server, mapped: Run
) -> None:
    points = mapped.map_points(FEW.key)
    true = points["true"].to_numpy()
    page.goto(link(server, mapped, map_color="predicted+label"))
    far = int(np.hypot(*(points[["x", "y"]] - points[["x", "y"]].mean()).T.to_numpy()).argmax())
    click_point(page, "map", *points.loc[far, ["x", "y"]])
    one = page.get_by_text("1 image", exact=True)
    expect(one).to_be_visible()
    for key, epoch in ((None, 3), ("Home", 1), ("ArrowRight", 2)):
        if key:
            page.get_by_role("slider", name="After epoch").press(key)
        answers = mapped.test_probabilities(epoch)[:200].argmax(axis=1)
        wrong = (answers != true).sum()
        sentence = f"The network after epoch {epoch}, 200 test images, {wrong} of them"
        expect(page.get_by_text(sentence)).to_be_visible()
        assert shown_answers(page) == dict(enumerate(answers))
        expect(one).to_be_visible()
        caption = f"{true[far]} → {answers[far]}"
        expect(page.locator(".st-key-map_images").get_by_text(caption)).to_be_visible()
    page.get_by_role("radio", name="right or wrong").click()
    expect(page.get_by_label(re.compile("coloured by right or wrong"))).to_be_visible()
    expect(one).to_be_visible()
    assert selected_rows(page) == [far]
    press(page, "Let go")
    expect(one).to_have_count(0)
    assert selected_rows(page) == []
    click_point(page, "map", *points.loc[far, ["x", "y"]])
    expect(one).to_be_visible()


@contextmanager
def frozen_worker(server: Server) -> Iterator[None]:
    """Nothing is computed meanwhile."""
    worker = server.worker
    worker.suspend()
    try:
        yield
    finally:
        worker.resume()


def test_a_map_grows_and_what_was_reached_is_kept_when_stopped(
    page: Page, server: Server, trained: Run
) -> None:
    request = MapRequest(layer="hidden_1", points=5_000)
    page.goto(link(server, trained, map_split="train", map_points=5000, map_layer="Hidden+layer+1"))
    press(page, MAKE)

    def iteration() -> int:
        status = trained.map_status(request.key)
        return status.iteration if status else 0

    wait_for(iteration, "the first iterations", deadline=120)
    canvas = page.locator(".st-key-growing_map canvas").first
    with frozen_worker(server):
        before = iteration()
        expect(
            page.get_by_text(f"Iteration {before} of at most 750 · after epoch 3")
        ).to_be_visible()
        canvas.evaluate("element => element.isTheSame = true")
    wait_for(lambda: iteration() > before, "growth")
    with frozen_worker(server):
        expect(page.get_by_text(f"Iteration {iteration()} of at most 750")).to_be_visible()
        assert canvas.evaluate("element => element.isTheSame === true")
        press(page, "Stop")
        wait_for(lambda: trained.is_map_to_stop(request.key), "the request to stop")
    expect(page.get_by_text(re.compile(r"Stopped after \d+ iterations"))).to_be_visible()
    status = trained.map_status(request.key)
    assert status.state is State.STOPPED
    assert 0 < status.iteration < 750
    expect(page.get_by_text(f"Stopped after {status.iteration} iterations")).to_be_visible()
    expect(page.locator(".st-key-map .js-plotly-plot")).to_be_visible()
    assert len(trained.map_points(request.key)) == 5_000


def test_another_run_has_its_own_maps_and_layers(page: Page, server: Server, mapped: Run) -> None:
    other = server.runs.create(
        RunConfig(hidden=(16,), epochs=1, training_images=1_000), name="a shallow run"
    )
    wait_for(lambda: other.status.state is State.FINISHED, "the other run", deadline=120)
    page.goto(link(server, mapped, map_layer="Hidden+layer+2"))
    expect(page.locator(".st-key-map .js-plotly-plot")).to_be_visible()
    pick(page, "Run", "a shallow run")
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
    run = server.runs.create(RunConfig(hidden=(64,), epochs=200))
    request = MapRequest(layer="hidden_1", split="test", points=200, method="pca")

    def pause_after(epoch: int) -> int:
        """Let it train until it has ended a later epoch; return the latest."""
        run.ask(Request.RUN)
        wait_for(lambda: len(run.history) > epoch, f"epoch {epoch + 1}", deadline=120)
        run.ask(Request.PAUSE)
        wait_for(lambda: run.status.state is State.PAUSED, "the pause")
        return len(run.history)

    epoch = pause_after(0)
    page.goto(link(server, run, map_method="PCA+alone"))
    press(page, MAKE)
    wait_for(lambda: is_finished(run, request), "the map", deadline=120)
    assert run.map_status(request.key).epoch == epoch
    later = pause_after(epoch)
    expect(page.get_by_text(f"This map is of the network after epoch {epoch}.")).to_be_visible()
    press(page, f"Make it again after epoch {later}")
    wait_for(lambda: run.map_status(request.key).epoch == later, "a map of a later epoch")


def test_a_run_that_cannot_be_written_is_told(page: Page, server: Server, mapped: Run) -> None:
    run = Run(server.runs.root / new_run_id())
    shutil.copytree(mapped.path, run.path, ignore=shutil.ignore_patterns("maps"))
    (run.path / "maps").write_text("a file where a folder should be")
    page.goto(link(server, run))
    press(page, MAKE)
    sentence = page.get_by_text(f"run {run.id} cannot be written: Not a directory.")
    expect(sentence).to_be_visible()
    (run.path / "maps").unlink()
    run.write_map_status(FEW.key, MapStatus(state=State.RUNNING, iteration=25, epoch=3))
    run.write_map_points(FEW.key, mapped.map_points(FEW.key))
    stop = run.path / "maps" / f"{FEW.key}.stop"
    stop.symlink_to(stop)  # which nobody can write
    page.reload()
    press(page, "Stop")
    sentence = page.get_by_text(f"run {run.id} cannot be written: Too many levels")
    expect(sentence).to_be_visible()
    server.runs.delete(run.id)


def test_what_cannot_be_mapped_is_said_in_a_sentence(
    page: Page, server: Server, trained: Run
) -> None:
    page.goto(link(server, trained, map_points=100, map_perplexity=60))
    expect(
        page.get_by_text("Perplexity 60 does not suit 100 points; choose 1 to 33")
    ).to_be_visible()
    expect(page.get_by_role("button", name=MAKE, exact=True)).to_have_count(0)
