"""Mends two faults of Streamlit 1.67 in how it goes from one page to another.

A timer of the page that is left may ask for a fragment while the next page is asked for or drawn.
If that is not yet begun, Streamlit makes one request of the two, for the page that was left: the
press that chose the next one is lost. If it is being drawn, the fragment's request waits, and then
runs with the name of the page that was left: the browser takes it for another page and clears what
it shows, and nothing draws it again.
"""

from streamlit.runtime.scriptrunner import RerunData, ScriptRunner
from streamlit.runtime.scriptrunner_utils.script_requests import ScriptRequests, ScriptRequestType

_run_script = ScriptRunner._run_script
_request = ScriptRequests._request_rerun_locked


def mend_left_pages() -> None:
    """Have requests for a fragment passed over whose page is left."""
    ScriptRunner._run_script = _run_unless_left  # type: ignore[method-assign, assignment]
    ScriptRequests._request_rerun_locked = _request_unless_left  # type: ignore[method-assign, assignment]


def _run_unless_left(runner: ScriptRunner, request: RerunData) -> None:
    """As Streamlit's; nothing for a fragment of another page than the session's last run drew."""
    drawn = runner._pages_manager.current_page_script_hash
    if request.fragment_id_queue and request.page_script_hash != drawn:
        return
    _run_script(runner, request)


def _request_unless_left(requests: ScriptRequests, request: RerunData) -> bool:
    """As Streamlit's; nothing for a fragment where another page is asked for and not yet begun."""
    waiting = requests._rerun_data
    if (
        requests._state is ScriptRequestType.RERUN
        and request.fragment_id
        and not waiting.fragment_id_queue
        and waiting.page_script_hash != request.page_script_hash
    ):
        return True
    return _request(requests, request)
