"""The square on the Draw page, as a browser sends it: what is kept, and several digits on it."""

import json
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from PIL import Image, ImageDraw
from streamlit.components.v2.bidi_component.main import _make_trigger_id
from streamlit.testing.v1 import AppTest

from core.drawing.collection import DrawingStore
from core.runs import Run
from dashboard.live.square import SIDE, encode_url
from dashboard.session.server import server
from tests.dashboard.app_pages.lab import Lab, component_data, components, go, words

SEVEN, ONE = ((50, 60), (130, 60), (80, 230)), ((200, 50), (200, 230))
NOTHING_DRAWN = "Draw a digit in the square, or give a picture of one."


@pytest.fixture
def drawings(lab: Lab) -> DrawingStore:
    return server().drawings


def draw(*strokes: Sequence[tuple[int, int]]) -> str:
    """The URL of a picture as the canvas sends it."""
    paper = Image.new("RGBA", (SIDE, SIDE), "black")
    for points in strokes:
        ImageDraw.Draw(paper).line(points, "white", 20, joint="curve")
    return encode_url(np.asarray(paper))


def say_what_is_kept(app: AppTest, kept: object) -> AppTest:
    """As the browser does once the page has come."""
    states = app._tree.get_widget_states()
    trigger = _make_trigger_id(components(app)["kept_drawing"].id, "events")
    value = json.dumps([{"event": "kept", "value": kept}])
    states.widgets.add(id=trigger, json_trigger_value=value)
    app._run(states)
    assert not app.exception, app.exception[0].value
    return app


def send(app: AppTest, drawing: str, number: int = 0) -> AppTest:
    """As the canvas does after a stroke."""
    states = app._tree.get_widget_states()
    value = json.dumps({"drawing": {"raw": {"objects": [{}]}, "data": drawing}})
    states.widgets.add(id=components(app)[f"canvas_{number}"].id, json_value=value)
    app._run(states)
    assert not app.exception, app.exception[0].value
    return app


def heading(app: AppTest) -> str:
    """What the page says of the drawing, by the server's answer."""
    shares = component_data(app, "draw_answer")["served"]["probabilities"]
    return f"Read as {shares.index(max(shares))}, {shares}"


def answers(app: AppTest) -> list[str]:
    """What is written below the pictures of several digits."""
    buttons = [button for button in app.button if str(button.key).startswith("found_digit_")]
    return [button.label.removeprefix(":small[Read as ").removesuffix("]") for button in buttons]


@pytest.fixture
def page(lab: Lab, trained: Run) -> AppTest:
    """A page on which nothing was drawn yet."""
    return say_what_is_kept(lab.open("draw", run=trained.id), "")


def test_the_square_comes_once_it_is_known_what_the_browser_keeps(lab: Lab, trained: Run) -> None:
    app = lab.open("draw", run=trained.id)
    assert "canvas_0" not in components(app)
    assert component_data(app, "kept_drawing")["is_known"] is False
    say_what_is_kept(app, "")
    assert component_data(app, "canvas_0")["initialDrawing"]["objects"] == []
    assert NOTHING_DRAWN in words(app)


def test_a_drawing_is_given_to_the_browser_and_taken_back_after_a_reload(
    lab: Lab, trained: Run, page: AppTest
) -> None:
    send(page, draw(SEVEN))
    kept = component_data(page, "kept_drawing")
    assert kept["is_known"]
    assert kept["drawing"] == draw(SEVEN)

    other = say_what_is_kept(lab.open("draw", run=trained.id), kept["drawing"])
    assert heading(other) == heading(page)
    (picture,) = component_data(other, "canvas_0")["initialDrawing"]["objects"]
    assert picture["src"] == kept["drawing"]
    assert component_data(other, "kept_drawing") == kept

    send(other, draw(SEVEN, ONE))  # what it begins with stays, or the canvas would begin anew
    assert component_data(other, "canvas_0")["initialDrawing"]["objects"] == [picture]
    assert component_data(other, "kept_drawing")["drawing"] == draw(SEVEN, ONE)
    say_what_is_kept(other, draw(ONE))  # once more, late
    assert component_data(other, "kept_drawing")["drawing"] == draw(SEVEN, ONE)


