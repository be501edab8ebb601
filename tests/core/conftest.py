"""A run that was really trained, and networks written without training, to look into."""

from collections.abc import Callable

import keras
import pytest

from core.config import RunConfig
from core.network.build import build_model
from core.runs import Run, RunStore
from core.runs.status import State
from core.training import train


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """784-32-16-10, two epochs over 2,000 images: right nine times in ten or less."""
    config = RunConfig(
        hidden=(32, 16), training_images=2_000, validation_share=0.05, batch_size=64, epochs=2
    )
    run = RunStore(tmp_path_factory.mktemp("trained")).create(config)
    assert train(run).state is State.FINISHED
    return run


@pytest.fixture
def untrained(store: RunStore) -> Callable[..., Run]:
    """`untrained(change, **config)`: a run that ended with its first weights, after `change`."""

    def write(
        change: Callable[[keras.Model], object] = lambda model: None, **config: object
    ) -> Run:
        run = store.create(RunConfig.model_validate({"hidden": (16, 8)} | config))
        model = build_model(run.config)
        change(model)
        run.write_model(model.save)
        return run

    return write
