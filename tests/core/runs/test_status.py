import time

import pytest

from core.runs.status import State, Status

ACTIVE = {State.QUEUED, State.RUNNING, State.PAUSED, State.STOPPING}


def test_active_states() -> None:
    assert {state for state in State if state.is_active} == ACTIVE


@pytest.mark.parametrize("state", State)
def test_silent_is_a_working_run_without_a_recent_heartbeat(state: State) -> None:
    now = time.time()
    assert not Status(state=state, heartbeat=now).is_silent
    working = state in ACTIVE - {State.QUEUED, State.PAUSED}
    assert Status(state=state, heartbeat=now - 60).is_silent is working
    assert Status(state=state, heartbeat=now + 60).is_silent is working


def test_heartbeat_is_the_time_of_writing() -> None:
    before = time.time()
    assert before <= Status(state=State.RUNNING).heartbeat <= time.time()
