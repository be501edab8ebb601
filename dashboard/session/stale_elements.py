"""Mends a fault of Streamlit 1.67: what a fragment no longer draws stays on the page.

The browser takes such elements away when it is told that the fragment's run has come to its end.
Where another fragment begins to run before that message is sent, by its timer say, Streamlit's
queue makes it say that the run was broken off: an old chart then stays beside the new one, and
images that were let go of, until the fragment happens to run again.
"""

from streamlit.runtime.forward_msg_queue import ForwardMsgQueue

_clear = ForwardMsgQueue.clear


def mend_stale_elements() -> None:
    """Have browsers told that a run came to its end, whatever runs next in the session."""
    ForwardMsgQueue.clear = _clear_and_keep_ends  # type: ignore[method-assign, assignment]


def _clear_and_keep_ends(
    queue: ForwardMsgQueue,
    retain_lifecycle_msgs: bool = False,
    fragment_ids_this_run: list[str] | None = None,
) -> None:
    """As `clear`, but if nothing was removed, keep what the messages say of the run's end."""
    before = list(queue._queue)
    ends = [
        (message, message.script_finished)
        for message in before
        if message.WhichOneof("type") == "script_finished"
    ]
    _clear(queue, retain_lifecycle_msgs, fragment_ids_this_run)
    if len(queue._queue) == len(before):
        for message, status in ends:
            message.script_finished = status
