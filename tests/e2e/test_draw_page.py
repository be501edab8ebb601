"""The Draw page as a person uses it: strokes with a mouse and a finger, answers after each."""

import io
import re
from collections.abc import Sequence

import keras
import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, CDPSession, Locator, Page, expect

from core.config import RunConfig
from core.data import load_mnist
from core.drawings import DrawingStore, read_export
from core.runs import Run
from core.status import State
from tests.e2e.server import Server, wait_for

Point = tuple[int, int]
SEVEN: Sequence[Point] = ((80, 60), (200, 60), (120, 230))
ONE: Sequence[Point] = ((140, 40), (140, 240))
WATCH = """() => {
    let shown = "";
    window.seen = 0;
    document.addEventListener("mouseup", () => { window.up = performance.now(); }, true);
    new MutationObserver(() => {
        const picture = document.querySelector("img[alt='The drawing, canvas']")?.src;
        if (picture && picture !== shown) { shown = picture; window.seen = performance.now(); }
    }).observe(document.body, {subtree: true, childList: true, attributes: true});
}"""
"""Notes when the picture of the canvas changes: with each stroke, just after the answer."""
X_TEST, Y_TEST = load_mnist().x_test, load_mnist().y_test


@pytest.fixture(scope="module")
def reader(server: Server) -> Run:
    """A finished run that reads a drawing: two epochs over 20,000 images."""
    config = RunConfig(hidden=(64,), epochs=2, training_images=20_000)
    run = server.runs.create(config, name="a reader")
    wait_for(lambda: run.status.state is State.FINISHED, "the run to finish", deadline=180)
    return run


@pytest.fixture(autouse=True)
def drawings(server: Server):
    """The server's collection, empty before each test."""
    store = DrawingStore(server.runs.root.parent / "drawings")
    store.delete([drawing.id for drawing in store.load_all()])
    return store


def canvas(page: Page) -> Locator:
    return page.locator("canvas.upper-canvas").first


def open_page(page: Page, server: Server, run: Run, query: str = "") -> None:
    page.goto(f"{server.url}/draw?run={run.id}{query}")
    canvas(page).wait_for(state="visible")


def draw(page: Page, points: Sequence[Point]) -> None:
    """One stroke with the mouse."""
    box = canvas(page).bounding_box()
    (x, y), *rest = [(box["x"] + x, box["y"] + y) for x, y in points]
    page.mouse.move(x, y)
    page.mouse.down()
    for x, y in rest:
        page.mouse.move(x, y, steps=6)
    page.mouse.up()


def answer(page: Page) -> Locator:
    return page.get_by_role("heading", name=re.compile("^Read as"))


def expected(network: keras.Model, image: np.ndarray) -> str:
    """The heading that a network's answer gives."""
    second, first = network(image.reshape(1, 784), training=False).numpy()[0].argsort()[-2:]
    return rf"^Read as {first} .*next {second}"


def shown_image(page: Page, name: str) -> np.ndarray:
    """A picture of the strip, grey, 0 to 255."""
    picture = page.get_by_role("img", name=f"The drawing, {name}", exact=True)
    expect(picture).to_be_visible()
    for _ in range(20):
        response = page.request.get(picture.evaluate("picture => picture.src"))
        if response.ok:  # else it was just replaced
            return np.array(Image.open(io.BytesIO(response.body())).convert("L"))
    raise AssertionError(f"the picture {name} cannot be had")


def test_the_first_stroke_at_once_and_every_stroke_after(
    page: Page, server: Server, reader: Run
) -> None:
    open_page(page, server, reader)
    draw(page, ((80, 60), (200, 60)))  # the page has only just appeared
    expect(answer(page)).to_be_visible()
    expect(page.locator(".st-key-drawn_answer canvas").first).to_be_visible()
    draw(page, ((200, 60), (120, 230)))
    expect(answer(page)).to_have_text(re.compile("^Read as 7"))


