"""Fixtures that several tests share: a runs folder, a small configuration, waiting."""

import gc
import os
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # before TensorFlow greets
os.environ["DIGITLAB_NICENESS"] = "0"  # a worker that gives way comes to nothing on a busy machine

import pytest
from hypothesis import HealthCheck, settings

from core.config import RunConfig
from core.runs import RunStore

# How long an example takes says how busy the machine is, not whether the code is right. The same
# examples each time: an example found by luck would fail whoever comes by.
settings.register_profile(
    "steady", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("steady")

_WAIT_SECONDS = 30.0


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Have the browser's files begin first: they are the longest, and two processes end at about
    the same time where the last ones are short.
    """
    items.sort(key=lambda item: "e2e" not in item.path.parts)


def pytest_collection_finish() -> None:
    """Have the garbage collector leave alone what was imported: TensorFlow's objects alone take it
    0.26 s, after each training.
    """
    gc.collect()
    gc.freeze()


@pytest.fixture
def store(tmp_path: Path) -> RunStore:
    return RunStore(tmp_path / "runs")


@pytest.fixture(scope="session")
def small() -> Callable[..., RunConfig]:
    """`small(**changes)`: a configuration that trains within seconds."""
    return partial(RunConfig, hidden=(16,), training_images=1_000, validation_share=0.05, epochs=3)


@pytest.fixture(scope="session")
def wait_until() -> Callable[..., None]:
    """`wait_until(condition, "the run to end")`: poll until it is true, or fail after 30 s.

    Another deadline is for what only a machine's speed decides: a worker that reads TensorFlow in.
    """

    def wait(condition: Callable[[], object], what: str, deadline: float = _WAIT_SECONDS) -> None:
        end = time.monotonic() + deadline
        while not condition():
            if time.monotonic() > end:
                pytest.fail(f"waited {deadline:.0f} s for {what}")
            time.sleep(0.02)

    return wait
