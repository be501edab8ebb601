"""A class without a provider: one password, a name for each browser."""

import os
import re
import subprocess
import sys
import urllib.request
from pathlib import Path

import numpy as np
import pytest
import segno
from playwright.sync_api import Browser, Page, expect
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import connect

from core.analysis.maps import MapRequest, MapStatus
from core.config import RunConfig
from core.drawings import DrawingStore
from core.status import Request, State
from core.sweep.config import SweepConfig
from core.sweep.store import SweepStore
from dashboard.invitation import network_address
from tests.e2e.controls import press
from tests.e2e.figures import click_image
from tests.e2e.server import ROOT, Server, free_port, wait_for
from tests.e2e.test_train_page import SLOW

PASSWORD, TEACHERS = "sesame", "open wide"


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory):
    """A server that a password guards."""
    server = Server(
        tmp_path_factory.mktemp("class"),
        DIGITLAB_CLASS_PASSWORD=PASSWORD,
        DIGITLAB_TEACHER_PASSWORD=TEACHERS,
    )
    yield server
    server.stop()


@pytest.fixture
def come_in(browser: Browser, school: Server):
    """`come_in(name, password, path)`: a browser of its own, through the door."""
    contexts = []

    def come_in(name: str, password: str = PASSWORD, path: str = "train") -> Page:
        contexts.append(browser.new_context(viewport={"width": 1400, "height": 1000}))
        page = contexts[-1].new_page()
        page.set_default_timeout(60_000)
        page.goto(f"{school.url}/{path}")
        fill_in(page, name, password)
        return page

    yield come_in
    for context in contexts:
        context.close()


def fill_in(page: Page, name: str, password: str) -> None:
    page.get_by_label("Your name").fill(name)
    page.get_by_label("Class password").fill(password)
    press(page, "Come in")


def test_the_door_leads_on_to_where_one_wanted_to_go(come_in, school: Server) -> None:
    page = come_in("Anna", "wrong", path="train?hidden=77")
    expect(page.get_by_role("alert")).to_have_text("That is not the password of this class.")
    expect(page.get_by_label("Your name")).to_have_value("Anna")
    fill_in(page, "Anna", PASSWORD)
    expect(page.get_by_label("Units in hidden layer 1")).to_have_value("77")
    page.reload()
    expect(page.get_by_label("Units in hidden layer 1")).to_have_value("77")


def test_two_annas_and_a_teacher(come_in, school: Server) -> None:
    anna, other, teacher = come_in("Anna"), come_in("Anna"), come_in("Ms N", TEACHERS)
    anna.goto(f"{school.url}/train?{SLOW}")
    press(anna, "Train")
    expect(anna.get_by_text("Accuracy while fitting")).to_be_visible()
    run = school.newest_run()
    assert re.fullmatch("Anna #[0-9a-f]{8}", run.record.owner)

    other.goto(f"{school.url}/train?run={run.id}")
    expect(other.get_by_text("you may watch, not change it")).to_be_visible()
    expect(other.get_by_role("button", name="Stop", exact=True)).to_have_count(0)

    anna.reload()
    press(anna, "Pause")
    wait_for(lambda: run.status.state is State.PAUSED, "the owner's pause after a reload")
    teacher.goto(f"{school.url}/train?run={run.id}")
    press(teacher, "Stop")
    wait_for(lambda: run.status.state is State.STOPPED, "the teacher's stop")


def test_ones_runs_stay_ones_own_after_leaving_and_after_a_restart(come_in, school: Server) -> None:
    page = come_in("Bert", path="classroom")
    name = page.get_by_role("heading", level=3)
    expect(name).to_contain_text("Bert #")
    before = name.inner_text()
    press(page, "Leave")
    expect(page.get_by_label("Your name")).to_have_value("Bert")
    fill_in(page, "Bert", PASSWORD)
    school.stop()
    school.start()
    page.goto(f"{school.url}/classroom")
    expect(name).to_have_text(before)


def test_only_a_teacher_is_shown_the_password(come_in) -> None:
    teacher = come_in("Ms N", TEACHERS, path="classroom")
    expect(teacher.get_by_text(f"Password: {PASSWORD}")).to_be_visible()
    expect(teacher.get_by_role("img", name="QR code of http://")).to_be_visible()
    student = come_in("Anna", path="classroom")
    expect(student.get_by_text("You may stop, change and delete your own")).to_be_visible()
    expect(student.get_by_text(PASSWORD)).to_have_count(0)


