"""A class without a provider: one password, a name for each browser; and whatever is typed, there
and as the name of a run, is shown as typed.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
import segno
from playwright.sync_api import Browser, Page, WebSocket, expect
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import connect

from core.config import RunConfig
from core.runs import Run
from core.runs.status import State
from core.training import train
from dashboard.access.invitation import network_address
from tests.e2e.controls import await_controls, button, forget, new_context, press, press_train
from tests.e2e.figures import settle
from tests.e2e.server import FOR_A_CLASS, WAKE, Server, stop_all, wait_for
from tests.e2e.test_draw_page import canvas

HOSTILE = "<img src=x onerror=alert(1)> **bold** [a](http://evil.example) $x^2$ a -> b &lt;"
# Goes on for as long as a test may look at it, and leaves the browser a processor.
SLOW = "hidden=16&batch_size=16&epochs=200"
SHOWN = """words => document.body.innerText.includes(words)
    || [...document.querySelectorAll("input")].some(input => input.value.includes(words))"""

ComeIn = Callable[..., Page]


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server as `make run-class` starts it, which draws the teacher's password; that of the class
    tries everything."""
    server = Server(
        tmp_path_factory.mktemp("class"),
        module=FOR_A_CLASS,
        DIGITLAB_CLASS_PASSWORD=HOSTILE,
        DIGITLAB_TEACHER_PASSWORD="",
        PYTHONIOENCODING="utf-8",
    )
    server.url = f"http://{network_address()}:{server.port}"
    yield server
    server.stop()


@pytest.fixture(scope="module")
def invitation(school: Server) -> str:
    """What the server has said on the teacher's terminal."""
    return school.log.read_text("utf-8")


@pytest.fixture(scope="module")
def teachers(invitation: str) -> str:
    """The teacher's password."""
    found = re.search(r"For the teacher alone: come in with the password\n\n    (.+)\n", invitation)
    assert found
    return found[1]


@pytest.fixture(scope="module")
def dialogs() -> list[str]:
    """What the pages' dialogs said: what was typed ran, where there is one."""
    return []


@pytest.fixture(scope="module")
def tabs(browser: Browser, dialogs: list[str]) -> Iterator[list[Page]]:
    """Tabs of three people's browsers, for the whole file: each reads Streamlit's code in once."""
    with ExitStack() as stack:
        pages = [stack.enter_context(new_context(browser)).new_page() for _ in range(3)]
        for page in pages:
            page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
        yield pages


@pytest.fixture
def come_in(tabs: list[Page], dialogs: list[str], school: Server) -> Iterator[ComeIn]:
    """`come_in(name, password, path)`: a browser that knows nothing yet, through the door.

    The test fails if anything that was typed ran in it.
    """
    free = iter(tabs)

    def come_in(name: str, password: str = HOSTILE, path: str = "train") -> Page:
        page = next(free)
        page.goto(f"{school.url}/{path}")
        fill_in(page, name, password)
        return page

    yield come_in
    said = dialogs.copy()
    dialogs.clear()
    for page in tabs:
        forget(page)
    stop_all(school)
    assert said == []


def fill_in(page: Page, name: str, password: str) -> None:
    page.get_by_label("Your name").fill(name)
    page.get_by_label("Class password").fill(password)
    with page.expect_navigation(wait_until="commit"):  # or going elsewhere would break it off
        press(page, "Come in")


# --- the way in


def test_run_class_invites_with_address_code_and_password(
    school: Server, invitation: str, tabs: list[Page]
) -> None:
    tabs[0].goto(school.url)
    expect(tabs[0].get_by_label("Class password")).to_be_visible()
    assert f"\n    {school.url}\n" in invitation
    assert f"\n    password: {HOSTILE}\n" in invitation
    assert invitation.index("For the teacher alone") < invitation.index("password: ")
    code = segno.make(school.url, micro=False).matrix
    assert decode_blocks(invitation) == [list(row) for row in code]


def decode_blocks(output: str) -> list[list[int]]:
    """The modules of a QR code, 1 dark, drawn light on dark in half blocks with a border of 4."""
    rows: list[list[int]] = []
    for line in output.splitlines():
        if len(line) > 20 and set(line) <= set("█▀▄ ") and "█" in line:
            rows.append([int(block in " ▄") for block in line])
            rows.append([int(block in " ▀") for block in line])
    side = len(rows[0]) - 8
    return [row[4 : 4 + side] for row in rows[4 : 4 + side]]


