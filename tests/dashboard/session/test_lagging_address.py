"""What becomes of a choice if the browser asks before it has heard of it, or shows it."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple
from unittest.mock import MagicMock

import pytest
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.Element_pb2 import Element
from streamlit.proto.WidgetStates_pb2 import WidgetState, WidgetStates
from streamlit.runtime import Runtime
from streamlit.runtime.app_session import AppSession
from streamlit.runtime.script_data import ScriptData
from streamlit.runtime.scriptrunner.script_cache import ScriptCache

from dashboard.session import lagging_address
from dashboard.session.lagging_address import mend_lagging_address

SCRIPT = """
import streamlit as st

from dashboard.session.linked import RUN, find_member, pick_member
from tests.dashboard.session.test_lagging_address import Member, Store

st.button("begin", on_click=RUN.choose, args=("new",))
st.button("forget", on_click=RUN.choose, args=(None,))
runs = [Member(name) for name in ("old", "new", "other")]
label = lambda members: {one.id: one.id for one in members}
pick_member(RUN, Store(), find_member(RUN, Store()), runs, label, "Run", "", placeholder="None")
st.text(st.query_params.get("run"))

@st.fragment
def tick():
    st.text(RUN.read())

tick()
"""
FOLLOWING = """
import streamlit as st

from dashboard.session import linked

epochs = int(st.query_params["epochs"])
epoch = linked.chosen_epoch(epochs) or epochs
key = linked.show_epoch(epoch)
change = {"on_change": linked.choose_picked_epoch, "args": (key, epoch, epochs)}
st.slider("After epoch", 1, epochs, key=key, **change)
st.text(f"{epoch} of {epochs}")
st.fragment(lambda: None)()
"""
TICK = "a tick"


class Member(NamedTuple):
    id: str


class Store:
    """Has whatever is asked for."""

    def get(self, member_id: str) -> Member:
        return Member(member_id)


class Browser:
    """Asks a session as a browser does that has drawn nothing anew yet: with the address that it
    has, whatever it has been told, and what the first control shows.
    """

    def __init__(self, session: AppSession) -> None:
        self.session = session
        self.buttons: dict[str, str] = {}
        self.controls: list[WidgetState] = []

    async def ask(
        self, address: str, act: str | int | None = None, *, back: bool = False
    ) -> list[str]:
        """The texts that are sent after a press of the button `act`, a tick, or a slider's move."""
        state = ClientState(query_string=address, is_history_navigation=back)
        state.page_script_hash = self.session.page_script_hash
        if act == TICK:
            (state.fragment_id,) = self.session._fragment_storage._fragments
        states = self.controls.copy()
        if isinstance(act, int):
            states[0].double_array_value.data[:] = [act]
        elif act and act != TICK:
            states.append(WidgetState(id=self.buttons[act], trigger_value=True))
        state.widget_states.CopyFrom(WidgetStates(widgets=states))
        self.session.request_rerun(state)
        while self.session._scriptrunner is not None:
            await asyncio.sleep(0.005)
        deltas = [message.delta.new_element for message in self.session._browser_queue.flush()]
        self.buttons |= {one.button.label: one.button.id for one in deltas if one.button.id}
        self.controls = self.controls or [_say(one) for one in deltas if _is_control(one)]
        return [one.text.body for one in deltas if one.HasField("text")]


def _is_control(element: Element) -> bool:
    return bool(element.selectbox.id or element.slider.id)


def _say(element: Element) -> WidgetState:
    """What a browser says of a control that nobody has touched."""
    if element.selectbox.id:
        return WidgetState(id=element.selectbox.id, string_value=element.selectbox.raw_value)
    state = WidgetState(id=element.slider.id)
    state.double_array_value.data.extend(element.slider.value)
    return state


@pytest.fixture
def session(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> ScriptData:
    """An app: `SCRIPT`, or the script that is the fixture's parameter."""
    # Streamlit's own, whether or not the dashboard was imported before; put back after the test.
    monkeypatch.setattr(AppSession, "request_rerun", lagging_address._request_rerun)
    monkeypatch.setattr(Runtime, "_instance", MagicMock())  # it keeps media, of which there is none
    script = tmp_path / "script.py"
    script.write_text(getattr(request, "param", SCRIPT))
    return ScriptData(str(script), is_hello=False)


def shown(session: ScriptData, *asked: tuple[str, str | int | None] | tuple[str, str | None, bool]):
    """What is shown after each request of one browser."""

    async def ask_all() -> list[set[str]]:
        browser = Browser(AppSession(session, MagicMock(), ScriptCache(), None, {}))
        answers = []
        for address, act, *back in asked:
            answers.append(set(await browser.ask(address, act, back=bool(back))))
        browser.session.shutdown()
        return answers

    with ThreadPoolExecutor(1) as pool:  # this thread may have an event loop already
        return pool.submit(asyncio.run, ask_all()).result()


BEGUN = (("run=old&x=1", None), ("run=old&x=1", "begin"))


@pytest.mark.parametrize("act", [TICK, None])
def test_a_choice_outlives_a_control_that_lags(session: ScriptData, act: str | None) -> None:
    mend_lagging_address()
    assert shown(session, *BEGUN, ("run=new&x=1", act), ("run=new&x=1", act))[2:] == [{"new"}] * 2


@pytest.mark.parametrize("act", [TICK, None])
def test_a_choice_outlives_an_address_that_lags(session: ScriptData, act: str | None) -> None:
    mend_lagging_address()
    assert shown(session, *BEGUN, ("run=old&x=1", act), ("x=2&run=old", act)) == [
        {"old"},
        {"new"},
        {"new"},
        {"new"},
    ]


def test_streamlit_still_loses_it(session: ScriptData) -> None:
    """Where this fails, `dashboard.session.lagging_address` has become needless."""
    assert shown(session, *BEGUN, ("run=old&x=1", TICK))[-1] == {"old"}


def test_a_choice_that_is_taken_back_stays_so(session: ScriptData) -> None:
    mend_lagging_address()
    forgotten = ("run=old", "forget")
    assert shown(session, ("run=old", None), forgotten, ("run=old", TICK))[-1] == {"None"}


def test_who_has_heard_of_it_may_go_back(session: ScriptData) -> None:
    mend_lagging_address()
    assert shown(session, *BEGUN, ("run=new", TICK), ("run=old", None))[-1] == {"old"}


def test_the_browsers_back_button_is_no_lag(session: ScriptData) -> None:
    mend_lagging_address()
    assert shown(session, *BEGUN, ("run=old&x=1", None, True))[-1] == {"old"}


def test_a_third_run_in_the_address_is_shown(session: ScriptData) -> None:
    mend_lagging_address()
    assert shown(session, *BEGUN, ("run=other", None))[-1] == {"other"}


@pytest.mark.parametrize("session", [FOLLOWING], indirect=True)
@pytest.mark.parametrize("act", [TICK, None])
def test_the_latest_epoch_is_followed_though_the_slider_lags(
    session: ScriptData, act: str | None
) -> None:
    mend_lagging_address()
    said = shown(
        session, ("epochs=3", None), ("epochs=4", None), ("epochs=4", act), ("epochs=5", 3)
    )
    assert (said[0], said[-1]) == ({"3 of 3"}, {"5 of 5"})


@pytest.mark.parametrize("session", [FOLLOWING], indirect=True)
def test_a_slider_that_is_moved_as_the_next_epoch_comes_is_obeyed(session: ScriptData) -> None:
    mend_lagging_address()
    assert shown(session, ("epochs=3", None), ("epochs=4", None), ("epochs=4", 2))[-1] == {"2 of 4"}
