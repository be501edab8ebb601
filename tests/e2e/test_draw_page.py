"""The Draw page in a browser: strokes with a mouse and a finger, answers after each; a file."""

import base64
import io
import re
from collections.abc import Sequence
from getpass import getuser
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, CDPSession, Locator, Page, expect
from scipy import ndimage

from core.data import load_mnist
from core.drawing.collection import DrawingStore, as_arrays
from core.drawing.reading import predict
from core.runs import Run
from core.runs.status import State
from dashboard.live.routes import VERSION
from tests.e2e.controls import await_controls, new_context, press
from tests.e2e.figures import settle
from tests.e2e.server import WAKE, Server, wait_for

Point = tuple[int, int]
SEVEN: Sequence[Point] = ((80, 60), (200, 60), (120, 230))
ONE: Sequence[Point] = ((140, 40), (140, 240))


@pytest.fixture
def drawings(server: Server):
    """The server's collection, empty before and after."""
    store = DrawingStore(server.runs.root.parent / "drawings")
    store.delete([drawing.id for drawing in store.load_all()])
    yield store
    store.delete([drawing.id for drawing in store.load_all()])


def canvas(page: Page) -> Locator:
    return page.locator("canvas.upper-canvas").first


def open_page(page: Page, server: Server, run: Run) -> None:
    page.goto(f"{server.url}/draw?run={run.id}")
    canvas(page).wait_for(state="visible")


def draw(page: Page, points: Sequence[Point]) -> None:
    """One stroke with the mouse, begun once the canvas stands still."""
    first, *rest = points
    expect(canvas(page)).to_be_visible()
    await_controls(page)
    canvas(page).hover(position={"x": first[0], "y": first[1]})
    box = canvas(page).bounding_box()
    page.mouse.down()
    for x, y in rest:
        page.mouse.move(box["x"] + x, box["y"] + y, steps=6)
    page.mouse.up()


def answer(page: Page) -> Locator:
    return page.get_by_role("heading", name=re.compile("^Read as"))


def ask_scene(page: Page, what: str) -> Any:
    """What an expression says of the `scene` that the page's parts share."""
    module = f"import('/lab/live/{VERSION}/scene.js')"
    return page.evaluate(
        f"{module}.then((module) => {{ const scene = module.sceneOf('draw'); return {what} }})"
    )


def await_served(page: Page) -> None:
    """Wait for the server's answer, and for the page to say it."""
    expect(page.get_by_text("It was a", exact=True)).to_be_visible()

    def is_said() -> bool:
        """Asked anew each time, for the answer to another stroke may be under way."""
        share = "scene.served && (100 * Math.max(...scene.served.probabilities)).toFixed(2)"
        said = " ".join(answer(page).all_inner_texts())
        return f"{ask_scene(page, share)} % sure" in said

    wait_for(is_said, "the server's answer")


def ink_reaches(page: Page) -> float:
    """How far to the right the picture that the network is shown has ink, from 0 to 1."""
    picture = page.get_by_role("img", name="The drawing, 28×28", exact=True)
    url = picture.evaluate("picture => picture.toDataURL()")
    content = base64.b64decode(url.partition(",")[2])
    grey = np.array(Image.open(io.BytesIO(content)).convert("L"))
    return (np.flatnonzero(grey.any(axis=0)) + 1).max(initial=0) / grey.shape[1]


def test_every_stroke_is_answered_cleared_and_taken_back(
    page: Page, server: Server, reader: Run
) -> None:
    open_page(page, server, reader)
    draw(page, ((80, 60), (200, 60)))  # the page has only just appeared
    expect(answer(page)).to_be_visible()
    draw(page, ((200, 60), (120, 230)))
    expect(answer(page)).to_have_text(re.compile("^Read as 7"))

    press(page, "Clear")
    expect(answer(page)).to_have_count(0)
    expect(page.get_by_text("Draw a digit in the square")).to_be_visible()
    draw(page, ONE)
    await_served(page)
    expect(answer(page)).to_have_text(re.compile("^Read as 1"))
    before = answer(page).inner_text()
    draw(page, ((40, 40), (240, 40)))
    draw(page, ((40, 240), (240, 240)))
    expect(answer(page)).not_to_have_text(before)
    await_served(page)
    for _ in range(2):
        page.get_by_role("button", name="Undo").click()
    expect(answer(page)).to_have_text(before)

    press(page, "Clear")
    expect(answer(page)).to_have_count(0)
    draw(page, ((20, 20), (60, 20), (35, 80)))  # a small 7 in a corner
    expect(answer(page)).to_be_visible()
    await_served(page)
    wait_for(lambda: ink_reaches(page) > 0.5, "the digit in the middle")
    page.get_by_text("Crop to the ink").click()
    expect(page).to_have_url(re.compile("step_crop=false"))
    page.get_by_text("Centre", exact=True).click()
    expect(page).to_have_url(re.compile("step_centre=false"))
    wait_for(lambda: 0 < ink_reaches(page) < 0.5, "the digit in its corner")


