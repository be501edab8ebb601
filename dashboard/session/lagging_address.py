"""Mends a fault of Streamlit 1.67: a choice is lost that the browser's address does not hold yet.

Each request of a browser carries its address, and Streamlit takes that for what the visitor wants.
A timer or a component may ask before the browser has been told of what a press has just chosen: the
address that it still has takes the choice back, and another run is shown than the one begun.
"""

from dataclasses import replace
from urllib.parse import parse_qs, urlencode
from weakref import WeakValueDictionary

from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.runtime.app_session import AppSession
from streamlit.runtime.scriptrunner import RerunData, ScriptRunner, get_script_run_ctx

_Replaced = dict[str, tuple[str | None, set[str | None]]]
"""By parameter: its value now, and those that it had before and the browser may still have."""

_sessions: WeakValueDictionary[str, AppSession] = WeakValueDictionary()


def mend_lagging_address() -> None:
    """Have a choice outlive requests of a browser that has not heard of it."""
    request_rerun, run_script = AppSession.request_rerun, ScriptRunner._run_script

    def listen(session: AppSession, state: ClientState | None) -> None:
        _listen(session, state)
        request_rerun(session, state)

    def run_with_choice(runner: ScriptRunner, request: RerunData) -> None:
        run_script(runner, _with_choice(runner._session_id, request))

    AppSession.request_rerun = listen  # type: ignore[method-assign, assignment]
    ScriptRunner._run_script = run_with_choice  # type: ignore[method-assign, assignment]


def note_choice(name: str, before: str | None, now: str | None) -> None:
    """Remember that the parameter `name` of this session's address had another value before."""
    context = get_script_run_ctx()
    if context and context.session_id in _sessions:
        replaced = _replaced_in(_sessions[context.session_id])
        _, olds = replaced.get(name, (None, set()))
        replaced[name] = now, (olds | {before}) - {now}


def _replaced_in(session: AppSession) -> _Replaced:
    replaced: _Replaced = session.__dict__.setdefault("_digit_lab_replaced", {})
    return replaced


def _listen(session: AppSession, state: ClientState | None) -> None:
    """A browser that has what was chosen, or goes elsewhere, lags no more."""
    _sessions[session.id] = session
    if state is not None:
        replaced = _replaced_in(session)
        theirs = parse_qs(state.query_string)
        for name, (_, olds) in list(replaced.items()):
            if state.is_history_navigation or theirs.get(name, [None])[-1] not in olds:
                replaced.pop(name, None)


def _with_choice(session_id: str, request: RerunData) -> RerunData:
    """The request with what was chosen in place of what that replaced."""
    session = _sessions.get(session_id)
    if session is None or not (replaced := _replaced_in(session)):
        return request
    address = parse_qs(request.query_string, keep_blank_values=True)
    for name, (now, olds) in list(replaced.items()):
        if address.get(name, [None])[-1] in olds:
            address.pop(name, None)
            if now is not None:
                address[name] = [now]
    return replace(request, query_string=urlencode(address, doseq=True))
