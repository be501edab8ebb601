"""Logging in with an OpenID Connect provider, a real one, and what students and teachers may do."""

import json
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import Browser, Page, expect
from websockets.sync.client import connect

from core.config import RunConfig
from core.runs.status import State
from tests.e2e.controls import forget, new_context, press, press_train
from tests.e2e.server import WAKE, Server, wait_for
from tests.ports import free_port

TEACHER = "noether@school.example"
IMPOSTOR = "impostor"  # says the teacher's address, which the provider has not verified

LogIn = Callable[[str], Page]


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a provider that knows a teacher and an impostor."""
    port = free_port()
    claims = [
        {"sub": TEACHER, "email": TEACHER, "email_verified": True},
        {"sub": IMPOSTOR, "name": "Ina", "email": TEACHER, "email_verified": False},
    ]
    command = [sys.executable, "-W", "ignore", "-m", "oidc_provider_mock", "--port", str(port)]
    for person in claims:
        command += ["--user-claims", json.dumps(person)]
    url = f"http://localhost:{port}"
    with (tmp_path_factory.mktemp("provider") / "log").open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
        wait_for(
            lambda: _answers(f"{url}/.well-known/openid-configuration"),
            "the provider",
            deadline=WAKE,
        )
        yield url
        process.terminate()
        process.wait()


def _answers(url: str) -> bool:
    try:
        return urllib.request.urlopen(url).status == 200
    except OSError:
        return False


@pytest.fixture(scope="module")
def school(provider: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that the provider guards."""
    folder, port = tmp_path_factory.mktemp("school"), free_port()
    secrets = folder / "secrets.toml"
    secrets.write_text(f"""
        DIGITLAB_TEACHERS = ["{TEACHER.upper()}"]
        [auth]
        redirect_uri = "http://localhost:{port}/oauth2callback"
        cookie_secret = "only-for-this-test-only-for-this-test"
        client_id = "digit-lab"
        client_secret = "another"
        server_metadata_url = "{provider}/.well-known/openid-configuration"
    """)
    server = Server(folder, "--secrets.files", str(secrets), port=port)
    yield server
    server.stop()


@pytest.fixture(scope="module")
def log_in(browser: Browser, school: Server) -> Iterator[LogIn]:
    """`log_in(person)`: a page of that person's browser, who logs in once for the whole file."""
    pages: dict[str, Page] = {}
    with ExitStack() as stack:

        def log_in(person: str) -> Page:
            if person not in pages:
                page = stack.enter_context(new_context(browser)).new_page()
                page.goto(school.url)
                press(page, "Log in")
                page.get_by_role("textbox").fill(person)
                page.get_by_role("button", name="Authorize").click()
                expect(page.locator(".st-key-train").get_by_role("button")).to_be_visible()
                pages[person] = page
            return pages[person]

        yield log_in


@pytest.fixture(scope="module")
def _strangers_page(browser: Browser) -> Iterator[Page]:
    with new_context(browser) as context:
        yield context.new_page()


@pytest.fixture
def stranger(_strangers_page: Page) -> Iterator[Page]:
    """A page of a browser in which nobody has logged in."""
    yield _strangers_page
    forget(_strangers_page)


def expect_login_alone(page: Page) -> None:
    expect(page.get_by_role("button", name="Log in")).to_be_visible()
    expect(page.get_by_text("a secret")).to_have_count(0)
    expect(page.get_by_role("link", name="Evaluate")).to_have_count(0)


def name_shown(page: Page, school: Server) -> str:
    """Who the server says one is."""
    page.goto(f"{school.url}/classroom")
    expect(page.get_by_role("button", name="Leave")).to_be_visible()
    return page.get_by_role("heading", level=2).inner_text().replace("\u2060", "")


def test_nobody_sees_a_page_before_the_login(stranger: Page, school: Server) -> None:
    """Nor with a cookie that was not signed here."""
    run = school.runs.create(RunConfig(hidden=(16,)), name="a secret", state=State.FINISHED)
    for path in ("", f"train?run={run.id}", "runs"):
        stranger.goto(f"{school.url}/{path}")
        expect_login_alone(stranger)
    forged = '{"is_logged_in": true, "email": "' + TEACHER + '"}'
    cookie = {"name": "_streamlit_user", "value": forged, "url": school.url}
    stranger.context.add_cookies([cookie])
    stranger.goto(f"{school.url}/runs")
    expect_login_alone(stranger)
    school.runs.delete(run.id)


def test_a_stranger_may_neither_upload_nor_download(
    stranger: Page, log_in: LogIn, school: Server
) -> None:
    file = f"{school.url}/_stcore/upload_file/1/2"
    stranger.goto(school.url)
    expect_login_alone(stranger)
    assert stranger.request.put(file, data=b"x").text() == "Log in first."
    for path in ("_stcore/metrics", "media/1.png"):
        assert stranger.request.get(f"{school.url}/{path}").status == 403
    request = log_in(TEACHER).request
    assert "XSRF" in request.put(file, data=b"x").text()  # so it came to Streamlit
    assert request.get(f"{school.url}/_stcore/metrics").status == 200
    assert request.get(f"{school.url}/media/1.png").status == 404


def test_strangers_who_hold_the_login_page_open_keep_nobody_from_it(
    stranger: Page, school: Server
) -> None:
    url = school.url.replace("http", "ws") + "/_stcore/stream"
    with ExitStack() as stack:
        sockets = [
            stack.enter_context(connect(url, subprotocols=["streamlit"], max_size=None))
            for _ in range(60)
        ]
        stranger.goto(school.url)
        expect_login_alone(stranger)
        assert sockets[0].ping().wait(30)


def test_who_one_is_is_what_the_provider_says(log_in: LogIn, school: Server) -> None:
    teacher = log_in(TEACHER)
    teacher.goto(f"{school.url}/train?hidden=16&training_images=1000&epochs=1")
    press_train(teacher)
    wait_for(school.runs.list, "a run")
    assert school.newest_run().record.owner == TEACHER
    assert name_shown(teacher, school) == TEACHER
    expect(teacher.get_by_text("You are a teacher")).to_be_visible()


def test_an_address_that_is_not_verified_makes_no_teacher(log_in: LogIn, school: Server) -> None:
    """And who leaves must log in again."""
    page = log_in(IMPOSTOR)
    name = name_shown(page, school)
    assert name.startswith("Ina #")
    assert TEACHER not in name
    expect(page.get_by_text("You are a teacher")).to_have_count(0)

    press(page, "Leave")
    press(page, "End session")  # the provider's own question
    expect(page.get_by_role("button", name="Log in")).to_be_visible()
    page.goto(f"{school.url}/train")
    expect(page.get_by_role("button", name="Log in")).to_be_visible()