def test_what_it_was_is_counted_and_kept_and_a_file_is_read_too(
    page: Page, server: Server, reader: Run, drawings: DrawingStore
) -> None:
    open_page(page, server, reader)
    draw(page, SEVEN)
    expect(answer(page)).to_have_text(re.compile("^Read as 7"))
    press(page, "7")
    expect(answer(page)).to_have_count(0)
    draw(page, ONE)
    expect(page.get_by_text("Read right: 1 of 1")).to_be_visible()
    press(page, "4")
    wait_for(lambda: len(drawings.load_all()) == 2, "both drawings to be kept")
    assert [drawing.label for drawing in drawings.load_all()] == [4, 7]
    expect(answer(page)).to_have_count(0)

    page.get_by_text("Picture file", exact=True).click()
    page.locator("input[type=file]").set_input_files(
        {"name": "seven.jpg", "mimeType": "image/jpeg", "buffer": photograph_a_seven()}
    )
    expect(answer(page)).to_have_text(re.compile("^Read as 7"))
    press(page, "Clear")
    expect(answer(page)).to_have_count(0)


def photograph_a_seven() -> bytes:
    """The first test digit in dark ink on paper on which the light is uneven."""
    digit = Image.fromarray(load_mnist().x_test[0])
    large = np.asarray(digit.resize((300, 300), Image.Resampling.BICUBIC))
    paper = np.full((480, 640), 215) - np.linspace(0, 80, 640)
    paper[90:390, 100:400] *= 1 - 0.7 * large / 255
    file = io.BytesIO()
    Image.fromarray(paper.astype(np.uint8)).save(file, "JPEG")
    return file.getvalue()


def touch(session: CDPSession, kind: str, *points: tuple[float, float]) -> None:
    session.send(
        "Input.dispatchTouchEvent",
        {"type": kind, "touchPoints": [{"x": x, "y": y} for x, y in points]},
    )


def test_a_finger_draws_and_the_page_does_not_scroll(
    browser: Browser, server: Server, reader: Run
) -> None:
    with new_context(browser, viewport={"width": 400, "height": 800}, has_touch=True) as context:
        page = context.new_page()
        open_page(page, server, reader)
        settle(page)
        page.evaluate("document.fonts.ready.then(() => true)")  # a font may break lines anew
        canvas(page).scroll_into_view_if_needed()
        session = context.new_cdp_session(page)
        box = canvas(page).bounding_box()
        x, top = box["x"] + 140, box["y"] + 40
        touch(session, "touchStart", (x, top))
        for step in range(1, 21):
            touch(session, "touchMove", (x, top + 10 * step))
        touch(session, "touchEnd")
        expect(answer(page)).to_have_text(re.compile("^Read as 1"))
        assert canvas(page).bounding_box()["y"] == pytest.approx(box["y"], abs=1)


def test_two_tabs_do_not_mix(page: Page, server: Server, reader: Run) -> None:
    open_page(page, server, reader)
    with page.context.new_page() as other:
        open_page(other, server, reader)
        draw(page, SEVEN)
        draw(other, ONE)
        expect(answer(page)).to_have_text(re.compile("^Read as 7"))
        expect(answer(other)).to_have_text(re.compile("^Read as 1"))
        draw(other, ((139, 40), (139, 240)))
        expect(answer(other)).to_have_text(re.compile("^Read as 1"))
        expect(answer(page)).to_have_text(re.compile("^Read as 7"))


def draw_seven(page: Page, server: Server, reader: Run) -> str:
    """What the page says of a seven, once the server has answered."""
    open_page(page, server, reader)
    draw(page, SEVEN)
    await_served(page)
    expect(answer(page)).to_have_text(re.compile("^Read as 7"))
    return answer(page).inner_text()


def show_anew(page: Page) -> None:
    page.reload()
    canvas(page).wait_for(state="visible")


def kept_in_browser(page: Page) -> list[str]:
    return page.evaluate("Object.values(sessionStorage)")


