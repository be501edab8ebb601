"""The door, asked as a server asks it: an ASGI scope in, a response out."""

import base64
import re
import string
import time
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from html.parser import HTMLParser
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import streamlit
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from streamlit.web.server.server_util import AUTH_COOKIE_NAME, get_cookie_secret
from streamlit.web.server.starlette.starlette_app_utils import create_signed_value

from dashboard.access import protection
from dashboard.access.door import Door
from dashboard.access.index_page import INDEX, serve_index
from dashboard.access.login_cookie import (
    MAX_NAME,
    Login,
    Role,
    clean_name,
    read_login,
    write_login,
)
from dashboard.access.rate_limit import RateLimit
from dashboard.access.signing_key import load_signing_key
from tests.dashboard.access.run_async import run_async

ORIGINAL = (Path(streamlit.__file__).parent / "static" / "index.html").read_text("utf-8")
SOMEWHERE = "192.168.1.20"
FREE = 60  # wrong tries of one address


class Answer:
    """What came out of the door."""

    def __init__(self, messages: list[dict[str, Any]]) -> None:
        start = messages[0]
        self.kind = start["type"]
        self.status = start.get("status")
        headers = [
            (name.decode(), value.decode("latin-1")) for name, value in start.get("headers", [])
        ]
        self.headers = dict(headers)
        self.cookies = {
            name: morsel.value
            for header, value in headers
            if header == "set-cookie"
            for name, morsel in SimpleCookie(value).items()
        }
        self.text = b"".join(message.get("body", b"") for message in messages[1:]).decode()

    @property
    def went_in(self) -> bool:
        return self.text == "inside"

    @property
    def login(self) -> Login:
        assert self.cookies
        return read_login(self.cookies)