def test_the_door_leads_on_to_where_one_wanted_to_go(come_in: ComeIn) -> None:
    page = come_in("Anna", "wrong", path="train?hidden=77")
    expect(page.get_by_role("alert")).to_have_text("That is not the password of this class.")
    expect(page.get_by_label("Your name")).to_have_value("Anna")
    fill_in(page, "Anna", HOSTILE)
    expect(page.get_by_label("Units in hidden layer 1")).to_have_value("77")
    page.reload()
    expect(page.get_by_label("Units in hidden layer 1")).to_have_value("77")


# --- what is typed


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


def written(page: Page, holds: str) -> str:
    """What the second-level heading with these words says, without what takes no room."""
    heading = page.get_by_role("heading", level=2).filter(has_text=holds)
    expect(heading).to_be_visible()
    return heading.inner_text().replace("\u2060", "")


def test_a_name_and_the_password_are_shown_as_typed(come_in: ComeIn, teachers: str) -> None:
    name = '"><img src=x onerror=alert(1)> **bold**'
    page = come_in(name, "wrong", path="classroom")
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.get_by_label("Your name")).to_have_value(name)
    assert page.locator("img").count() == 0
    fill_in(page, name, teachers)
    assert written(page, " #").rpartition(" #")[0] == name
    assert written(page, "Password:") == f"Password: {HOSTILE}"
    expect(page.get_by_role("img", name="QR code of http://")).to_be_visible()
    assert_nothing_was_made_of_it(page)


@pytest.fixture(scope="module")
def hostile(school: Server) -> list[Run]:
    """Two finished runs that look alike and carry a name that tries everything."""
    config = RunConfig(hidden=(16,), training_images=2_000, epochs=2)
    owner = f"x@evil.example {HOSTILE}"
    runs = []
    for _ in range(2):
        run = school.runs.create(config, name=HOSTILE, owner=owner, state=State.RUNNING)
        assert train(run).state is State.FINISHED
        run.update_label(note=HOSTILE)
        runs.append(run)
    first = school.runs.create(RunConfig(hidden=(16,), epochs=1, training_images=1_000))
    wait_for(lambda: not first.status.state.is_active, "the worker to wake", deadline=WAKE)
    school.runs.delete(first.id)
    return runs


def test_the_network_answers_in_a_students_browser_before_the_pen_is_lifted(
    come_in: ComeIn, hostile: list[Run]
) -> None:
    page = come_in("Cleo", path=f"draw?run={hostile[0].id}")
    expect(page.locator("canvas.picture")).to_be_visible()
    await_controls(page)
    canvas(page).hover(position={"x": 140, "y": 40})
    box = canvas(page).bounding_box()
    assert box
    page.mouse.down()
    page.mouse.move(box["x"] + 140, box["y"] + 240, steps=8)
    expect(page.get_by_role("heading", name=re.compile(r"^Read as \d"))).to_be_visible()
    expect(page.get_by_text("It was a", exact=True)).to_have_count(0)
    page.mouse.up()
    expect(page.get_by_text("It was a", exact=True)).to_be_visible()


def test_a_runs_name_is_shown_as_typed(come_in: ComeIn, school: Server, hostile: list[Run]) -> None:
    """Also where a chart escapes it itself, and in what Streamlit says without us."""
    one, other = (run.id for run in hostile)
    page = come_in("Bert", path=f"train?run={one}")
    picker = page.get_by_role("combobox", name="Run", exact=True)
    expect(picker).to_have_value(re.compile(re.escape(HOSTILE)))
    hover_over_charts(page)
    for path in (f"evaluate?run={one}", f"runs?runs={one}"):
        page.goto(f"{school.url}/{path}")
        page.wait_for_function(SHOWN, arg="<img src=x")
        hover_over_charts(page)

    page.goto(f"{school.url}/compare?runs={one},{other}")
    page.wait_for_function(SHOWN, arg="<img src=x")
    charts = page.get_by_test_id("stEChartsChart")
    figure = page.locator(".js-plotly-plot")
    for name, seen in {"Curves": charts.first, "Ruler": figure}.items():
        page.get_by_role("tab", name=name, exact=True).click()
        expect(seen).to_be_visible()
        hover_over_charts(page)
        expect(seen.get_by_text("A · <img src=x").first).to_be_visible()

    page.goto(f"{school.url}/<img src=x onerror=alert(1)>")
    expect(page.get_by_role("link", name="Evaluate").first).to_be_visible()
    assert_nothing_was_made_of_it(page)


