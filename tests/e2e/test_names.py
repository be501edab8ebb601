"""What a person types is shown as typed, and is never HTML, markdown or a link: on every page."""

import re

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from core.config import RunConfig
from core.drawings import DrawingStore
from core.runs import Run
from core.status import State
from core.sweep.config import SweepConfig
from core.sweep.store import Sweep, SweepStore
from tests.e2e.server import Server, wait_for

HOSTILE = "<img src=x onerror=alert(1)> **bold** [a](http://evil.example) $x^2$ a -> b &lt;"
SHOWN = """words => document.body.innerText.includes(words)
    || [...document.querySelectorAll("input")].some(input => input.value.includes(words))"""
PAGES = ("train", "data", "curves", "evaluate", "features", "layers", "draw", "compare")


@pytest.fixture(scope="module")
def hostile(server: Server):
    """Two finished runs that look alike and carry a name that tries everything."""
    config = RunConfig(hidden=(16,), training_images=2_000, epochs=2)
    runs = [
        server.runs.create(config, name=HOSTILE, owner=f"x@evil.example {HOSTILE}")
        for _ in range(2)
    ]
    for run in runs:
        wait_for(lambda run=run: run.status.state is State.FINISHED, "the run", deadline=180)
        run.mark(note=HOSTILE)
    yield runs
    for run in runs:
        server.runs.delete(run.id)


@pytest.fixture
def watched(page: Page):
    """The page, which fails the test if anything typed ran, or was made into an element."""
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    yield page
    assert dialogs == []


def settle(page: Page) -> None:
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")


def assert_nothing_was_made_of_it(page: Page) -> None:
    settle(page)
    assert page.locator("img[src='x']").count() == 0
    assert page.locator("a[href*='evil.example']").count() == 0
    assert page.locator("a[href^='mailto:']").count() == 0
    assert page.locator(".katex").count() == 0
    for tag in ("strong", "b"):
        assert page.locator(tag, has_text="bold").count() == 0
    for arrow in ("a → b", "a — b"):
        assert page.get_by_text(arrow).count() == 0


@pytest.mark.parametrize("name", PAGES)
def test_a_runs_name_is_shown_as_typed(
    watched: Page, server: Server, hostile: list[Run], name: str
) -> None:
    one, other = (run.id for run in hostile)
    watched.goto(f"{server.url}/{name}?run={one}&runs={one},{other}")
    settle(watched)
    watched.wait_for_function(SHOWN, arg="<img src=x")
    assert_nothing_was_made_of_it(watched)
    for chart in (
        watched.get_by_test_id("stEchartsChart").all() + watched.locator(".js-plotly-plot").all()
    ):
        if chart.is_visible():
            chart.hover()
            assert_nothing_was_made_of_it(watched)
    for tab in watched.get_by_role("tab").all():
        if tab.is_visible():
            tab.click()
        assert_nothing_was_made_of_it(watched)


def test_a_heading_shows_the_name_to_the_letter(
    watched: Page, server: Server, hostile: list[Run]
) -> None:
    watched.goto(f"{server.url}/train?run={hostile[0].id}")
    heading = watched.get_by_role("heading", level=3).first
    expect(heading).to_be_visible()
    assert heading.inner_text().replace("\u2060", "") == HOSTILE


@pytest.mark.parametrize(
    "link",
    [
        "train?run=[a](http://evil.example)",
        "train?dropout=[a](http://evil.example)",
        "train?hidden=**bold**",
        "train?activation=<img src=x onerror=alert(1)>",
        "curves?run=**bold** <img src=x>",
        "compare?runs=**bold**,[a](http://evil.example)",
        "sweep?sweep=[a](http://evil.example) **bold**",
        "sweep?dropout=[a](http://evil.example)",
        "runs?run=[a](http://evil.example)",
        "evaluate?epoch=**bold**&run=x",
        "<img src=x onerror=alert(1)>",
    ],
)
def test_a_link_is_quoted_as_typed(watched: Page, server: Server, link: str) -> None:
    watched.goto(f"{server.url}/{link}")
    expect(watched.get_by_role("link", name="Evaluate").first).to_be_visible()
    assert_nothing_was_made_of_it(watched)


