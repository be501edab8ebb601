"""Every page and tab, in both themes: no serious finding of axe-core, headings in order, and no
error in the browser's console. Heat maps rise from the background, also where they are drawn.
"""

import io
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import pytest
from axe_playwright_python.base import AXE_SCRIPT
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, expect

from core.analysis.metrics import confusion_matrix
from core.config import RunConfig
from core.data import load_mnist
from core.drawing.collection import DrawingStore
from core.maps.job import compute_and_keep_map
from core.maps.request import MapMethod, MapRequest
from core.maps.store import StoredMap
from core.runs import Run, RunStore
from core.runs.status import State
from core.sweep.config import SweepConfig
from core.sweep.store import Sweep, SweepStore
from core.training import train
from tests.contrast import BACKGROUNDS, contrast, parts
from tests.core.sweep.conftest import drive
from tests.e2e.controls import button, new_context, press
from tests.e2e.figures import settle
from tests.e2e.server import FOR_A_CLASS, Server, wait_for

SERIOUS = {"serious", "critical"}
ALSO = {"heading-order"}
"""Rules that axe-core calls moderate, and that are kept nevertheless."""
# Nothing fades, moves or pales: a colour would be measured half way.
AT_REST = """*, *::before, *::after { transition: none !important; animation: none !important }
[data-stale="true"] { opacity: 1 !important }"""


class Visit(NamedTuple):
    """A teacher's browser, a page of it, and the errors that were logged."""

    page: Page
    errors: list[str]


class Lesson(NamedTuple):
    """A server of a class, and what there is on it to look at."""

    server: Server
    run: Run
    plain: Run
    sweep: Sweep


@pytest.fixture(scope="module")
def lesson(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lesson]:
    """Two runs, a map of the first, a kept drawing and a sweep, made before the server starts."""
    folder = tmp_path_factory.mktemp("lesson")
    runs = RunStore(folder / "runs")
    small = {"hidden": (16,), "epochs": 2, "training_images": 2_000}
    plain, run = (
        runs.create(RunConfig(**small, dropout=dropout), name=name, state=State.RUNNING)
        for dropout, name in ((0.0, "a plain run"), (0.2, "a run with dropout"))
    )
    for each in (plain, run):
        assert train(each).state is State.FINISHED
    points = MapRequest(layer="hidden_1", split="test", method=MapMethod.PCA)
    StoredMap(run, points).request()
    compute_and_keep_map(run, points)
    drawing = load_mnist().x_test[0].astype(np.float32) / 255
    DrawingStore(folder / "drawings").add(drawing, 7, "somebody")
    config = SweepConfig(
        base=RunConfig(**small),
        vary={"dropout": {"low": 0.0, "high": 0.5}, "l2": {"low": 1e-6, "high": 1e-2, "log": True}},
        trials=3,
    )
    sweep = SweepStore(runs).create(config)
    drive(sweep, runs)
    server = Server(
        folder,
        module=FOR_A_CLASS,
        DIGITLAB_CLASS_PASSWORD="sesame",
        DIGITLAB_TEACHER_PASSWORD="open wide",
        PYTHONIOENCODING="utf-8",
    )
    yield Lesson(server, run, plain, sweep)
    server.stop()


@pytest.fixture(scope="module")
def visit(browser: Browser, lesson: Lesson) -> Iterator[Visit]:
    """A teacher who has come in; at the door, both themes are looked at."""
    errors: list[str] = []
    with new_context(browser, color_scheme="light") as context:
        context.add_init_script(AXE_SCRIPT)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(f"{lesson.server.url}/train")
        expect(page.get_by_label("Class password")).to_be_visible()
        at_the_door = [find(page, theme, colors_alone=False) for theme in BACKGROUNDS]
        page.get_by_label("Your name").fill("Emmy")
        page.get_by_label("Class password").fill("open wide")
        # The door answers a browser that has not come in with 403, which Chromium logs.
        page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
        press(page, "Come in")
        settle(page)
        assert at_the_door == [[], []]
        yield Visit(page, errors)


def find(page: Page, theme: str, *, colors_alone: bool) -> list[str]:
    """What axe-core finds in the page under a theme: a line a finding."""
    page.emulate_media(color_scheme=theme)
    if (app := page.get_by_test_id("stApp")).count():
        expect(app).to_have_css("background-color", rgb(BACKGROUNDS[theme]))
        settle(page)
    options: dict[str, Any] = {"resultTypes": ["violations"]}
    if colors_alone:
        options["runOnly"] = ["color-contrast"]
    results = page.evaluate("options => axe.run(document, options)", options)
    return [
        f"{rule['id']} at {node['target']}: {node['failureSummary']} {node['html'][:200]}"
        for rule in results["violations"]
        if rule["impact"] in SERIOUS or rule["id"] in ALSO
        for node in rule["nodes"]
    ]


def check(page: Page, what: str) -> None:
    """Let the page come to rest, and see that axe-core finds nothing in either theme.

    First under the one that it has, of which nothing differs in the other but colours.
    """
    page.mouse.move(0, 0)  # whatever it rests on has other colours
    settle(page)
    is_dark = page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    for theme in sorted(BACKGROUNDS, reverse=not is_dark):
        found = find(page, theme, colors_alone=(theme == "dark") == is_dark)
        assert found == [], f"{what}, {theme}"


def rgb(color: str) -> str:
    """`#rrggbb` as a browser says it."""
    return f"rgb({', '.join(map(str, parts(color)))})"


