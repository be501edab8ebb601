"""The network in the browser: it answers while the pen is down, its units are switched off, and it
follows the epochs; where it cannot be fetched, the server answers.
"""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from core.runs import Run
from dashboard.live.routes import VERSION
from tests.e2e.controls import await_controls, button, press
from tests.e2e.server import Server, wait_for
from tests.e2e.test_draw_page import (
    SEVEN,
    answer,
    ask_scene,
    await_served,
    canvas,
    draw,
    draw_seven,
    open_page,
)


def picture(page: Page) -> Locator:
    return page.locator("canvas.picture")


def bars(page: Page) -> str:
    return page.locator(".st-key-draw_answer .bars").inner_text()


def await_network(page: Page) -> None:
    expect(picture(page)).to_be_visible()
    wait_for(lambda: ask_scene(page, "Boolean(scene.network)"), "the network in the browser")


def move(page: Page, *points: tuple[int, int]) -> None:
    """The pen over the square, wherever it is."""
    box = canvas(page).bounding_box()
    assert box
    for x, y in points:
        page.mouse.move(box["x"] + x, box["y"] + y, steps=6)


def tile(page: Page, unit: int) -> dict[str, float]:
    """Where a unit of the one hidden layer stands in the picture."""
    width = picture(page).bounding_box()["width"]  # type: ignore[index]
    script = f"""import('/lab/live/{VERSION}/layout.js').then((layout) =>
        layout.tileAt(layout.arrange({int(width)}, [64]).hidden[0], {unit}))"""
    x, y = page.evaluate(script)
    return {"x": x, "y": y}


def test_the_answer_follows_the_pen_before_it_is_lifted(
    page: Page, server: Server, reader: Run
) -> None:
    open_page(page, server, reader)
    await_network(page)
    expect(page.get_by_text("Draw a digit in the square")).to_be_visible()
    await_controls(page)
    canvas(page).hover(position={"x": 80, "y": 60})
    page.mouse.down()
    move(page, (200, 60))
    expect(answer(page)).to_be_visible()
    first = bars(page)
    move(page, (120, 230))
    expect(answer(page)).to_have_text(re.compile("^Read as 7"))
    wait_for(lambda: bars(page) != first, "other bars")
    assert ask_scene(page, "scene.served") is None  # the server was not asked
    expect(page.get_by_text("It was a", exact=True)).to_have_count(0)
    page.mouse.up()
    await_served(page)
    expect(answer(page)).to_have_text(re.compile("^Read as 7"))
    served = ask_scene(page, "scene.served.probabilities")
    own = ask_scene(page, "Array.from(scene.answer.probabilities)")
    assert own == pytest.approx(served, abs=0.01)


def test_units_are_switched_off_and_put_back(page: Page, server: Server, reader: Run) -> None:
    before = draw_seven(page, server, reader)
    picture(page).click(position=tile(page, 20))
    expect(page.get_by_text("Hidden layer 1, unit 20: switched off")).to_be_visible()
    expect(button(page, "1 unit off, put it back")).to_be_visible()
    picture(page).press("ArrowRight")
    expect(page.get_by_text("Hidden layer 1, unit 21: activation")).to_be_visible()
    picture(page).press("Enter")
    button(page, "2 units off, put them back").click()
    expect(answer(page)).to_have_text(before)

    press(page, "Switch off the most useful")
    expect(page.get_by_text(re.compile(r"it answers \d, no longer 7"))).to_be_visible()
    expect(answer(page)).not_to_have_text(re.compile("^Read as 7"))
    count = ask_scene(page, "scene.offCount")
    assert count > 1
    press(page, f"{count} units off, put them back")
    expect(answer(page)).to_have_text(before)

    picture(page).hover(position=tile(page, 5))
    expect(page.get_by_text("Hidden layer 1, unit 5: activation")).to_be_visible()
    expect(page.get_by_text("what excites it most", exact=True)).to_be_visible()
    page.get_by_role("tab", name="What would change its mind?").click()
    page.get_by_role("group", name="The digit that it shall become").get_by_text(
        "1", exact=True
    ).click()
    expect(page.get_by_text(re.compile("makes it a 1"))).to_be_visible()


def test_the_standing_drawing_follows_the_epochs_and_is_read_on_other_pages(
    page: Page, server: Server, reader: Run
) -> None:
    before = draw_seven(page, server, reader)
    slider = page.get_by_role("slider", name="After epoch")
    slider.press("Home")
    wait_for(lambda: ask_scene(page, "scene.epoch") == 1, "the network after epoch 1")
    expect(answer(page)).not_to_have_text(before)
    await_served(page)
    own = ask_scene(page, "Array.from(scene.answer.probabilities)")
    assert own == pytest.approx(ask_scene(page, "scene.served.probabilities"), abs=0.01)
    slider.press("End")
    expect(answer(page)).to_have_text(before)

    page.get_by_role("link", name="Train", exact=True).click()
    strip = page.get_by_role("table", name="Probabilities of ten test digits")
    expect(strip.get_by_role("columnheader")).to_have_count(11)
    own_column = strip.locator("tbody tr").nth(7).locator("td").last
    expect(own_column).to_have_attribute("title", re.compile(r"^7: \d"))
    page.goto(f"{server.url}/layers?run={reader.id}&layers_drawn=true")
    expect(page.get_by_text("Your last drawing, read as 7")).to_be_visible()


def test_where_the_weights_are_refused_the_server_answers(
    page: Page, server: Server, reader: Run
) -> None:
    page.route("**/lab/weights/**", lambda route: route.abort())
    open_page(page, server, reader)
    expect(page.get_by_text("The network could not be fetched.")).to_be_visible()
    draw(page, SEVEN)
    expect(answer(page)).to_have_text(re.compile("^Read as 7"))


def test_where_the_module_is_refused_the_server_answers(
    page: Page, server: Server, reader: Run
) -> None:
    page.route("**/lab/live/**", lambda route: route.abort())
    open_page(page, server, reader)
    draw(page, SEVEN)
    expect(answer(page)).to_have_text("Read as 7")


def test_a_finger_looks_first_and_then_switches(page: Page, server: Server, reader: Run) -> None:
    page.emulate_media(reduced_motion="reduce")
    open_page(page, server, reader)
    await_network(page)
    draw(page, SEVEN)
    expect(answer(page)).to_have_text(re.compile("^Read as 7"))
    touch = """(canvas, at) => {
        const place = canvas.getBoundingClientRect()
        const point = {clientX: place.x + at.x, clientY: place.y + at.y, bubbles: true}
        canvas.dispatchEvent(new PointerEvent("pointerdown", {...point, pointerType: "touch"}))
        canvas.dispatchEvent(new PointerEvent("pointerup", {...point, pointerType: "touch"}))
        canvas.dispatchEvent(new MouseEvent("click", point))
    }"""
    picture(page).evaluate(touch, tile(page, 30))
    expect(page.get_by_text("Hidden layer 1, unit 30: activation")).to_be_visible()
    picture(page).evaluate(touch, tile(page, 30))
    expect(page.get_by_text("Hidden layer 1, unit 30: switched off")).to_be_visible()