# --- what is another's

ANNA = "Anna #0badf00d"


@pytest.fixture
def bert(come_in) -> tuple[Page, str]:
    """A student's browser, and the name of what is his."""
    page = come_in("Bert", path="classroom")
    name = page.get_by_role("heading", level=3)
    expect(name).to_contain_text("Bert #")
    return page, name.inner_text()


def expect_no_buttons(page: Page, *names: str) -> None:
    for name in names:
        expect(page.get_by_role("button", name=name, exact=True)).to_have_count(0)


def test_anothers_run_is_not_renamed_noted_pinned_or_deleted(bert, school: Server) -> None:
    page, name = bert
    theirs = school.runs.create(RunConfig(), name="Anna's", owner=ANNA, state=State.FINISHED)
    own = school.runs.create(RunConfig(), name="Bert's", owner=name, state=State.FINISHED)
    page.goto(f"{school.url}/runs?runs={theirs.id}")
    expect(page.get_by_text("Not yours to change.")).to_be_visible()
    expect_no_buttons(page, "Rename, note", "Pin", "Delete")

    page.goto(f"{school.url}/runs?runs={theirs.id},{own.id}")
    press(page, "Pin")
    wait_for(lambda: own.label.pinned, "one's own run to be pinned")
    press(page, "Delete")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("listitem")).to_have_text(["Bert's"])
    expect(dialog.get_by_text("1 of the chosen runs are not yours to delete")).to_be_visible()
    dialog.get_by_role("button", name="Delete").click()
    wait_for(lambda: not own.path.exists(), "one's own run to be deleted")
    expect(dialog).to_have_count(0)
    assert theirs.path.exists()
    assert not theirs.label.pinned


def test_nothing_is_asked_of_anothers_sweep(bert, come_in, school: Server) -> None:
    page, _ = bert
    base = RunConfig(hidden=(16,), training_images=1_000, epochs=1)
    space = {"dropout": {"low": 0.0, "high": 0.5}}
    sweep = SweepStore(school.runs).create(
        SweepConfig(base=base, vary=space, trials=50), owner=ANNA
    )
    sweep.ask(Request.PAUSE)
    teacher = come_in("Ms N", TEACHERS)
    for one in (page, teacher):
        one.goto(f"{school.url}/sweep?sweep={sweep.id}")
        expect(one.get_by_text("of 50 trials")).to_be_visible()
    expect(teacher.get_by_role("button", name="Resume", exact=True)).to_be_visible()
    expect_no_buttons(page, "Resume", "Pause", "Stop", "More trials")
    press(teacher, "Stop")
    wait_for(lambda: sweep.control.request is Request.STOP, "the teacher's stop")


def test_anothers_drawing_is_not_deleted(bert, school: Server) -> None:
    page, name = bert
    run = school.runs.create(RunConfig(hidden=(16,), training_images=1_000, epochs=1))
    wait_for(lambda: run.status.state is State.FINISHED, "the run", deadline=180)
    drawings = DrawingStore(school.runs.root.parent / "drawings")
    image = np.zeros((28, 28), np.float32)
    own, theirs = drawings.add(image, 3, name), drawings.add(image, 4, ANNA)
    page.goto(f"{school.url}/draw?run={run.id}&draw=My+handwriting&whose_drawings=Everybody's")
    places = [drawing.id for drawing in drawings.load_all()]
    delete = page.get_by_role("button", name="Delete the chosen one")
    click_image(page, "drawings_gallery", places.index(theirs))
    expect(page.get_by_text("Drawings of others are theirs to delete.")).to_be_visible()
    expect(delete).to_be_disabled()
    click_image(page, "drawings_gallery", places.index(own))
    expect(delete).to_be_enabled()
    delete.click()
    wait_for(lambda: [kept.id for kept in drawings.load_all()] == [theirs], "one's own to go")