def test_the_network_is_shown_what_the_page_shows(page: Page, server: Server, reader: Run) -> None:
    open_page(page, server, reader)
    draw(page, SEVEN)
    expect(answer(page)).to_be_visible()
    strip = shown_image(page, "28×28")  # drawn at 132 by 132
    seen = np.asarray(Image.fromarray(strip).resize((28, 28), Image.Resampling.BOX)) / 255
    assert seen.sum() > 20
    network = keras.saving.load_model(reader.model_path, compile=False)
    expect(answer(page)).to_have_text(re.compile(expected(network, seen.astype(np.float32))))


def test_clear_and_draw_again_at_once(page: Page, server: Server, reader: Run) -> None:
    open_page(page, server, reader)
    draw(page, SEVEN)
    expect(answer(page)).to_have_text(re.compile("^Read as 7"))
    page.get_by_role("button", name="Clear", exact=True).click()
    expect(answer(page)).to_have_count(0)
    expect(page.get_by_text("Draw a digit in the square")).to_be_visible()
    draw(page, ONE)
    expect(answer(page)).to_have_text(re.compile("^Read as 1"))


def test_undo_takes_the_last_stroke_back(page: Page, server: Server, reader: Run) -> None:
    open_page(page, server, reader)
    draw(page, ONE)
    expect(answer(page)).to_have_text(re.compile("^Read as 1"))
    before = answer(page).inner_text()
    draw(page, ((40, 40), (240, 40)))
    draw(page, ((40, 240), (240, 240)))
    expect(answer(page)).not_to_have_text(before)
    for _ in range(2):
        page.get_by_role("button", name="Undo").click()
    expect(answer(page)).to_have_text(before)


def touch(session: CDPSession, kind: str, *points: tuple[float, float]) -> None:
    session.send(
        "Input.dispatchTouchEvent",
        {"type": kind, "touchPoints": [{"x": x, "y": y} for x, y in points]},
    )


def test_a_finger_draws_and_the_page_does_not_scroll(
    browser: Browser, server: Server, reader: Run
) -> None:
    with browser.new_context(viewport={"width": 400, "height": 800}, has_touch=True) as context:
        context.set_default_timeout(120_000)
        page = context.new_page()
        open_page(page, server, reader)
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


def test_a_step_is_left_out(page: Page, server: Server, reader: Run) -> None:
    open_page(page, server, reader)
    draw(page, ((20, 20), (60, 20), (35, 80)))  # a small 7 in a corner
    expect(answer(page)).to_be_visible()
    assert shown_image(page, "28×28")[:, 66:].any()
    page.get_by_text("Crop to the ink").click()
    page.get_by_text("Centre", exact=True).click()
    expect(page).to_have_url(re.compile("step_centre=false"))
    expect(page).to_have_url(re.compile("step_crop=false"))
    wait_for(lambda: not shown_image(page, "28×28")[:, 66:].any(), "the digit in its corner")


def test_what_it_would_have_said_earlier(page: Page, server: Server, reader: Run) -> None:
    open_page(page, server, reader, "&drawing_view=Epoch+by+epoch")
    draw(page, SEVEN)
    expect(page.get_by_text("What this network would have said after each epoch")).to_be_visible()
    last = answer(page).inner_text()
    page.get_by_role("slider", name="After epoch").press("ArrowLeft")
    expect(page).to_have_url(re.compile(r"epoch=1\b"))
    expect(answer(page)).not_to_have_text(last)


def test_other_runs_and_neighbours(page: Page, server: Server, reader: Run, trained: Run) -> None:
    open_page(page, server, reader, f"&drawing_view=Neighbours&drawing_runs={trained.id}")
    draw(page, SEVEN)
    nearest = page.get_by_role("img", name=re.compile(r"^Training image \d+, a \d$"))
    expect(nearest).to_have_count(5)
    sentence = "The five training images nearest in the last hidden layer, of 20,000"
    expect(page.get_by_text(sentence)).to_be_visible()
    page.get_by_role("tab", name="Other runs").click()
    rows = page.get_by_role("row")
    expect(rows.filter(has_text=reader.name)).to_contain_text("7")
    expect(rows.filter(has_text=trained.name)).to_contain_text("%")


