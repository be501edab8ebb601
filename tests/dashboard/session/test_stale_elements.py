"""What the browser is told of a fragment's run when another begins at once."""

import pytest
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime.forward_msg_queue import ForwardMsgQueue

from dashboard.session import stale_elements
from dashboard.session.stale_elements import mend_stale_elements

ENDED = ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY
BROKEN_OFF = ForwardMsg.FINISHED_EARLY_FOR_RERUN


@pytest.fixture
def queue() -> ForwardMsgQueue:
    """A fragment `map` has run: what it drew and that it came to its end are still to be sent."""
    queue = ForwardMsgQueue()
    drawn = ForwardMsg()
    drawn.metadata.delta_path.extend([0, 3, 0])
    drawn.delta.fragment_id = "map"
    drawn.delta.new_element.text.body = "another epoch"
    queue.enqueue(drawn)
    queue.enqueue(ForwardMsg(script_finished=ENDED))
    return queue


@pytest.fixture
def mended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ForwardMsgQueue, "clear", ForwardMsgQueue.clear)  # put back afterwards
    mend_stale_elements()


@pytest.mark.usefixtures("mended")
@pytest.mark.parametrize(
    ("next_fragments", "kinds", "end"),
    [
        (["follow"], ["delta", "script_finished"], ENDED),
        (["map"], ["script_finished"], BROKEN_OFF),
        (["follow", "map"], ["script_finished"], BROKEN_OFF),
        (None, ["script_finished"], BROKEN_OFF),
    ],
    ids=["another fragment", "the same", "both", "the whole page"],
)
def test_a_run_is_broken_off_only_if_what_it_drew_is_drawn_again(
    queue: ForwardMsgQueue, next_fragments: list[str] | None, kinds: list[str], end: int
) -> None:
    queue.clear(retain_lifecycle_msgs=True, fragment_ids_this_run=next_fragments)
    sent = queue.flush()
    assert [message.WhichOneof("type") for message in sent] == kinds
    assert sent[-1].script_finished == end
    assert queue.is_empty()


def test_streamlit_still_has_the_fault(
    queue: ForwardMsgQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where this fails, `dashboard.session.stale_elements` has become needless."""
    monkeypatch.setattr(ForwardMsgQueue, "clear", stale_elements._clear)
    queue.clear(retain_lifecycle_msgs=True, fragment_ids_this_run=["follow"])
    assert queue.flush()[-1].script_finished == BROKEN_OFF