def open_page(visit: Visit, lesson: Lesson, address: str) -> None:
    """Open the page at this address, in which {run} and so on are ids."""
    ids = {"run": lesson.run.id, "plain": lesson.plain.id, "sweep": lesson.sweep.id}
    visit.page.goto(f"{lesson.server.url}/{address.format(**ids)}")
    visit.page.add_style_tag(content=AT_REST)
    settle(visit.page)


def check_tabs(page: Page, what: str, tabs: Locator) -> None:
    """Open one tab after another, and check each."""
    expect(tabs.first).to_be_visible()
    for label in tabs.all_inner_texts():
        tab = tabs.filter(has_text=label)
        tab.click()
        expect(tab).to_have_attribute("aria-selected", "true")
        panel = page.locator(f"[id='{tab.get_attribute('aria-controls')}']")
        expect(panel.get_by_test_id("stElementContainer").first).to_be_attached()
        check(page, f"{what}, tab {label}")


@pytest.mark.parametrize(
    "address",
    [
        "train?run={run}",
        "features?run={run}&map_split=test&map_method=PCA+alone",
        "runs",
        "runs?runs={run},{plain}",
        "sweep",
        "classroom",
        "learn",
    ],
)
def test_a_page(visit: Visit, lesson: Lesson, address: str) -> None:
    open_page(visit, lesson, address)
    check(visit.page, address)
    assert visit.errors == []


def test_a_lesson_and_its_bar(visit: Visit, lesson: Lesson) -> None:
    """What is drawn before and after the prediction, and on another page."""
    open_page(visit, lesson, "learn?lesson=12-your-own-hand")
    check(visit.page, "a lesson")
    visit.page.get_by_text("Nine", exact=True).click()
    press(visit.page, "This is what I expect")
    expect(visit.page.get_by_text("not trained yet")).to_be_visible()
    check(visit.page, "what is to be done")
    open_page(visit, lesson, "data?data=Preparation")
    expect(visit.page.locator(".st-key-lesson_bar")).to_be_visible()
    check(visit.page, "the bar")
    press(visit.page, "Leave")
    expect(visit.page.locator(".st-key-lesson_bar")).to_have_count(0)
    assert visit.errors == []


@pytest.mark.parametrize(
    "address",
    [
        "data?run={run}",
        "curves?run={run}&curves_others={plain}",
        "evaluate?run={run}",
        "layers?run={run}",
        "draw?run={run}&whose_drawings=Everybody's",
        "compare?runs={run},{plain}",
        "sweep?sweep={sweep}",
    ],
)
def test_a_page_with_tabs(visit: Visit, lesson: Lesson, address: str) -> None:
    open_page(visit, lesson, address)
    check_tabs(visit.page, address, visit.page.get_by_role("tablist").first.get_by_role("tab"))
    assert visit.errors == []


def test_a_digit_that_was_read(visit: Visit, lesson: Lesson) -> None:
    open_page(visit, lesson, "draw?run={run}&digit_source=Picture+file")
    file = io.BytesIO()
    Image.fromarray(load_mnist().x_test[0]).resize((280, 280)).save(file, "PNG")
    picture = {"name": "seven.png", "mimeType": "image/png", "buffer": file.getvalue()}
    visit.page.locator("input[type=file]").set_input_files(picture)
    expect(visit.page.get_by_role("heading", name="Read as")).to_be_visible()
    check_tabs(visit.page, "a digit", visit.page.get_by_role("tablist").nth(1).get_by_role("tab"))
    assert visit.errors == []


def test_a_dialog(visit: Visit, lesson: Lesson) -> None:
    open_page(visit, lesson, "runs?runs={run}")
    press(visit.page, "Rename, note")
    expect(button(visit.page, "Save")).to_be_visible()
    check(visit.page, "the dialog")
    assert visit.errors == []


@pytest.mark.parametrize("theme", BACKGROUNDS)
def test_the_confusion_matrix_rises_from_the_background(
    visit: Visit, lesson: Lesson, theme: str
) -> None:
    """The more images, the stronger a cell stands out: as Chromium draws it."""
    visit.page.emulate_media(color_scheme=theme)
    open_page(visit, lesson, "evaluate?run={run}&evaluate=Confusion")
    visit.page.mouse.move(0, 0)  # a cell below it would stand out
    canvas = visit.page.locator(".st-key-confusion_matrix canvas").first
    expect(canvas).to_be_visible()
    answers = lesson.run.test_probabilities(2).argmax(axis=1)
    counts = confusion_matrix(load_mnist().y_test, answers)
    order = np.argsort(counts, axis=None)[np.count_nonzero(counts == 0) :]

    def rises() -> bool:
        cells = cell_colors(canvas).reshape(100, 3)[order]
        contrasts = [contrast("#" + bytes(cell).hex(), BACKGROUNDS[theme]) for cell in cells]
        return contrasts[-1] > 10 and bool((np.diff(contrasts) > -0.02).all())

    wait_for(rises, f"the matrix in the {theme} theme")


def cell_colors(canvas: Locator) -> np.ndarray:
    """The colour of each cell above its number, by the margins of the chart: (10, 10, 3)."""
    settle(canvas.page)
    picture = np.asarray(Image.open(io.BytesIO(canvas.screenshot())).convert("RGB"))
    height, width, _ = picture.shape
    left, right, top, bottom = 42, 2, 42, 2
    rows = top + (np.arange(10) + 0.15) * (height - top - bottom) / 10
    columns = left + (np.arange(10) + 0.5) * (width - left - right) / 10
    return picture[rows.astype(int)][:, columns.astype(int)]