def test_the_table_of_runs_and_a_chosen_run(
    watched: Page, server: Server, hostile: list[Run]
) -> None:
    watched.goto(f"{server.url}/runs?run={hostile[0].id}")
    expect(watched.get_by_role("link", name="Evaluate").first).to_be_visible()
    assert_nothing_was_made_of_it(watched)


@pytest.fixture(scope="module")
def hostile_sweep(server: Server) -> Sweep:
    """A sweep of two trials that has come to its end, of the same name."""
    base = RunConfig(hidden=(16,), training_images=1_000, epochs=1)
    config = SweepConfig(base=base, vary={"dropout": {"low": 0.0, "high": 0.5}}, trials=2)
    sweep = SweepStore(server.runs).create(config, name=HOSTILE, owner=HOSTILE)
    wait_for(lambda: sweep.status.complete == 2, "the sweep", deadline=180)
    return sweep


def test_a_sweeps_name_is_shown_as_typed(
    watched: Page, server: Server, hostile_sweep: Sweep
) -> None:
    watched.goto(f"{server.url}/sweep?sweep={hostile_sweep.id}")
    expect(watched.get_by_text("2 of 2 trials")).to_be_visible()
    heading = watched.get_by_role("heading", level=3).first
    assert heading.inner_text().replace("\u2060", "") == HOSTILE
    expect(watched.get_by_role("combobox", name="Sweep")).to_have_value(re.compile("^<img src=x"))
    assert_nothing_was_made_of_it(watched)
    watched.get_by_role("button", name="Train the best with five seeds").click()
    wait_for(lambda: server.runs.list()[0].name.startswith("Best of <img"), "the best again")
    expect(watched.get_by_text("The best again, from 5 other seeds")).to_be_visible()
    assert_nothing_was_made_of_it(watched)


def test_the_owner_of_a_drawing_is_nothing_but_text(
    watched: Page, server: Server, hostile: list[Run]
) -> None:
    drawings = DrawingStore(server.runs.root.parent / "drawings")
    kept = drawings.add(np.zeros((28, 28), np.float32), 3, HOSTILE)
    query = "draw=My+handwriting&whose_drawings=Everybody's"
    watched.goto(f"{server.url}/draw?run={hostile[0].id}&{query}")
    expect(watched.locator(".st-key-drawings_gallery .js-plotly-plot")).to_be_visible()
    assert_nothing_was_made_of_it(watched)
    drawings.delete([kept])


# --- the door and the Class page


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory):
    """A server with a class password that tries everything too."""
    folder = tmp_path_factory.mktemp("hostile_class")
    server = Server(folder, DIGITLAB_CLASS_PASSWORD=HOSTILE, DIGITLAB_TEACHER_PASSWORD="open wide")
    yield server
    server.stop()


def come_in(page: Page, name: str, password: str) -> None:
    page.get_by_label("Your name").fill(name)
    page.get_by_label("Class password").fill(password)
    page.get_by_role("button", name="Come in").click()


@pytest.mark.parametrize(
    "name",
    [
        "<img src=x onerror=alert(1)> **bold**",
        "[a](http://evil.example) $x^2$ a -> b",
        '"><img src=x onerror=alert(1)> &lt;',
        "x@evil.example :material/home: :smile: `",
    ],
)
def test_a_visitors_name_is_shown_as_typed(watched: Page, school: Server, name: str) -> None:
    watched.goto(f"{school.url}/classroom")
    come_in(watched, name, "wrong")
    expect(watched.get_by_role("alert")).to_be_visible()
    expect(watched.get_by_label("Your name")).to_have_value(name)
    assert watched.locator("img").count() == 0
    come_in(watched, name, HOSTILE)
    heading = watched.get_by_role("heading", level=3)
    expect(heading).to_be_visible()
    shown = heading.inner_text().replace("\u2060", "")
    assert shown.rpartition(" #")[0] == name
    assert_nothing_was_made_of_it(watched)


def test_the_class_password_is_shown_as_it_is(watched: Page, school: Server) -> None:
    watched.goto(f"{school.url}/classroom")
    come_in(watched, "Ms N", "open wide")
    words = watched.get_by_role("heading", level=2)
    expect(words).to_contain_text("Password: ")
    assert words.inner_text().replace("\u2060", "") == f"Password: {HOSTILE}"
    assert_nothing_was_made_of_it(watched)
