"""What becomes of the next page if a fragment of the one before is asked for as that is left."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from unittest.mock import MagicMock

import pytest
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.runtime import Runtime
from streamlit.runtime.app_session import AppSession
from streamlit.runtime.script_data import ScriptData
from streamlit.runtime.scriptrunner import RerunData, ScriptRunner
from streamlit.runtime.scriptrunner.script_cache import ScriptCache
from streamlit.runtime.scriptrunner_utils.script_requests import ScriptRequests

from dashboard.session import left_pages
from dashboard.session.left_pages import mend_left_pages

SCRIPT = """
import time
from pathlib import Path

import streamlit as st

@st.fragment
def tick():  # above every page, as the head of ours
    st.text("a tick")

def first():
    st.text("the first page")

def second():
    while not Path(__file__).with_name("go").exists():
        time.sleep(0.001)
    st.text("the second page")

here = st.navigation([st.Page(first, default=True), st.Page(second)])
tick()
here.run()
"""


@pytest.fixture(autouse=True)
def mended(monkeypatch: pytest.MonkeyPatch) -> None:
    # Put back after the test.
    monkeypatch.setattr(ScriptRunner, "_run_script", ScriptRunner._run_script)
    monkeypatch.setattr(
        ScriptRequests, "_request_rerun_locked", ScriptRequests._request_rerun_locked
    )
    monkeypatch.setattr(Runtime, "_instance", MagicMock())  # it keeps media, of which there is none
    mend_left_pages()


@pytest.fixture
def script(tmp_path: Path) -> Path:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    return script


def take(session: AppSession) -> list[str]:
    """What the browser is sent: texts, and the page that each run is of."""
    sent = []
    for message in session._browser_queue.flush():
        if message.WhichOneof("type") == "new_session":
            sent.append(message.new_session.page_script_hash)
        elif text := message.delta.new_element.text.body:
            sent.append(text)
    return sent


def leave_and_tick(script: Path) -> tuple[list[str], str, str]:
    """What is sent of the second page if the first one's fragment is asked for meanwhile, and the
    two pages' names.
    """
    with ThreadPoolExecutor(1) as pool:  # this thread may have an event loop already
        return pool.submit(asyncio.run, _leave_and_tick(script)).result()


async def _leave_and_tick(script: Path) -> tuple[list[str], str, str]:
    session = AppSession(
        ScriptData(str(script), is_hello=False), MagicMock(), ScriptCache(), None, {}
    )
    await _run(session, ClientState())
    first, second = sorted(session.get_pages(), key=lambda page: page != session.page_script_hash)
    (fragment,) = session._fragment_storage._fragments
    await _run(session, ClientState(page_script_hash=first, fragment_id=fragment))
    assert take(session)[-2:] == [first, "a tick"]
    session.request_rerun(ClientState(page_script_hash=second))
    while not session._scriptrunner._execing:
        await asyncio.sleep(0.001)
    session.request_rerun(ClientState(page_script_hash=first, fragment_id=fragment))
    script.with_name("go").touch()
    await _run(session)
    sent = take(session)
    await _run(session, ClientState(page_script_hash=second, fragment_id=fragment))
    assert take(session) == [second, "a tick"]
    session.shutdown()
    return sent, first, second


async def _run(session: AppSession, *requests: ClientState) -> None:
    for request in requests:
        session.request_rerun(request)
    while session._scriptrunner is not None:
        await asyncio.sleep(0.01)


def test_the_page_that_follows_is_left_as_it_is(script: Path) -> None:
    sent, _, second = leave_and_tick(script)
    assert sent == [second, "a tick", "the second page"]


def choose_and_tick() -> RerunData:
    """What is run if another page is asked for, and a fragment of this one before that began."""
    requests = ScriptRequests()
    requests.request_rerun(RerunData(page_script_hash="second", query_string="run=2"))
    assert requests.request_rerun(RerunData(page_script_hash="first", fragment_id="tick"))
    return requests.on_scriptrunner_ready().rerun_data


def test_the_page_that_was_chosen_is_run() -> None:
    run = choose_and_tick()
    assert (run.page_script_hash, run.query_string) == ("second", "run=2")
    assert run.fragment_id_queue == []


@pytest.mark.parametrize("fragment", ["tick", None])
def test_other_requests_are_put_together_as_ever(fragment: str | None) -> None:
    requests = ScriptRequests()
    requests.request_rerun(RerunData(page_script_hash="first", fragment_id="answer"))
    requests.request_rerun(RerunData(page_script_hash="first", fragment_id=fragment))
    run = requests.on_scriptrunner_ready().rerun_data
    assert run.fragment_id_queue == (["answer", "tick"] if fragment else [])


def test_streamlit_still_loses_the_page_that_was_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where this fails, half of `dashboard.session.left_pages` has become needless."""
    monkeypatch.setattr(ScriptRequests, "_request_rerun_locked", left_pages._request)
    run = choose_and_tick()
    assert (run.page_script_hash, run.fragment_id_queue) == ("first", [])


def test_streamlit_still_empties_the_page_that_follows(
    script: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where this fails, the other half of it has."""
    monkeypatch.setattr(ScriptRunner, "_run_script", left_pages._run_script)
    sent, first, second = leave_and_tick(script)
    assert sent == [second, "the second page", first, "a tick"]