def hover_over_charts(page: Page) -> None:
    assert_nothing_was_made_of_it(page)
    charts = page.locator("[data-testid='stEChartsChart'], .js-plotly-plot")
    for chart in charts.all()[::-1]:  # the first one last, for what it says to stay
        chart.hover()
        assert_nothing_was_made_of_it(page)


# --- who may do what


def test_two_annas(come_in: ComeIn, school: Server) -> None:
    known = {run.id for run in school.runs.list()}
    anna = come_in("Anna", path=f"train?{SLOW}")
    press_train(anna)
    wait_for(lambda: {run.id for run in school.runs.list()} - known, "a new run")
    run = school.newest_run()
    assert re.fullmatch("Anna #[0-9a-f]{8}", run.record.owner)
    other = come_in("Anna", path=f"train?run={run.id}")
    expect(other.get_by_text("you may watch, not change it")).to_be_visible()
    expect(button(other, "Stop")).to_have_count(0)
    expect(anna).to_have_url(re.compile(f"run={run.id}"))  # else the reloaded page knows of no run
    anna.reload()
    press(anna, "Stop")
    wait_for(lambda: run.status.state is State.STOPPED, "the owner's stop", deadline=WAKE)


def test_a_button_that_was_not_drawn_for_one_cannot_be_pressed(
    come_in: ComeIn, school: Server, teachers: str
) -> None:
    """A teacher's press of a button, said again by a student's browser."""
    student = come_in("Bert", path="classroom")
    owner = "Anna #0badf00d"
    run = school.runs.create(RunConfig(), name="Anna's", owner=owner, state=State.FINISHED)
    teacher = come_in("Ms N", teachers, path="classroom")
    presses: list[BackMsg] = []

    def note(words: bytes) -> None:
        """A press; its trigger may also go out before it, with the timer of a fragment, which
        another session does not have.
        """
        message = BackMsg.FromString(words)
        if b"pin_runs" in words and not message.rerun_script.fragment_id:
            presses.append(message)

    def is_noted() -> bool:
        teacher.wait_for_timeout(20)  # lets what was said come in
        return bool(presses)

    def listen(socket: WebSocket) -> None:
        socket.on("framesent", note)

    # To each that is opened: the page that one came in to may open its own only now.
    teacher.on("websocket", listen)
    teacher.goto(f"{school.url}/runs?runs={run.id}")
    press(teacher, "Pin")
    wait_for(lambda: run.label.pinned, "the teacher's pin")
    wait_for(is_noted, "the browser's message")
    teacher.remove_listener("websocket", listen)
    for one, is_pressed in ((student, False), (teacher, True)):
        run.update_label(pinned=False)
        say_again(school, one, presses[0])
        assert run.label.pinned is is_pressed


def say_again(school: Server, page: Page, press: BackMsg) -> None:
    """Open a page as the browser of `page`, by hand, and send it what another browser sent."""
    cookies = "; ".join(f"{one['name']}={one['value']}" for one in page.context.cookies())
    first = BackMsg.FromString(press.SerializeToString())
    first.rerun_script.ClearField("widget_states")
    for message in (first, press):
        message.rerun_script.ClearField("cached_message_hashes")
    with connect(
        f"ws://localhost:{school.port}/_stcore/stream",
        origin=school.url,
        additional_headers={"Cookie": cookies},
        subprotocols=["streamlit"],
        max_size=None,
    ) as socket:
        for message in (first, press):
            socket.send(message.SerializeToString())
            while not ForwardMsg.FromString(socket.recv(timeout=30)).HasField("script_finished"):
                pass


def test_ones_runs_stay_ones_own_after_leaving_and_after_a_restart(
    come_in: ComeIn, school: Server
) -> None:
    page = come_in("Bert", path="classroom")
    name = page.get_by_role("heading", level=2).filter(has_text="Bert #")
    expect(name).to_contain_text("Bert #")
    before = name.inner_text()
    press(page, "Leave")
    expect(page.get_by_label("Your name")).to_have_value("Bert")
    fill_in(page, "Bert", HOSTILE)
    expect(page.get_by_role("heading", name="Train", exact=True)).to_be_visible()
    school.stop()
    school.start()
    page.goto(f"{school.url}/classroom")
    expect(name).to_have_text(before)