def test_a_drawing_outlives_a_reload_until_it_is_cleared(
    page: Page, server: Server, reader: Run
) -> None:
    before = draw_seven(page, server, reader)
    wait_for(lambda: kept_in_browser(page), "the browser to keep the drawing")
    kept = kept_in_browser(page)
    with page.context.new_page() as other:
        open_page(other, server, reader)  # another tab
        expect(other.get_by_text("Draw a digit in the square")).to_be_visible()

    show_anew(page)
    expect(answer(page)).to_have_text(before)
    wait_for(lambda: brightness(page) > 10, "it to be seen, too")
    draw(page, ((60, 150), (240, 150)))  # and may be drawn on
    expect(answer(page)).not_to_have_text(before)
    wait_for(lambda: kept_in_browser(page) != kept, "the browser to keep the stroke")
    page.get_by_role("button", name="Undo").click()
    expect(answer(page)).to_have_text(before)
    # The browser answers at once, but keeps what the server has seen: who leaves before that leaves
    # with the drawing before it.
    wait_for(lambda: kept_in_browser(page) == kept, "the server to see that it was taken back")

    page.get_by_role("link", name="Train", exact=True).click()
    expect(page.get_by_role("heading", name="Train", exact=True)).to_be_visible()
    page.get_by_role("link", name="Draw", exact=True).click()
    expect(answer(page)).to_have_text(before)
    wait_for(lambda: brightness(page) > 10, "the drawing in the square")

    press(page, "Clear")
    expect(answer(page)).to_have_count(0)
    wait_for(lambda: not kept_in_browser(page), "the browser to forget the drawing")
    show_anew(page)
    expect(page.get_by_text("Draw a digit in the square")).to_be_visible()
    assert brightness(page) == 0


def brightness(page: Page) -> float:
    """The mean grey value that the square shows."""
    shown = page.locator("canvas.dc-canvas.lower-canvas")
    return shown.evaluate(
        """canvas => {
            const pixels = canvas.getContext("2d").getImageData(0, 0, 280, 280).data
            return pixels.filter((_, place) => place % 4 == 0).reduce((a, b) => a + b) / 280 / 280
        }"""
    )


def test_two_digits_in_the_square_are_each_read(page: Page, server: Server, reader: Run) -> None:
    open_page(page, server, reader)
    draw(page, ((40, 60), (130, 60), (70, 230)))
    expect(answer(page)).to_have_text(re.compile("^Read as 7"))
    draw(page, ((210, 50), (210, 230)))
    expect(page.get_by_text("Two digits were found.")).to_be_visible()
    expect(answer(page)).to_have_text(re.compile("^Read as 7"))
    page.wait_for_function("[...document.images].every(image => image.complete)")
    press(page, "Read as 1")
    expect(answer(page)).to_have_text(re.compile("^Read as 1"))


def slant(image: np.ndarray) -> np.ndarray:
    """A test digit as a hand would write it that leans far over."""
    turn, lean = np.deg2rad(40), 0.7
    rotation = [[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]]
    matrix = np.array(rotation) @ [[1, 0], [lean, 1]] / 0.85
    middle = np.array([13.5, 13.5])
    return ndimage.affine_transform(image / 255, matrix, middle - matrix @ middle, order=1)


def test_twenty_drawings_are_taught_and_those_not_learned_are_read_better(
    page: Page, server: Server, reader: Run, drawings: DrawingStore
) -> None:
    mnist = load_mnist()
    for number in range(5_000, 5_020):
        image, label = slant(mnist.x_test[number]), int(mnist.y_test[number])
        drawings.add(image, label, getuser())
    images, labels = as_arrays(drawings.load_all())
    right = predict(reader, images).argmax(axis=1) == labels
    assert right.mean() <= 2 / 3
    before = server.newest_run()  # of another test, maybe
    open_page(page, server, reader)
    press(page, "Teach it my hand")
    wait_for(lambda: server.newest_run().id != before.id, "the run to be queued")
    taught = server.newest_run()
    try:
        wait_for(
            lambda: taught.status.state is State.FINISHED,
            "the network to be taught, which a busy machine takes a minute for",
            deadline=WAKE,
        )
        tab = page.get_by_role("tab", name="My handwriting")
        expect(tab).to_have_attribute("aria-selected", "true")
        expect(page.locator(".st-key-run_header").get_by_text("finished")).to_be_visible()
        settle(page)
        check_what_it_learned(page, drawings, reader, taught)
    finally:
        server.runs.delete(taught.id)


def check_what_it_learned(page: Page, drawings: DrawingStore, reader: Run, taught: Run) -> None:
    """That the page says how each read the drawings that were not learned, and reads more now."""
    found = []
    for when in ("Before", "After"):
        metric = page.get_by_test_id("stMetric").filter(has_text=re.compile(f"^{when}: "))
        expect(metric).to_contain_text(re.compile(r"95 %: [\d.]+ to [\d.]+ %"))
        text = metric.inner_text()
        found.append(tuple(map(int, re.findall(r": (\d+) of (\d+) drawings", text)[0])))
    (before, total), (after, _) = found
    to_measure = [one for one in drawings.load_all() if not one.is_to_learn]
    assert total == len(to_measure)
    for run, count in ((reader, before), (taught, after)):
        images, labels = as_arrays(to_measure)
        assert (predict(run, images).argmax(axis=1) == labels).sum() == count
    assert after > before
