"""The Layers page in a browser: a run that trains is followed, and another one picked."""

import re

from playwright.sync_api import Page, expect

from core.config import RunConfig
from core.runs import Run
from core.runs.status import Request, State
from tests.e2e.controls import pick
from tests.e2e.server import WAKE, Server, wait_for


def test_a_run_that_trains_is_watched_and_another_one_picked(
    page: Page, server: Server, trained: Run
) -> None:
    """And the server, which has asked a worker for networks, has not loaded TensorFlow itself."""
    run = server.runs.create(RunConfig(hidden=(64,), epochs=200), name="still training")
    wait_for(lambda: len(run.history) >= 1, "the worker to wake and end an epoch", deadline=WAKE)
    run.request(Request.PAUSE)
    wait_for(lambda: run.status.state is State.PAUSED, "the pause")
    first = len(run.history)
    page.goto(f"{server.url}/layers?run={run.id}&layers_view=One+digit&layers_digit=947")
    expect(
        page.get_by_text(f"What the network takes it for after epoch {first}", exact=True)
    ).to_be_visible()
    run.request(Request.RUN)
    wait_for(lambda: len(run.history) > first, "another epoch", deadline=WAKE)
    run.request(Request.STOP)
    wait_for(lambda: run.status.state is State.STOPPED, "the run to stop")
    last = run.network_epoch
    expect(
        page.get_by_text(f"What the network takes it for after epoch {last}", exact=True)
    ).to_be_visible()
    answer = run.test_probabilities(last)[947].argmax()
    expect(page.get_by_text(f"No. 947: true label 8, predicted {answer}")).to_be_visible()

    pick(page, "Run", "a trained run")
    expect(
        page.get_by_text("What the network takes it for after epoch 3", exact=True)
    ).to_be_visible()
    expect(page).to_have_url(re.compile(f"run={trained.id}"))
    with open(f"/proc/{server.process.pid}/maps") as loaded:
        assert "tensorflow" not in loaded.read()
