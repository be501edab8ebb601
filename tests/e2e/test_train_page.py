"""The Train page as a person uses it."""

import re
from contextlib import ExitStack

import pytest
from playwright.sync_api import Page, expect
from statsmodels.stats.proportion import proportion_confint
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import ClientConnection, connect

from core.config import PRESETS, RunConfig
from core.runs import Run
from core.status import Request, State
from dashboard.charts.colors import SPLIT_COLORS
from tests.e2e.controls import press
from tests.e2e.server import Server, wait_for

SLOW = "hidden=256-256&epochs=200"  # goes on for as long as a test may look at it

# A chart may have several canvases, one above the other.
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
    press(page, "Train")
    wait_for(lambda: {run.id for run in server.runs.list()} - known, "a new run")
    run = server.newest_run()
    expect(page.get_by_text("Accuracy while fitting")).to_be_visible()
    return run


def in_state(run: Run, state: State):
    return lambda: run.status.state is state


def test_pressing_train_at_once_shows_a_network_learning(page: Page, server: Server) -> None:
    page.goto(server.url)
    expect(page).to_have_url(re.compile("/train$"))
    expect(page.get_by_text("535,818 parameters")).to_be_visible()
    press(page, "Train")
    expect(page.get_by_text(re.compile(r"Epoch \d+ of 50"))).to_be_visible()
    expect(page.get_by_text("Validation accuracy")).to_be_visible()
    run = server.newest_run()
    assert run.config == PRESETS["notebook-baseline"]
    assert f"run={run.id}" in page.url