def test_a_drawing_outlives_a_change_of_page_and_of_where_digits_come_from(page: AppTest) -> None:
    before = heading(send(page, draw(SEVEN)))
    go(page, "data")
    assert components(page) == {}
    go(page, "draw")
    assert heading(page) == before
    (picture,) = component_data(page, "canvas_0")["initialDrawing"]["objects"]
    assert picture["src"] == draw(SEVEN)

    page.segmented_control(key="digit_source").set_value("Picture file").run()
    assert NOTHING_DRAWN in words(page)
    page.button(key="clear_canvas").click().run()  # clears the picture
    page.segmented_control(key="digit_source").set_value("Draw").run()
    assert heading(page) == before


def test_clear_forgets_the_drawing(page: AppTest) -> None:
    send(page, draw(SEVEN))
    page.button(key="clear_canvas").click().run()
    assert NOTHING_DRAWN in words(page)
    assert component_data(page, "canvas_1")["initialDrawing"]["objects"] == []
    assert component_data(page, "kept_drawing")["drawing"] == ""
    go(page, "data")
    go(page, "draw")
    assert NOTHING_DRAWN in words(page)


def test_an_empty_square_is_not_kept(page: AppTest) -> None:
    """As after all strokes were undone."""
    send(page, draw(SEVEN))
    send(page, draw())
    assert component_data(page, "kept_drawing")["drawing"] == ""


@pytest.mark.parametrize(
    "kept", ["rubbish", "data:image/png;base64,AAAA", "https://example.com/a.png", 7, {"a": 1}, []]
)
def test_what_is_no_drawing_is_not_shown(lab: Lab, trained: Run, kept: object) -> None:
    app = say_what_is_kept(lab.open("draw", run=trained.id), kept)
    assert component_data(app, "canvas_0")["initialDrawing"]["objects"] == []
    assert component_data(app, "kept_drawing")["drawing"] == ""


def test_each_visitor_has_a_drawing_of_their_own(
    lab: Lab, trained: Run, come_in: Callable[..., str]
) -> None:
    names = set()
    for person in ("Ada", "Grace"):
        come_in(person)
        names.add(component_data(lab.open("draw", run=trained.id), "kept_drawing")["name"])
    assert len(names) == 2
    assert not any("Ada" in name for name in names)


def test_two_digits_are_each_read_and_one_is_chosen(page: AppTest) -> None:
    one = heading(send(page, draw(ONE)))
    seven = heading(send(page, draw(SEVEN)))
    assert answers(page) == []
    send(page, draw(SEVEN, ONE))
    assert "Two digits were found." in words(page)
    assert answers(page) == [found.split()[2].rstrip(",") for found in (seven, one)]
    assert heading(page) == seven
    page.button(key="found_digit_1").click().run()
    assert heading(page) == one
    page.button(key="found_digit_0").click().run()
    assert heading(page) == seven
    send(page, draw(ONE))
    assert "digits were found" not in words(page)
    assert heading(page) == one


def test_several_digits_are_labelled_one_after_the_other(
    page: AppTest, drawings: DrawingStore
) -> None:
    send(page, draw(SEVEN, ONE))
    one = heading(page.button(key="found_digit_1").click().run())
    page.button(key="truth_1").click().run()
    assert heading(page) != one  # the seven, which is left
    assert page.button(key="found_digit_1").icon == ":material/check:"
    page.button(key="truth_7").click().run()
    assert NOTHING_DRAWN in words(page)
    assert [drawing.label for drawing in drawings.load_all()] == [7, 1]
    send(page, draw(SEVEN, ONE), number=1)
    assert heading(page) != one
    assert page.button(key="found_digit_1").icon == ""
