"""A window of 400 pixels: nothing is wider, menu and form are behind buttons that say so, and the
answer stands right under the square.
"""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from core.runs import Run
from tests.e2e.controls import button, new_context
from tests.e2e.server import WAKE, Server, wait_for
from tests.e2e.test_draw_page import SEVEN, answer, canvas, draw

PHONE = (
    "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 "
    "Mobile Safari/537.36"
)
"""As which the browser comes: Streamlit closes the menu of a telephone when a page was chosen."""
ADDRESSES = [
    "train",
    "draw",
    "data?data=Browse",
    "data?data=As+they+come",
    "curves",
    "evaluate",
    "evaluate?evaluate=Report",
    "layers",
    "layers?layers_view=Layers",
    "features",
    "runs",
    "compare",
    "sweep",
    "learn",
    "learn?lesson=02-first-network",
]


@pytest.fixture(scope="module")
def phone(browser: Browser) -> Iterator[Page]:
    with (
        new_context(browser, viewport={"width": 400, "height": 800}, user_agent=PHONE) as context,
        context.new_page() as page,
    ):
        yield page


def open_page(phone: Page, server: Server, address: str, run: Run) -> None:
    phone.goto(f"{server.url}/{address}{'&' if '?' in address else '?'}run={run.id}")
    expect(phone.get_by_role("heading", level=1)).to_be_visible()
    done = phone.locator("[data-test-script-state=notRunning]")
    expect(done).to_be_visible(timeout=1_000 * WAKE)  # a page may wait for the worker
    expect(phone.get_by_test_id("stSkeleton")).to_have_count(0)


def box(locator: Locator) -> dict[str, float]:
    found = locator.bounding_box()
    assert found
    return dict(found)


@pytest.mark.parametrize("address", ADDRESSES)
def test_nothing_is_wider_than_the_window(
    phone: Page, server: Server, trained: Run, address: str
) -> None:
    """What is wide, such as a table, is scrolled within itself."""
    open_page(phone, server, address, trained)
    beyond = "main => main.scrollWidth - main.clientWidth"
    wait_for(lambda: phone.get_by_test_id("stMain").evaluate(beyond) <= 0, "the page to fit")


def test_menu_and_form_are_behind_buttons_that_say_so(
    phone: Page, server: Server, trained: Run
) -> None:
    open_page(phone, server, "train", trained)
    menu = phone.get_by_test_id("stExpandSidebarButton")
    assert menu.evaluate("button => getComputedStyle(button, '::after').content") == '"Menu"'
    menu.click()
    phone.get_by_role("link", name="Evaluate", exact=True).click()
    expect(phone.get_by_role("heading", name="Evaluate", exact=True)).to_be_visible()
    open_page(phone, server, "train", trained)
    rate = phone.get_by_text("Learning rate", exact=True).first
    expect(rate).to_be_hidden()
    button(phone, "Change the network").click()
    expect(rate).to_be_visible()
    button(phone, "Close the form").click()
    expect(rate).to_be_hidden()


def test_the_answer_stands_right_under_the_square(
    phone: Page, server: Server, trained: Run
) -> None:
    open_page(phone, server, "draw", trained)
    expect(phone.get_by_text("Pen width")).to_be_hidden()  # folded, as is all but Clear
    canvas(phone).wait_for(state="visible")
    draw(phone, SEVEN)
    expect(answer(phone)).to_be_visible()
    square, heading = box(canvas(phone)), box(answer(phone))
    assert 0 < heading["y"] - square["y"] - square["height"] < 200
    network = box(phone.locator("canvas.picture"))
    assert network["y"] > heading["y"] + heading["height"]
    assert network["x"] + network["width"] <= 400
    toolbar, source = box(phone.locator(".dc-toolbar")), box(phone.get_by_text("Picture file"))
    assert toolbar["x"] >= source["x"] + source["width"]
