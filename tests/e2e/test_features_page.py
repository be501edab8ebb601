"""The Features page as a person uses it: a map made, clicked and lassoed, watched and stopped.

Its words and colours are tested in `tests/dashboard/pages/test_features.py`.
"""

import re

import numpy as np
import pandas as pd
from playwright.sync_api import Page, expect

from core.data import load_mnist
from core.maps.request import MapRequest, MapStatus
from core.maps.store import StoredMap
from core.runs import Run
from core.runs.status import State
from tests.e2e.controls import press
from tests.e2e.figures import click_point, figure
from tests.e2e.server import WAKE, Server, wait_for

FEW = MapRequest(layer="hidden_2", split="test", points=200)


def link(server: Server, run: Run) -> str:
    """The address of the page with the map FEW of a run."""
    return f"{server.url}/features?run={run.id}&map_split=test&map_points=200&map_method=t-SNE"


def is_finished(run: Run, request: MapRequest) -> bool:
    status = StoredMap(run, request).status
    return status is not None and status.state is State.FINISHED


def selected_rows(page: Page) -> list[int]:
    """The rows of the points that the map shows as selected."""
    rows = figure(page, "map").evaluate("""chart => chart._fullData.flatMap(
        trace => (trace.selectedpoints || []).map(place => trace.customdata[place][0])
    )""")
    return sorted(rows)


def lasso_everything(page: Page) -> None:
    """Take the lasso and draw a loop around all points of the map."""
    chart = figure(page, "map")
    page.locator(".st-key-map [data-title='Lasso Select']").click()
    left, top, width, height = chart.evaluate("""chart => {
        const box = chart.getBoundingClientRect(), {_size} = chart._fullLayout
        return [box.left + _size.l, box.top + _size.t, _size.w, _size.h]
    }""")
    corners = [(0.01, 0.01), (0.99, 0.01), (0.99, 0.99), (0.01, 0.99), (0.01, 0.01)]
    page.mouse.move(left + 0.01 * width, top + 0.01 * height)
    page.mouse.down()
    for x, y in corners:
        page.mouse.move(left + x * width, top + y * height, steps=5)
    page.mouse.up()


def test_a_map_is_made_and_its_points_are_chosen(page: Page, server: Server, trained: Run) -> None:
    page.goto(link(server, trained))
    press(page, "Make the map")
    what = "the worker to start and make the map"
    wait_for(lambda: is_finished(trained, FEW), what, deadline=WAKE)
    points = StoredMap(trained, FEW).read_points()
    place = points[["x", "y"]]
    far = int(np.hypot(*(place - place.mean()).to_numpy().T).argmax())
    caption = f"{points['true'][far]} → {points['predicted'][far]}"
    one = page.get_by_text("1 image", exact=True)
    click_point(page, "map", *place.loc[far])
    expect(one).to_be_visible()
    expect(page.locator(".st-key-map_images").get_by_text(caption)).to_be_visible()

    page.get_by_role("radio", name="right or wrong").click()
    expect(page.get_by_label(re.compile("coloured by right or wrong"))).to_be_visible()
    expect(one).to_be_visible()
    wait_for(lambda: selected_rows(page) == [far], "the one to be selected still")
    press(page, "Let go")
    expect(one).to_have_count(0)
    wait_for(lambda: selected_rows(page) == [], "nothing to be selected")
    click_point(page, "map", *place.loc[far])
    expect(one).to_be_visible()

    lasso_everything(page)
    expect(page.get_by_text("200 images", exact=True)).to_be_visible()
    wait_for(lambda: selected_rows(page) == list(range(200)), "all to be selected")


def test_a_map_grows_in_place_and_is_stopped(page: Page, server: Server, trained: Run) -> None:
    """The test is the worker that makes it."""
    run = server.runs.create(trained.config, name="a mapped run", state=State.FINISHED)
    run.write_history(trained.history.to_dict("records"))
    labels = load_mnist().y_test[: FEW.points]
    StoredMap(run, FEW).request()

    def reach(iteration: int, state: State = State.RUNNING) -> None:
        places = iteration * np.random.default_rng(iteration).normal(size=(FEW.points, 2))
        points = pd.DataFrame({"index": range(FEW.points), "true": labels, "predicted": labels})
        StoredMap(run, FEW).write_points(
            points.assign(confidence=1.0, x=places[:, 0], y=places[:, 1])
        )
        status = MapStatus(state=state, epoch=3, iteration=iteration)
        StoredMap(run, FEW).write_status(status)

    reach(25)
    page.goto(link(server, run))
    canvas = page.locator(".st-key-growing_map canvas").first
    expect(page.get_by_text("Iteration 25 of at most 750 · after epoch 3")).to_be_visible()
    canvas.evaluate("element => element.isTheSame = true")
    reach(50)
    expect(page.get_by_text("Iteration 50 of at most 750")).to_be_visible()
    assert canvas.evaluate("element => element.isTheSame === true")
    press(page, "Stop")
    wait_for(lambda: StoredMap(run, FEW).is_stop_requested, "the request to stop")
    reach(50, State.STOPPED)
    expect(page.get_by_text("Stopped after 50 iterations")).to_be_visible()
    wait_for(lambda: selected_rows(page) == [], "nothing to be selected")
    expect(page.locator(".st-key-growing_map")).to_have_count(0)
    server.runs.delete(run.id)