def test_anothers_map_of_anothers_run_is_not_stopped(bert, school: Server) -> None:
    page, name = bert
    config = RunConfig(hidden=(16,), training_images=1_000, epochs=1)
    run = school.runs.create(config, owner=ANNA)
    wait_for(lambda: run.status.state is State.FINISHED, "the run", deadline=180)
    key = MapRequest(layer="hidden_1").key
    stop = page.get_by_role("button", name="Stop", exact=True)
    for owner in (ANNA, name):
        run.write_map_status(key, MapStatus(state=State.RUNNING, owner=owner))
        page.goto(f"{school.url}/features?run={run.id}")
        if owner == ANNA:
            expect(stop).to_be_disabled()
        else:
            stop.click()
            wait_for(lambda: run.is_map_to_stop(key), "one's own map to be stopped")


def test_a_button_that_was_not_drawn_for_one_cannot_be_pressed(bert, come_in, school) -> None:
    """A teacher's press of a button, said again by a student's browser."""
    page, _ = bert
    run = school.runs.create(RunConfig(), name="Anna's", owner=ANNA, state=State.FINISHED)
    teacher = come_in("Ms N", TEACHERS, path="classroom")
    said: list[bytes] = []
    teacher.on("websocket", lambda socket: socket.on("framesent", lambda words: said.append(words)))
    teacher.goto(f"{school.url}/runs?runs={run.id}")
    press(teacher, "Pin")
    wait_for(lambda: run.label.pinned, "the teacher's pin")
    teacher.wait_for_timeout(0)  # lets what was said come in
    press_pin = BackMsg.FromString(next(words for words in said if b"pin_runs" in words))
    for one, is_pressed in ((page, False), (teacher, True)):
        run.mark(pinned=False)
        say_again(school, one, press_pin)
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
            while not ForwardMsg.FromString(socket.recv(timeout=60)).HasField("script_finished"):
                pass


# --- how it is started


@pytest.fixture
def launch(tmp_path: Path):
    """`launch(command, ...)`: a server that says on its output what it does, and its port."""
    processes: list[subprocess.Popen[str]] = []

    def launch(*command: str) -> tuple[subprocess.Popen[str], int]:
        port = free_port()
        flag = "--port" if "dashboard.run_class" in command else "--server.port"
        process = subprocess.Popen(
            [sys.executable, "-m", *command, flag, str(port)],
            cwd=ROOT,
            env=os.environ | {"DIGITLAB_RUNS": str(tmp_path), "PYTHONIOENCODING": "utf-8"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        processes.append(process)
        return process, port

    yield launch
    for process in processes:
        if process.poll() is None:
            process.terminate()
        process.communicate(timeout=60)


def test_the_network_is_refused_without_a_guard(launch) -> None:
    process, _ = launch("streamlit", "run", "dashboard/app.py", "--server.address", "0.0.0.0")
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 1
    assert "Digit Lab does not listen on 0.0.0.0 unguarded" in output
    assert "Traceback" not in output


def test_run_class_invites_with_address_code_and_password(launch, browser: Browser) -> None:
    process, port = launch("dashboard.run_class")
    url = f"http://{network_address()}:{port}"
    wait_for(lambda: _answers(f"{url}/_stcore/health"), "the server", deadline=180)
    with browser.new_context() as context:
        page = context.new_page()
        page.set_default_timeout(60_000)
        page.goto(url)
        expect(page.get_by_label("Class password")).to_be_visible()
    process.terminate()
    output, _ = process.communicate(timeout=60)
    assert url in output
    assert re.search(r"password: ([b-z][aeiou]){2}(-([b-z][aeiou]){2}){2}\n", output)
    assert output.index("For the teacher alone") < output.index("password: ")
    assert decode_blocks(output) == [list(row) for row in segno.make(url, micro=False).matrix]


def _answers(url: str) -> bool:
    try:
        return urllib.request.urlopen(url, timeout=5).status == 200
    except OSError:
        return False


def decode_blocks(output: str) -> list[list[int]]:
    """The modules of a QR code, 1 dark, drawn light on dark in half blocks with a border of 4."""
    rows: list[list[int]] = []
    for line in output.splitlines():
        if len(line) > 20 and set(line) <= set("█▀▄ ") and "█" in line:
            rows.append([int(block in " ▄") for block in line])
            rows.append([int(block in " ▀") for block in line])
    side = len(rows[0]) - 8
    return [row[4 : 4 + side] for row in rows[4 : 4 + side]]
