"""Mends a fault of Streamlit 1.67: what a fragment drew may never reach the browser.

A script thread that has no more to run ends, and its last messages wait for the session's event
loop. Where a request for another fragment comes first, by its timer say, the session begins another
thread, and throws away what it is then told by the one that has ended: a click is answered by
nothing, until the fragment happens to run again.
"""

from typing import Any
from weakref import WeakSet

from streamlit.runtime.app_session import AppSession
from streamlit.runtime.scriptrunner import RerunData, ScriptRunner, ScriptRunnerEvent

_create = AppSession._create_scriptrunner
_handle = AppSession._handle_scriptrunner_event_on_event_loop
_ended: WeakSet[ScriptRunner] = WeakSet()
"""Runners that another has followed once they had run all that was asked of them."""


def mend_last_messages() -> None:
    """Have sessions listen to a runner that has ended until it has said all."""
    AppSession._create_scriptrunner = _create_and_remember  # type: ignore[method-assign, assignment]
    AppSession._handle_scriptrunner_event_on_event_loop = _handle_of_ended  # type: ignore[method-assign, assignment]


def _create_and_remember(session: AppSession, request: RerunData) -> None:
    """As Streamlit's. A runner that the session has stopped is no longer its own by now."""
    before = session._scriptrunner
    _create(session, request)
    if before is not None and not before._execing:
        _ended.add(before)


def _handle_of_ended(
    session: AppSession, sender: ScriptRunner | None, event: ScriptRunnerEvent, *args: Any
) -> None:
    """As Streamlit's, also if `sender` has ended; that its thread is gone no longer matters."""
    if sender not in _ended or event == ScriptRunnerEvent.SHUTDOWN:
        _handle(session, sender, event, *args)
        return
    current, session._scriptrunner = session._scriptrunner, sender
    try:
        _handle(session, sender, event, *args)
    finally:
        session._scriptrunner = current
