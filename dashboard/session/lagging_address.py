"""Mends a fault of Streamlit 1.67: a choice is lost that the browser's address does not hold yet.

Each request of a browser carries its address, and Streamlit takes that for what the visitor wants.
A timer or a component may ask before the browser has been told of what a press has just chosen: the
address that it still has takes the choice back, and another run is shown than the one begun.
"""

from threading import Lock
from urllib.parse import parse_qs
from weakref import WeakValueDictionary

from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.runtime.app_session import AppSession
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.state.query_params import sanitize_query_string

_request_rerun = AppSession.request_rerun
_lock = Lock()
_sessions: WeakValueDictionary[str, AppSession] = WeakValueDictionary()
"""Those that a browser has asked something."""


def mend_lagging_address() -> None:
    """Have sessions listen to which address their browser has."""
    AppSession.request_rerun = _listen  # type: ignore[method-assign, assignment]


def note_replaced(name: str, before: str, now: str | None) -> None:
    """Remember that this session's address had `before` where it now has `now`."""
    with _lock:
        replaced = _replaced()
        replaced[name] = (replaced.get(name, set()) | {before}) - {now}


def is_lagging(name: str, value: str) -> bool:
    """Whether the value was replaced, and the browser does not know as yet."""
    with _lock:
        return value in _replaced().get(name, ())


def _replaced() -> dict[str, set[str | None]]:
    """By parameter, what this session's browser may still have though it was replaced."""
    context = get_script_run_ctx()
    return _replaced_in(_sessions.get(context.session_id) if context else None)


def _replaced_in(session: AppSession | None) -> dict[str, set[str | None]]:
    replaced: dict[str, set[str | None]] = {}
    return replaced if session is None else session.__dict__.setdefault("_replaced", replaced)


def _listen(session: AppSession, state: ClientState | None) -> None:
    """As Streamlit's. A browser that has what was chosen, or goes elsewhere, lags no more."""
    with _lock:
        _sessions[session.id] = session
        if state is not None and (replaced := _replaced_in(session)):
            theirs = parse_qs(sanitize_query_string(state.query_string))
            is_elsewhere = state.is_history_navigation or (
                not state.fragment_id and state.page_script_hash != session.page_script_hash
            )
            for name, olds in list(replaced.items()):
                if is_elsewhere or theirs.get(name, [None])[-1] not in olds:
                    del replaced[name]
    _request_rerun(session, state)
