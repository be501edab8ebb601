"""A class without a provider: one password, a name for each browser."""

import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import segno
from playwright.sync_api import Browser, Page, expect

from core.status import State
from dashboard.invitation import network_address
from tests.e2e.server import ROOT, Server, free_port, wait_for
from tests.e2e.test_train_page import SLOW, press

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


# --- how it is started


def run(*command: str, runs: Path) -> tuple[subprocess.Popen[str], int]:
    """Start a server that says on its output what it does, and its port."""
    port = free_port()
    flag = "--port" if "dashboard.run_class" in command else "--server.port"
    process = subprocess.Popen(
        [sys.executable, "-m", *command, flag, str(port)],
        cwd=ROOT,
        env=os.environ | {"DIGITLAB_RUNS": str(runs), "PYTHONIOENCODING": "utf-8"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return process, port


def test_the_network_is_refused_without_a_guard(tmp_path: Path) -> None:
    process, _ = run(
        "streamlit", "run", "dashboard/app.py", "--server.address", "0.0.0.0", runs=tmp_path
    )
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 1
    assert "Digit Lab does not listen on 0.0.0.0 unguarded" in output
    assert "Traceback" not in output


def test_run_class_invites_with_address_code_and_password(tmp_path: Path, browser: Browser) -> None:
    process, port = run("dashboard.run_class", runs=tmp_path)
    url = f"http://{network_address()}:{port}"
    wait_for(lambda: _listens(network_address(), port), "the server", deadline=120)
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(url)
        expect(page.get_by_label("Class password")).to_be_visible()
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=60)
    assert url in output
    assert re.search(r"password: ([b-z][aeiou]){2}(-([b-z][aeiou]){2}){2}\n", output)
    assert output.index("For the teacher alone") < output.index("password: ")
    assert decode_blocks(output) == [list(row) for row in segno.make(url, micro=False).matrix]


def _listens(address: str, port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((address, port)) == 0


def decode_blocks(output: str) -> list[list[int]]:
    """The modules of a QR code, 1 dark, drawn light on dark in half blocks with a border of 4."""
    rows: list[list[int]] = []
    for line in output.splitlines():
        if len(line) > 20 and set(line) <= set("█▀▄ ") and "█" in line:
            rows.append([int(block in " ▄") for block in line])
            rows.append([int(block in " ▀") for block in line])
    side = len(rows[0]) - 8
    return [row[4 : 4 + side] for row in rows[4 : 4 + side]]