def test_a_quick_run_from_the_preset_to_its_result(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/train")
    page.get_by_role("combobox", name="Preset").click()
    page.get_by_role("option", name="quick").click()
    expect(page.get_by_text("101,770 parameters")).to_be_visible()
    press(page, "Train")
    expect(page.get_by_text("Test accuracy")).to_be_visible()
    run = server.newest_run()
    assert run.config == PRESETS["quick"]
    assert run.status.state is State.FINISHED
    accuracy = run.history["test_accuracy"].iloc[-1]
    expect(page.get_by_test_id("stMetricValue").filter(has_text=f"{100 * accuracy:.2f} %").first)\
        .to_be_visible()  # fmt: skip
    expect(page.get_by_role("link", name="Regularise it")).to_be_visible()


def test_pause_resume_and_stop(page: Page, server: Server) -> None:
    run = train(page, server, SLOW)
    press(page, "Pause")
    wait_for(in_state(run, State.PAUSED), "the pause")
    expect(page.get_by_text("paused")).to_be_visible()
    where = (run.status.epoch, run.status.batch)
    press(page, "Resume")
    wait_for(lambda: (run.status.epoch, run.status.batch) > where, "more batches")
    press(page, "Stop")
    expect(page.get_by_text("stopped")).to_be_visible()
    assert run.status.state is State.STOPPED
    assert run.model_path.exists()
    assert len(run.history) == run.status.final_epoch


def test_reload_and_second_tab_take_the_run_up_where_it_stands(page: Page, server: Server) -> None:
    run = train(page, server, SLOW)
    page.reload()
    expect(page.get_by_text("Accuracy while fitting")).to_be_visible()
    with page.context.new_page() as second:
        second.goto(page.url)
        expect(second.get_by_text("Accuracy while fitting")).to_be_visible()
        press(second, "Pause")
        expect(page.get_by_role("button", name="Resume", exact=True)).to_be_visible()
    wait_for(in_state(run, State.PAUSED), "the pause")
    page.goto("about:blank")
    run.ask(Request.RUN)
    epoch = run.status.epoch
    wait_for(lambda: run.status.epoch > epoch, "an epoch that nobody watches")


def test_the_learning_rate_changes_while_the_run_trains(page: Page, server: Server) -> None:
    run = train(page, server, SLOW)
    slider = page.get_by_role("slider", name="Learning rate from now on")
    slider.press("ArrowLeft")
    wait_for(lambda: run.status.base_learning_rate == 0.0005, "the new rate")
    wait_for(lambda: 0.0005 in set(run.history["base_learning_rate"]), "the new rate in history")
    expect(slider).to_have_attribute("aria-valuetext", "0.0005")


def test_live_charts_are_updated_in_place(page: Page, server: Server) -> None:
    run = train(page, server, SLOW)
    canvas = page.locator(".st-key-loss_curve canvas").first
    canvas.evaluate("element => element.isTheSame = true")
    epoch = run.status.epoch
    wait_for(lambda: run.status.epoch >= epoch + 2, "two more epochs")
    run.ask(Request.PAUSE)
    wait_for(in_state(run, State.PAUSED), "the pause")
    expect(page.get_by_text(f"Epoch {run.status.epoch} of 200")).to_be_visible()
    assert canvas.evaluate("element => element.isTheSame === true")


def test_the_strips_show_the_network_change(page: Page, server: Server) -> None:
    train(page, server, SLOW)
    weights = page.get_by_role("img", name="First-layer weights as pictures")
    answers = page.locator(".st-key-ten_digits")
    expect(page.get_by_text(re.compile(r"First layer, 32( of \d+)? units"))).to_be_visible()
    expect(page.get_by_role("img", name="Probabilities of ten test digits")).to_be_visible()
    expect(answers.locator("canvas").first).to_be_visible()
    first_weights = weights.get_attribute("src")
    first_answers = answers.evaluate(PICTURE)
    assert first_weights
    expect(weights).not_to_have_attribute("src", first_weights)
    wait_for(lambda: answers.evaluate(PICTURE) != first_answers, "other answers")


def test_a_finished_run_says_how_sure_its_accuracy_is(
    page: Page, server: Server, trained: Run
) -> None:
    page.goto(f"{server.url}/train?run={trained.id}")
    right = round(10_000 * trained.history["test_accuracy"].iloc[-1])
    low, high = proportion_confint(right, 10_000, method="wilson")
    expect(page.get_by_text(f"95 %: {100 * low:.2f} to {100 * high:.2f} %")).to_be_visible()


def test_series_are_switched_off_and_on(page: Page, server: Server, trained: Run) -> None:
    page.goto(f"{server.url}/train?run={trained.id}")
    canvas = page.locator(".st-key-loss_curve canvas").first
    expect(curve(page, "Loss", "while fitting, train, validation, test")).to_be_visible()
    wait_for(lambda: canvas.evaluate(COUNT, SPLIT_COLORS["test"]) > 50, "the test curve")
    press(page, "Test")
    expect(curve(page, "Accuracy", "while fitting, train, validation")).to_be_visible()
    wait_for(lambda: canvas.evaluate(COUNT, SPLIT_COLORS["test"]) == 0, "no test curve")
    assert canvas.evaluate(COUNT, SPLIT_COLORS["validation"]) > 50
    for name in ("While fitting", "Validation"):
        press(page, name)
    page.get_by_role("button", name="Train", exact=True).last.click()
    expect(page.get_by_text("Choose a series to see its curves.")).to_be_visible()
    expect(canvas).to_have_count(0)
    press(page, "Test")
    expect(curve(page, "Loss", "test")).to_be_visible()
    wait_for(lambda: canvas.evaluate(COUNT, SPLIT_COLORS["test"]) > 50, "the test curve")


def test_losses_on_a_logarithmic_axis(page: Page, server: Server, trained: Run) -> None:
    page.goto(f"{server.url}/train?run={trained.id}")
    every = "while fitting, train, validation, test"
    canvas = page.locator(".st-key-loss_curve canvas").first
    expect(curve(page, "Loss", every)).to_be_visible()
    wait_for(lambda: canvas.evaluate(COUNT, SPLIT_COLORS["test"]) > 50, "the curves")
    chart = page.locator(".st-key-loss_curve")
    linear = chart.evaluate(PICTURE)
    page.get_by_text("Log loss").click()
    expect(curve(page, "Loss, logarithmic", every)).to_be_visible()
    expect(curve(page, "Accuracy", every)).to_be_visible()
    wait_for(lambda: chart.evaluate(PICTURE) != linear, "another chart")


def test_a_second_run_waits_and_says_its_place(page: Page, server: Server) -> None:
    train(page, server, SLOW)
    page.goto(f"{server.url}/train?hidden=16&epochs=1")
    press(page, "Train")
    expect(page.get_by_text("Waiting for its turn: it is the next")).to_be_visible()
    waiting = server.newest_run()
    press(page, "Stop")
    wait_for(in_state(waiting, State.STOPPED), "the queued run to stop")


def test_a_link_opens_the_same_form(page: Page, server: Server) -> None:
    config = RunConfig(hidden=(96, 48, 24), dropout=0.25, l2=3e-4, learning_rate=0.003, seed=5)
    link = "&".join(f"{name}={value}" for name, value in config.differences().items())
    page.goto(f"{server.url}/train?{link}")
    for layer, width in enumerate(config.hidden, start=1):
        expect(page.get_by_label(f"Units in hidden layer {layer}")).to_have_value(str(width))
    press(page, "Train")
    wait_for(lambda: server.newest_run().config == config, "a run of the link's configuration")


def test_layers_are_added_and_removed(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/train?hidden=64")
    press(page, "Add layer")
    expect(page).to_have_url(re.compile("hidden=64-64"))
    page.get_by_label("Units in hidden layer 2").fill("32")
    page.get_by_label("Units in hidden layer 2").press("Enter")
    expect(page).to_have_url(re.compile("hidden=64-32"))
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")
    # Streamlit draws a button with a tooltip twice, for wide and narrow windows.
    page.locator(".st-key-remove_layer_0 button:visible").first.click()
    expect(page).to_have_url(re.compile("hidden=32"))


@pytest.mark.parametrize(
    ("link", "sentence"),
    [
        ("dropout=3", "Dropout: 3 is out of range; choose 0 to 0.9."),
        ("learning_rate=fast", "Learning rate: 'fast' is not a valid number."),
        ("seed=-1", "Seed: -1 is out of range; choose 0 to 2,147,483,647."),
        ("patience=0", "Patience: 0 is out of range; choose 1 to 100."),
        ("hidden=9999", "Hidden layers: 9,999 is out of range; choose 1 to 2,048."),
        ("run=../../etc", "there is no run"),
    ],
)
def test_a_wrong_link_gets_a_sentence(page: Page, server: Server, link: str, sentence: str) -> None:
    page.goto(f"{server.url}/train?{link}")
    expect(page.get_by_text(sentence)).to_be_visible()
    expect(page.get_by_role("button", name="Train", exact=True)).to_be_enabled()


def test_a_damaged_run_says_why(page: Page, server: Server) -> None:
    run = server.runs.create(RunConfig(), state=State.FINISHED)
    (run.path / "status.json").write_text("{")
    page.goto(f"{server.url}/train?run={run.id}")
    expect(page.get_by_text("This run is damaged")).to_be_visible()
    expect(page.get_by_text("status.json")).to_be_visible()
    server.runs.delete(run.id)


# --- with a class watching

NOTE_TIMERS = """
const set = window.setInterval;
window.timers = [];
window.setInterval = (call, wait) => { timers.push(Math.round(wait)); return set(call, wait); };
"""


def test_the_panel_slows_down_when_a_class_comes_without_running_the_page_anew(
    page: Page, server: Server
) -> None:
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

        wait_for(has_slowed_down, "the browser to be told")
    assert page_runs() == before > 0


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
        while not ForwardMsg.FromString(browser.recv(timeout=60)).HasField("script_finished"):
            pass
