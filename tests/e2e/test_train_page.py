"""The Train page as a person uses it."""

import re
from contextlib import ExitStack

import pytest
from playwright.sync_api import Page, expect
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import ClientConnection, connect

from core.runs import Run
from core.runs.status import Request, State
from dashboard.charts.colors import SPLIT_COLORS
from tests.e2e.controls import button, press, press_train
from tests.e2e.server import WAKE, Server, wait_for

# Goes on for as long as a test may look at it.
SLOW = "hidden=64&batch_size=16&training_images=20000&epochs=200"

# A chart may have several canvases, one above the other.
TITLES = "table => [...table.querySelectorAll('td')].map(cell => cell.title).join()"
PICTURE = "box => [...box.querySelectorAll('canvas')].map(canvas => canvas.toDataURL()).join()"
COUNT = """(canvas, color) => {
    const wanted = [1, 3, 5].map(place => parseInt(color.slice(place, place + 2), 16));
    const shown = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
    let count = 0;
    for (let i = 0; i < shown.length; i += 4)
        count += wanted.every((value, place) => shown[i + place] === value);
    return count;
}"""  # pixels of a colour


def curve(page: Page, metric: str, series: str):
    return page.get_by_label(f"{metric} by epoch of the run a trained run: {series}", exact=True)


def train(page: Page, server: Server, link: str) -> Run:
    """Open the form that `link` says, press Train and wait until the first batches are done."""
    known = {run.id for run in server.runs.list()}
    page.goto(f"{server.url}/train?{link}")
    press_train(page)
    wait_for(lambda: {run.id for run in server.runs.list()} - known, "a new run")
    run = server.newest_run()
    wait_for(in_state(run, State.RUNNING), "a worker, which may wake", deadline=WAKE)
    wait_for(lambda: run.status.batch, "the first batches", deadline=WAKE)
    expect(page.get_by_text("Accuracy while fitting")).to_be_visible()
    expect(page).to_have_url(re.compile(f"run={run.id}"))
    return run


def in_state(run: Run, state: State):
    return lambda: run.status.state is state


def test_what_is_shown_of_a_training_changes_in_place(page: Page, server: Server) -> None:
    """Curves and strips follow the epochs, and so does the rate that one moves meanwhile."""
    run = train(page, server, SLOW)
    weights = page.get_by_role("img", name="First-layer weights as pictures")
    answers = page.get_by_role("table", name="Probabilities of ten test digits")
    expect(page.get_by_text(re.compile(r"First layer, 32( of \d+)? units"))).to_be_visible()
    expect(answers.locator("td").nth(20)).to_have_attribute("title", re.compile("%"))
    first_weights = weights.get_attribute("src")
    first_answers = answers.evaluate(TITLES)
    assert first_weights
    canvas = page.locator(".st-key-loss_curve canvas").first
    canvas.evaluate("element => element.isTheSame = true")
    epoch = run.status.epoch

    slider = page.get_by_role("slider", name="Learning rate from now on")
    slider.press("ArrowLeft")
    wait_for(lambda: run.status.base_learning_rate == 0.0005, "the new rate")
    wait_for(
        lambda: 0.0005 in set(run.history["base_learning_rate"]),
        "the new rate in history",
        deadline=WAKE,
    )
    expect(slider).to_have_attribute("aria-valuetext", "0.0005")

    wait_for(lambda: run.status.epoch >= epoch + 2, "two more epochs", deadline=WAKE)
    run.request(Request.PAUSE)
    wait_for(in_state(run, State.PAUSED), "the pause")
    expect(page.get_by_text(f"Epoch {run.status.epoch} of 200")).to_be_visible()
    expect(weights).not_to_have_attribute("src", first_weights)
    wait_for(lambda: answers.evaluate(TITLES) != first_answers, "other answers")
    assert canvas.evaluate("element => element.isTheSame === true")


