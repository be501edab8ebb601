"""Any file of a run truncated, emptied or overwritten: readers answer, or raise a RunError."""

import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.analysis.network import load_network
from core.config import RunConfig
from core.runs import Run, RunError, RunStore
from core.status import State
from core.training import train

FILES = [
    "config.json",
    "control.json",
    "status.json",
    "history.csv",
    "test_probabilities.npy",
    "first_layer.npy",
    "weights.npy",
    "model.keras",
]
READERS: list[Callable[[Run], object]] = [
    lambda run: run.status,
    lambda run: run.control,
    lambda run: run.record,
    lambda run: run.history,
    lambda run: run.test_probabilities(1),
    lambda run: run.first_layer(1),
    lambda run: run.weights(),
    lambda run: run.network_epoch,
    load_network,
]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Run:
    store = RunStore(tmp_path_factory.mktemp("whole"))
    config = RunConfig(hidden=(8,), training_images=1_000, validation_share=0.05, epochs=2)
    run = store.create(config, state=State.RUNNING)
    train(run)
    run.ask(learning_rate=0.01)
    return run


def damage(content: bytes, how: str, place: float, rubbish: bytes) -> bytes:
    at = int(place * len(content))
    match how:
        case "truncated":
            return content[:at]
        case "emptied":
            return b""
        case "replaced":
            return rubbish
        case _:
            return content[:at] + rubbish + content[at + len(rubbish) :]


@settings(
    max_examples=300,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    name=st.sampled_from(FILES),
    how=st.sampled_from(["truncated", "emptied", "replaced", "overwritten"]),
    place=st.floats(0, 1, exclude_max=True),
    rubbish=st.binary(min_size=1, max_size=64),
)
def test_damaged_file_is_reported_or_read(
    whole: Run, tmp_path: Path, name: str, how: str, place: float, rubbish: bytes
) -> None:
    folder = tmp_path / whole.id
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(whole.path, folder)
    (folder / name).write_bytes(damage((folder / name).read_bytes(), how, place, rubbish))
    for read in READERS:
        with suppress(RunError):
            read(Run(folder))
    assert [run.id for run in RunStore(tmp_path).list()] == [whole.id]
