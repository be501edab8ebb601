import platform

import pytest

from core.config import RunConfig
from core.runs import RunStore
from core.runs.estimate import epoch_seconds, machine_factor
from core.runs.status import State, Status


def trained(store: RunStore, config: RunConfig, factor: float, host: str) -> None:
    run = store.create(config)
    seconds = factor * epoch_seconds(config)
    run.write_status(Status(state=State.FINISHED, seconds_per_epoch=seconds, host=host))


def test_the_median_of_this_machines_runs(tmp_path) -> None:
    store = RunStore(tmp_path)
    for factor, hidden in ((0.5, (16,)), (2.0, (512, 256)), (3.0, ())):
        trained(store, RunConfig(hidden=hidden), factor, platform.node())
    trained(store, RunConfig(), 100.0, "another machine")
    (store.create(RunConfig()).path / "status.json").write_text("rubbish")
    assert machine_factor(store.list()) == pytest.approx(2.0)


def test_nothing_is_known_before_the_first_run(tmp_path) -> None:
    assert machine_factor(RunStore(tmp_path).list()) is None


def test_twice_the_parameters_and_half_the_batch_take_longer() -> None:
    base = epoch_seconds(RunConfig(hidden=(512,)))
    assert epoch_seconds(RunConfig(hidden=(1024,))) > 1.5 * base
    assert epoch_seconds(RunConfig(hidden=(512,), batch_size=64)) > base
    assert epoch_seconds(RunConfig(hidden=(512,), training_images=1000)) < base