class Elements(HTMLParser):
    """The elements of a page, as a browser reads it."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.inputs: list[dict[str, str | None]] = []
        self.inline_scripts: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag == "input":
            self.inputs.append(dict(attributes))

    def handle_data(self, text: str) -> None:
        if self.tags[-1:] == ["script"] and text.strip():
            self.inline_scripts.append(text)


async def _inside(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"inside"})


Ask = Callable[..., Answer]


@pytest.fixture
def ask() -> Ask:
    """`ask(path, ...)`: the answer of one door, which remembers wrong tries; its clock stands."""
    door = Door(_inside, RateLimit(clock=lambda: 0.0))

    def ask(
        path: str = "/",
        form: dict[str, str] | None = None,
        *,
        cookies: dict[str, str] | None = None,
        client: str = SOMEWHERE,
        host: str = "lab.example:8501",
        kind: str = "http",
        query: str = "",
        body: bytes | None = None,
    ) -> Answer:
        sent: list[dict[str, Any]] = []
        content = urlencode(form or {}).encode() if body is None else body
        cookie = "; ".join(f"{name}={value}" for name, value in (cookies or {}).items())
        headers = {"host": host, "cookie": cookie}
        scope = {
            "type": kind,
            "method": "GET" if form is None and body is None else "POST",
            "scheme": "http",
            "path": path,
            "query_string": query.encode(),
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
            "client": (client, 50_000),
            "server": ("0.0.0.0", 8501),
        }

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": content, "more_body": False}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        run_async(door(scope, receive, send))
        return Answer(sent)

    return ask


@pytest.fixture
def guarded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """A class with a password for students and one for teachers, in a folder of its own."""
    monkeypatch.setenv("DIGITLAB_RUNS", str(tmp_path))
    monkeypatch.setenv("DIGITLAB_CLASS_PASSWORD", "sesame")
    monkeypatch.setenv("DIGITLAB_TEACHER_PASSWORD", "open wide")
    return monkeypatch


# --- alone


@pytest.mark.parametrize(
    ("client", "host", "comes_in"),
    [
        ("127.0.0.1", "localhost:8501", True),
        ("127.0.0.1", "127.0.0.1:8501", True),
        ("::1", "[::1]:8501", True),
        ("::ffff:127.0.0.1", "localhost", True),
        ("127.0.0.1", "evil.example:8501", False),  # a page from there, led to this machine
        ("127.0.0.1", "localhost.evil.example", False),
        ("127.0.0.1", "", False),
        ("127.0.0.1", "[::1", False),
        ("192.168.1.20", "localhost:8501", False),
        ("::ffff:192.168.1.20", "localhost:8501", False),
        ("testclient", "localhost:8501", False),
    ],
)
@pytest.mark.parametrize("kind", ["http", "websocket"])
def test_alone_only_this_machine_is_answered(
    ask: Ask, client: str, host: str, comes_in: bool, kind: str
) -> None:
    answer = ask("/train", client=client, host=host, kind=kind)
    assert answer.went_in is comes_in
    if not comes_in and kind == "http":
        assert answer.status == 403
        assert "make run-class" in answer.text
    if not comes_in and kind == "websocket":
        assert answer.kind == "websocket.close"


# --- a class password


def test_the_password_and_a_name_open_the_door(ask: Ask, guarded: object) -> None:
    first = ask("/train", query="run=1&dropout=0.5")
    assert first.status == 403
    assert 'action="/train?run=1&amp;dropout=0.5"' in first.text
    admitted = ask("/train", {"name": " Anna\t", "password": "sesame"}, query="run=1&dropout=0.5")
    assert admitted.status == 303
    assert admitted.headers["location"] == "/train?run=1&dropout=0.5"
    assert "HttpOnly" in admitted.headers["set-cookie"]
    assert "SameSite=lax" in admitted.headers["set-cookie"]
    assert ask("/train", cookies=admitted.cookies).went_in
    assert ask("/_stcore/stream", cookies=admitted.cookies, kind="websocket").went_in
    login = admitted.login
    assert (login.name, login.role) == ("Anna", Role.STUDENT)
    assert re.fullmatch(r"Anna #[0-9a-f]{8}", login.owner)


def test_two_of_the_same_name_are_told_apart(ask: Ask, guarded: object) -> None:
    form = {"name": "Anna", "password": "sesame"}
    owners = {ask("/", form).login.owner for _ in range(20)}
    assert len(owners) == 20


def test_the_teachers_password_makes_a_teacher(ask: Ask, guarded: object) -> None:
    assert ask("/", {"name": "N", "password": "open wide"}).login.role is Role.TEACHER


def test_one_password_for_both_makes_no_teachers(ask: Ask, guarded: pytest.MonkeyPatch) -> None:
    guarded.setenv("DIGITLAB_TEACHER_PASSWORD", "sesame")
    assert ask("/", {"name": "N", "password": "sesame"}).login.role is Role.STUDENT


@pytest.mark.parametrize("password", ["", "Sesame", "sesame ", "sésame", "open"])
def test_another_password_does_not(ask: Ask, guarded: object, password: str) -> None:
    answer = ask("/train", {"name": "Anna", "password": password})
    assert answer.status == 403
    assert "That is not the password of this class." in answer.text
    assert not answer.cookies


def test_without_a_teachers_password_nobody_is_a_teacher(
    ask: Ask, guarded: pytest.MonkeyPatch
) -> None:
    guarded.delenv("DIGITLAB_TEACHER_PASSWORD")
    assert not ask("/", {"name": "Anna", "password": ""}).cookies


def test_a_name_is_asked_for(ask: Ask, guarded: object) -> None:
    answer = ask("/", {"name": " \u202e\x00 ", "password": "sesame"})
    assert "Please give your name" in answer.text
    assert not answer.cookies


@pytest.mark.parametrize(
    "name",
    [
        "<img src=x onerror=alert(1)> **bold**",
        "[a](http://evil.example) $x^2$ a -> b",
        '"><img src=x onerror=alert(1)> &lt;',
        "x@evil.example :material/home: :smile: `",
    ],
)
def test_a_name_is_kept_as_it_was_typed(ask: Ask, guarded: object, name: str) -> None:
    page = Elements(ask("/", {"name": name, "password": "wrong"}).text)
    assert page.tags == Elements(ask("/", {"name": "Anna", "password": "wrong"}).text).tags
    assert [one["value"] for one in page.inputs if one["name"] == "name"] == [name]


@pytest.mark.parametrize("right", ["sesame", "open wide"])
def test_guessing_costs_waits_even_for_a_right_password(
    ask: Ask, guarded: object, right: str
) -> None:
    for _ in range(FREE):
        assert ask("/", {"name": "A", "password": "wrong"}).status == 403
    answer = ask("/", {"name": "A", "password": right})
    assert answer.status == 429
    assert answer.headers["retry-after"] == "60"
    assert "Try again in 60 s." in answer.text
    assert ask("/", {"name": "A", "password": right}, client="192.168.1.21").status == 303


def test_the_class_password_does_not_pay_for_guesses_at_the_teachers(
    ask: Ask, guarded: object
) -> None:
    guesses = 0
    while ask("/", {"name": "A", "password": "wrong"}).status == 403:
        guesses += 1
        ask("/", {"name": "A", "password": "sesame"})
        assert guesses <= FREE
    assert ask("/", {"name": "A", "password": "open wide"}).status == 429


def test_one_machine_cannot_guess_from_all_its_addresses(ask: Ask, guarded: object) -> None:
    for number in range(FREE):
        ask("/", {"name": "A", "password": "wrong"}, client=f"2001:db8:1:2::{number:x}")
    right = {"name": "A", "password": "sesame"}
    assert ask("/", right, client="2001:db8:1:2:9::1").status == 429
    assert ask("/", right, client="2001:db8:1:3::1").status == 303


@pytest.mark.parametrize("whose", ["CLASS", "TEACHER"])
@pytest.mark.parametrize("given", ["sesame", "open wide"])
def test_another_password_ends_every_login_but_keeps_names(
    ask: Ask, guarded: pytest.MonkeyPatch, whose: str, given: str
) -> None:
    before = ask("/", {"name": "Anna", "password": given})
    owner = before.login.owner
    guarded.setenv(f"DIGITLAB_{whose}_PASSWORD", "another")
    answer = ask("/train", cookies=before.cookies)
    assert answer.status == 403
    assert 'value="Anna"' in answer.text
    again = ask("/", {"name": "Anna", "password": "another"}, cookies=before.cookies)
    assert again.login.role
    assert again.login.owner == owner


def test_leaving_keeps_the_name_but_not_the_role(ask: Ask, guarded: object) -> None:
    before = ask("/", {"name": "Anna", "password": "open wide"})
    left = ask("/auth/logout", cookies=before.cookies)
    assert left.login == replace(before.login, role=None)
    assert ask("/", cookies=left.cookies).status == 403


@pytest.mark.parametrize("seconds", [-600, -400 * 86_400, 179 * 86_400])
def test_a_clock_set_back_or_a_term_throws_nobody_out(
    ask: Ask, guarded: pytest.MonkeyPatch, seconds: int
) -> None:
    admitted, now = ask("/", {"name": "Anna", "password": "sesame"}), time.time()
    before = admitted.login
    guarded.setattr(time, "time", lambda: now + seconds)
    assert ask("/", cookies=admitted.cookies).went_in
    assert admitted.login == before


def test_after_a_term_the_password_is_asked_again_of_the_same_person(
    ask: Ask, guarded: pytest.MonkeyPatch
) -> None:
    admitted, now = ask("/", {"name": "Anna", "password": "open wide"}), time.time()
    kept_days = int(re.search(r"Max-Age=(\d+)", admitted.headers["set-cookie"])[1]) / 86_400
    assert kept_days > 181
    guarded.setattr(time, "time", lambda: now + 181 * 86_400)
    answer = ask("/", cookies=admitted.cookies)
    assert answer.status == 403
    assert 'value="Anna"' in answer.text
    again = ask("/", {"name": "Anna", "password": "open wide"}, cookies=admitted.cookies)
    assert ask("/", cookies=again.cookies).went_in
    assert again.login.owner == admitted.login.owner


def _with_another_top_bit(digit: str) -> str:
    """Another digit of base64. The lowest bits of a text's last digit say nothing: A may be B."""
    digits = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"
    return digits[digits.index(digit) ^ 32] if digit in digits else "A"


