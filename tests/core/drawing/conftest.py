"""A network that reads digits."""

import pytest

from core.config import RunConfig, Schedule
from core.runs import Run, RunStore
from core.runs.status import State
from core.training import train


@pytest.fixture(scope="session")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """784-128-10, three epochs over MNIST: right 96 times in 100."""
    config = RunConfig(
        hidden=(128,), batch_size=256, learning_rate=5e-3, schedule=Schedule.COSINE, epochs=3
    )
    run = RunStore(tmp_path_factory.mktemp("reader")).create(config)
    assert train(run).state is State.FINISHED
    return run
