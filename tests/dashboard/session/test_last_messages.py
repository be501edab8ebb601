"""What reaches the browser of a fragment's run if another is asked for as it ends."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from unittest.mock import MagicMock

import pytest
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.runtime import Runtime
from streamlit.runtime.app_session import AppSession
from streamlit.runtime.script_data import ScriptData
from streamlit.runtime.scriptrunner.script_cache import ScriptCache

from dashboard.session import last_messages
from dashboard.session.last_messages import mend_last_messages

SCRIPT = """
import streamlit as st

@st.fragment
def answer():
    st.text("the answer")

@st.fragment
def tick():
    st.text("a tick")

answer()
tick()
"""


@pytest.fixture(autouse=True)
def mended(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_create_scriptrunner", "_handle_scriptrunner_event_on_event_loop"):
        monkeypatch.setattr(AppSession, name, getattr(AppSession, name))  # put back afterwards
    monkeypatch.setattr(Runtime, "_instance", MagicMock())  # it keeps media, of which there is none
    mend_last_messages()


async def run_to_its_end(session: AppSession) -> None:
    while session._scriptrunner is not None:
        await asyncio.sleep(0.01)


def take_texts(session: AppSession) -> list[str]:
    """What the browser is sent: texts, and "end" where a run has ended."""
    sent = []
    for message in session._browser_queue.flush():
        if message.WhichOneof("type") == "script_finished":
            sent.append("end")
        elif text := message.delta.new_element.text.body:
            sent.append(text)
    return sent


def request(session: AppSession, fragment: str = "") -> ClientState:
    return ClientState(page_script_hash=session.page_script_hash, fragment_id=fragment)


def answer_and_tick(script: Path) -> list[str]:
    """What is sent of the fragment `answer` if `tick` is asked for before its messages are read."""
    with ThreadPoolExecutor(1) as pool:  # this thread may have an event loop already
        return pool.submit(asyncio.run, _answer_and_tick(script)).result()


async def _answer_and_tick(script: Path) -> list[str]:
    data = ScriptData(str(script), is_hello=False)
    session = AppSession(data, MagicMock(), ScriptCache(), None, {})
    session.request_rerun(request(session))
    await run_to_its_end(session)
    assert take_texts(session) == ["the answer", "a tick", "end"]
    answer, tick = session._fragment_storage._fragments
    session.request_rerun(request(session, answer))
    session._scriptrunner._script_thread.join()
    session.request_rerun(request(session, tick))
    await run_to_its_end(session)
    sent = take_texts(session)
    session.shutdown()
    return sent


@pytest.fixture
def script(tmp_path: Path) -> Path:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    return script


def test_what_a_fragment_drew_is_sent_though_another_follows_at_once(script: Path) -> None:
    assert answer_and_tick(script) == ["the answer", "end", "a tick", "end"]


def test_streamlit_still_has_the_fault(script: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where this fails, `dashboard.session.last_messages` has become needless."""
    monkeypatch.setattr(AppSession, "_create_scriptrunner", last_messages._create)
    monkeypatch.setattr(
        AppSession, "_handle_scriptrunner_event_on_event_loop", last_messages._handle
    )
    assert answer_and_tick(script) == ["a tick", "end"]