def test_cookies_are_signed(ask: Ask, guarded: object, tmp_path: Path) -> None:
    cookies = ask("/", {"name": "Anna", "password": "sesame"}).cookies
    for name, cookie in cookies.items():
        for place in range(0, len(cookie), 7):
            forged = cookie[:place] + _with_another_top_bit(cookie[place]) + cookie[place + 1 :]
            assert not ask("/", cookies=cookies | {name: forged}).went_in
    first, second = cookies
    assert not ask("/", cookies={first: cookies[second], second: cookies[first]}).went_in
    (tmp_path / ".key").unlink()
    load_signing_key.cache_clear()
    assert not ask("/", cookies=cookies).went_in


@pytest.mark.parametrize("path", ["//evil.example", "/\\evil.example", "/\t/evil.example"])
def test_the_way_on_leads_to_this_server(ask: Ask, guarded: object, path: str) -> None:
    answer = ask(path, {"name": "Anna", "password": "sesame"})
    where = answer.headers["location"]
    assert re.match(r"/(?![/\\\s])", where)
    assert f'action="{where}"' in ask(path).text


def test_a_host_header_does_not_pretend_an_open_path(ask: Ask, guarded: object) -> None:
    assert ask("/_stcore/health").went_in
    assert ask("/", host="x/_stcore/health?").status == 403


def test_websockets_uploads_and_files_need_a_login_too(ask: Ask, guarded: object) -> None:
    assert ask("/_stcore/stream", kind="websocket").kind == "websocket.close"
    for path in ("/_stcore/upload_file/1/2", "/media/1.png", "/_stcore/host-config"):
        assert ask(path).status == 403


def test_a_form_too_large_or_no_form_is_refused(ask: Ask, guarded: object) -> None:
    assert ask("/", body=b"name=" + b"x" * 5000).status == 400
    assert ask("/", body=b"name=Anna&password=" + b"x" * 5000).status == 400
    assert ask("/", body=b"&".join([b"a=1"] * 20)).status == 400
    assert ask("/", body=b"&" * 5000).status == 400
    assert ask("/", body=b"\xff\xfe").status == 403