def test_what_it_was_is_counted_and_kept(
    page: Page, server: Server, reader: Run, drawings: DrawingStore
) -> None:
    open_page(page, server, reader)
    draw(page, SEVEN)
    expect(answer(page)).to_have_text(re.compile("^Read as 7"))
    page.get_by_role("button", name="7", exact=True).click()
    expect(answer(page)).to_have_count(0)
    wait_for(lambda: len(drawings.load_all()) == 1, "the drawing to be kept")
    draw(page, ONE)
    expect(page.get_by_text("Read right: 1 of 1")).to_be_visible()
    page.get_by_role("button", name="4", exact=True).click()
    wait_for(lambda: len(drawings.load_all()) == 2, "the second drawing")
    assert sorted(drawing.label for drawing in drawings.load_all()) == [4, 7]
    page.get_by_role("tab", name="My handwriting").click()
    expect(page.get_by_text("2 drawings: what it was → what this run says")).to_be_visible()
    captions = page.locator(".st-key-drawings_gallery .annotation-text")
    expect(captions).to_have_text(["4 → 1", "7 → 7"])


def test_a_collection_is_exported_imported_and_deleted(
    page: Page, server: Server, reader: Run, drawings: DrawingStore
) -> None:
    for number in range(3):
        drawings.add(X_TEST[number] / np.float32(255), int(Y_TEST[number]), "Ada")
    page.goto(f"{server.url}/draw?run={reader.id}&draw=My+handwriting&whose_drawings=Everybody's")
    with page.expect_download() as download:
        page.get_by_role("button", name="Export").click()
    content = download.value.path().read_bytes()
    images, labels = read_export(content)
    assert sorted(labels.tolist()) == sorted(Y_TEST[:3].tolist())
    assert {image.tobytes() for image in images} == {image.tobytes() for image in X_TEST[:3]}
    page.get_by_role("button", name="Import").click()
    for file, sentence in ((b"rubbish", "Refused: this is no .npz file"), (content, "3 drawings")):
        page.locator("input[type=file]").set_input_files(
            {"name": "mine.npz", "mimeType": "application/zip", "buffer": file}
        )
        page.get_by_role("button", name="Add its drawings").click()
        expect(page.get_by_text(sentence).first).to_be_visible()
    wait_for(lambda: len(drawings.load_all()) == 6, "the imported drawings")


def test_a_picture_file_is_read(page: Page, server: Server, reader: Run) -> None:
    large = np.asarray(Image.fromarray(X_TEST[0]).resize((300, 300), Image.Resampling.BICUBIC))
    paper = np.full((480, 640), 215) - np.linspace(0, 80, 640)
    paper[90:390, 100:400] *= 1 - 0.7 * large / 255
    file = io.BytesIO()
    Image.fromarray(paper.astype(np.uint8)).save(file, "JPEG")
    open_page(page, server, reader)
    page.get_by_text("Picture file", exact=True).click()
    upload = page.locator("input[type=file]")
    upload.set_input_files(
        {"name": "seven.jpg", "mimeType": "image/jpeg", "buffer": file.getvalue()}
    )
    expect(answer(page)).to_have_text(re.compile("^Read as 7"))
    page.get_by_role("button", name="Clear", exact=True).click()
    expect(answer(page)).to_have_count(0)
    upload.set_input_files({"name": "x.png", "mimeType": "image/png", "buffer": b"no picture"})
    expect(page.get_by_text("x.png: this is no PNG, JPEG or WebP picture.")).to_be_visible()


def test_a_stroke_is_answered_while_a_run_trains(page: Page, server: Server, reader: Run) -> None:
    """Its latency is printed, not asserted: `pytest -s`."""
    config = RunConfig(hidden=(256, 256), epochs=200, batch_size=16)
    other = server.runs.create(config, name="a long run")
    wait_for(lambda: other.status.epoch >= 1 and other.status.batch > 0, "the training")
    open_page(page, server, reader)
    page.evaluate(WATCH)
    times = []
    for number in range(20):
        draw(page, ((40 + 10 * number, 40), (240 - 7 * number, 240)))
        page.wait_for_function("window.seen > window.up")
        times.append(page.evaluate("window.seen - window.up"))
    assert other.status.state is State.RUNNING
    print(f"\nmouse-up to new answer, median of {len(times)}: {np.median(times):.0f} ms")
