"""What a worker does with what it is given, called as the worker calls it."""

import os
from collections.abc import Callable

import psutil
import pytest

from core.config import RunConfig
from core.engine.worker import train_run, warm_up_worker
from core.runs import RunStore
from core.runs.status import State

Small = Callable[..., RunConfig]


def test_a_run_is_trained_to_its_end(store: RunStore, small: Small) -> None:
    run = store.create(small(epochs=1))
    status = train_run(store.root, run.id, 0.0)
    assert status is not None
    assert status.state is State.FINISHED
    assert run.status == status


def test_a_run_that_another_process_trains_is_left_to_it(store: RunStore, small: Small) -> None:
    """Two servers on one folder may both give it to their workers."""
    run = store.create(small())
    with run.training_lock():
        assert train_run(store.root, run.id, 0.0) is None
    assert run.status.state is State.QUEUED


def test_a_worker_gives_way_and_has_its_first_network_ready(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """All its threads, TensorFlow's among them; here the niceness that they have anyway."""
    set_: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "setpriority", lambda _, who, niceness: set_.append((who, niceness)))
    threads = {thread.id for thread in psutil.Process().threads()}
    warm_up_worker(7)
    threads |= {thread.id for thread in psutil.Process().threads()}
    assert {niceness for _, niceness in set_} == {7}
    assert {0, os.getpid()} <= {who for who, _ in set_} <= {0} | threads