TEXTS = st.text(max_size=300)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    path=TEXTS,
    query=st.text(string.printable, max_size=100),
    name=TEXTS,
    password=TEXTS,
    cookie=st.text(string.ascii_letters + string.digits + "._-", max_size=200),
    body=st.none() | st.binary(max_size=5000),
)
def test_nothing_anyone_sends_gets_through_or_breaks_it(
    ask: Ask, guarded: object, path: str, query: str, name: str, password: str, cookie: str,
    body: bytes | None,
) -> None:  # fmt: skip
    path, cookies = f"/{path}", dict.fromkeys(write_login(Login("Anna", "0", None)), cookie)
    form = {"name": name.encode("utf-8", "replace").decode(), "password": "not " + password}
    form["password"] = form["password"].encode("utf-8", "replace").decode()
    for answer in (
        ask(path, query=query, cookies=cookies),
        ask(path, form, query=query, cookies=cookies, body=body, client=name[:20]),
    ):
        assert not answer.went_in or path == "/_stcore/health"
        assert answer.status in {200, 303, 400, 403, 429}
        assert "<script" not in answer.text


@given(TEXTS)
def test_a_name_is_one_visible_line(words: str) -> None:
    name = clean_name(words)
    assert name.isprintable()
    assert name == name.strip()
    assert len(name) <= MAX_NAME
    assert clean_name(name) == name


# --- a provider


@pytest.fixture
def logged_in(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """A provider, and the cookie of a browser that it has logged in, as Streamlit signs it."""
    monkeypatch.setattr(protection, "_secrets", lambda: {"auth": {"client_id": "digit-lab"}})
    content = '{"email": "anna@school.example", "is_logged_in": true}'
    value = create_signed_value(get_cookie_secret(), AUTH_COOKIE_NAME, content)
    return {AUTH_COOKIE_NAME: value.decode()}


@pytest.mark.parametrize(
    "path",
    [
        "/media/1.png",
        "/_stcore/upload_file/1/2",
        "/_stcore/metrics",
        "/_stcore/script-health-check",
        "/_stcore/agent/interact",
        "/_stcore/health/",
        "/_stcore/host-config/../metrics",
        "/component/x/index.html",
        "/app/static/x",
        "/base/media/1.png",
        "//media/1.png",
    ],
)
def test_a_stranger_gets_no_further_than_the_login(
    ask: Ask, logged_in: dict[str, str], path: str
) -> None:
    for stranger in ({}, {AUTH_COOKIE_NAME: '{"is_logged_in": true}'}):
        answer = ask(path, cookies=stranger)
        assert (answer.status, answer.text) == (403, "Log in first.")
        assert ask(path, cookies=stranger, kind="websocket").kind == "websocket.close"
    assert ask(path, cookies=logged_in).went_in


def test_a_stranger_is_shown_the_login_and_sends_nothing_but_it(
    ask: Ask, logged_in: dict[str, str]
) -> None:
    open_to_all = ("/", "/train", "/static/js/index.js", "/static/media/font.woff2")
    for path in (*open_to_all, "/auth/login", "/auth/logout", "/oauth2callback"):
        assert ask(path).went_in
        assert not ask(path, {}).went_in
    assert ask("/_stcore/host-config").went_in
    assert ask("/_stcore/stream", kind="websocket").went_in
    assert ask("/_stcore/upload_file/1/2", {}, cookies=logged_in).went_in


def test_every_page_says_what_a_browser_may_run(ask: Ask, guarded: object) -> None:
    policy = ask("/").headers["content-security-policy"]
    scripts = re.search("script-src ([^;]*)", policy)
    assert scripts
    assert "unsafe-inline" not in scripts[1]
    assert "http" not in scripts[1]


def test_a_browser_may_run_the_scripts_that_are_written_into_a_page_and_no_others(
    ask: Ask, guarded: object
) -> None:
    policy = ask("/").headers["content-security-policy"]
    scripts = {script for page in (INDEX, ORIGINAL) for script in Elements(page).inline_scripts}
    hashes = {base64.b64encode(sha256(script.encode()).digest()).decode() for script in scripts}
    assert len(hashes) == 2
    assert set(re.findall("'sha256-([^']+)'", policy)) == hashes


def test_a_page_is_streamlits_own_and_says_where_the_server_is() -> None:
    page = run_async(serve_index(None))
    head, script, rest = page.body.decode().partition(Elements(INDEX).inline_scripts[0])
    assert "BACKEND_BASE_URL" in script
    assert head.removesuffix("<script>") + rest.removeprefix("</script>") == ORIGINAL
    assert page.headers["cache-control"] == "no-cache"