def test_a_training_goes_on_whoever_looks_until_it_is_stopped(page: Page, server: Server) -> None:
    """After a reload and in a second tab it is taken up where it stands, paused and resumed."""
    run = train(page, server, SLOW)
    page.reload()
    expect(page.get_by_text("Accuracy while fitting")).to_be_visible()
    with page.context.new_page() as second:
        second.goto(page.url)
        expect(second.get_by_text("Accuracy while fitting")).to_be_visible()
        press(second, "Pause")
        expect(page.get_by_role("button", name="Resume", exact=True)).to_be_visible()
    wait_for(in_state(run, State.PAUSED), "the pause")
    expect(page.get_by_text("paused")).to_be_visible()
    before = (run.status.epoch, run.status.batch)
    press(page, "Resume")
    wait_for(lambda: (run.status.epoch, run.status.batch) > before, "more batches", deadline=WAKE)
    address = page.url
    page.goto("about:blank")
    epoch = run.status.epoch
    wait_for(lambda: run.status.epoch > epoch, "an epoch that nobody watches", deadline=WAKE)

    page.goto(address)
    button(page, "Stop").press("Enter")  # it moves down as the picture of the network comes
    expect(page.get_by_text("stopped")).to_be_visible()
    expect(page.get_by_text("Test accuracy", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Regularise it")).to_be_visible()
    assert run.status.state is State.STOPPED
    assert run.model_path.exists()
    assert len(run.history) == run.status.final_epoch


def test_series_are_switched_off_and_on_and_losses_drawn_on_a_logarithmic_axis(
    page: Page, server: Server, trained: Run
) -> None:
    every = "while fitting, train, validation, test"
    page.goto(f"{server.url}/train?run={trained.id}")
    chart = page.locator(".st-key-loss_curve")
    canvas = chart.locator("canvas").first
    expect(curve(page, "Loss", every)).to_be_visible()
    wait_for(lambda: canvas.evaluate(COUNT, SPLIT_COLORS["test"]) > 50, "the test curve")
    press(page, "Test")
    expect(curve(page, "Accuracy", "while fitting, train, validation")).to_be_visible()
    colors = [SPLIT_COLORS[split] for split in ("test", "validation")]

    def is_without_test() -> bool:
        """Not while the canvas is empty, to be drawn on anew."""
        test, validation = (canvas.evaluate(COUNT, color) for color in colors)
        return test == 0 and validation > 50

    wait_for(is_without_test, "no test curve")
    press(page, "Test")
    expect(curve(page, "Loss", every)).to_be_visible()
    wait_for(lambda: canvas.evaluate(COUNT, SPLIT_COLORS["test"]) > 50, "the test curve again")
    linear = chart.evaluate(PICTURE)
    page.get_by_text("Log loss").click()
    expect(curve(page, "Loss, logarithmic", every)).to_be_visible()
    wait_for(lambda: chart.evaluate(PICTURE) != linear, "another chart")


# --- with a class watching

NOTE_TIMERS = """
const set = window.setInterval;
window.timers = [];
window.setInterval = (call, wait) => { timers.push(Math.round(wait)); return set(call, wait); };
"""


@pytest.fixture
def own_tab(page: Page):
    """One that may be listened to and told what to do with each page: it is closed after."""
    with page.context.new_page() as tab:
        yield tab


def test_the_panel_slows_down_when_a_class_comes_by_running_the_page_once(
    own_tab: Page, server: Server
) -> None:
    page = own_tab
    received: list[ForwardMsg] = []
    page.on("websocket", lambda socket: socket.on("framereceived", lambda data: take(data)))

    def take(data: bytes) -> None:
        received.append(ForwardMsg.FromString(data))

    def page_runs() -> int:
        begun = [message for message in received if message.HasField("new_session")]
        return sum(not message.metadata.run.fragment_ids for message in begun)

    page.add_init_script(NOTE_TIMERS)
    run = train(page, server, SLOW)
    page.wait_for_function("timers.includes(400)")
    before = page_runs()
    with ExitStack() as watching:
        others = [watching.enter_context(other_browser(server)) for _ in range(9)]

        def has_slowed_down() -> bool:
            """Asked again and again, for who does not look at the panel is soon forgotten."""
            open_run(others, run)
            return page.evaluate("timers.includes(640) || timers.includes(1024)")

        wait_for(has_slowed_down, "the browser to be told, of nine who look at once", deadline=WAKE)
    assert 1 <= page_runs() - before <= 2  # one for each pace, of 0.64 s or at most 1.024 s


def other_browser(server: Server) -> ClientConnection:
    """Somebody else, by Streamlit's protocol."""
    return connect(
        f"ws://localhost:{server.port}/_stcore/stream",
        origin=server.url,
        subprotocols=["streamlit"],
        max_size=None,
    )


def open_run(browsers: list[ClientConnection], run: Run) -> None:
    """Have all of them open the run's page at once, and wait until it has come to each."""
    opening = BackMsg()
    opening.rerun_script.page_name = "train"
    opening.rerun_script.query_string = f"run={run.id}"
    for browser in browsers:
        browser.send(opening.SerializeToString())
    for browser in browsers:
        while not ForwardMsg.FromString(browser.recv(timeout=30)).HasField("script_finished"):
            pass
