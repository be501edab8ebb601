"""Any file of a run truncated, emptied or overwritten: readers answer, or raise a RunError."""

import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.config import RunConfig
from core.data import load_mnist
from core.maps.job import compute_and_keep_map
from core.maps.request import MapMethod, MapRequest
from core.maps.store import StoredMap
from core.network.build import build_model
from core.network.checkpoint import Progress, pack_checkpoint
from core.network.load import load_network, load_parent_network
from core.runs import HISTORY_COLUMNS, Run, RunStore
from core.runs.errors import RunError
from core.runs.origin import Drawings, Origin, read_drawings
from core.runs.status import State
from core.runs.summary import summarize
from core.runs.table import run_table
from core.training import train

MAP = MapRequest(layer="hidden_1", points=100, method=MapMethod.PCA)

FILES = [
    "config.json",
    "label.json",
    "control.json",
    "status.json",
    "history.csv",
    "test_probabilities.npy",
    "first_layer.npy",
    "weights.npy",
    "checkpoint.npz",
    "model.keras",
    "parent.keras",
    "drawings.npz",
    f"maps/{MAP.key}.json",
    f"maps/{MAP.key}.npz",
]
READERS: list[Callable[[Run], object]] = [
    lambda run: run.status,
    lambda run: run.control,
    lambda run: run.record,
    lambda run: run.label,
    lambda run: run.history,
    lambda run: run.history_columns(*HISTORY_COLUMNS),
    lambda run: run.test_probabilities(1),
    lambda run: run.first_layer(1),
    lambda run: run.weights(),
    lambda run: run.network_epoch,
    lambda run: run.version,
    lambda run: run.read_checkpoint(),
    lambda run: StoredMap(run, MAP).status,
    lambda run: StoredMap(run, MAP).read_points(),
    load_network,
    load_parent_network,
    read_drawings,
]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Run:
    store = RunStore(tmp_path_factory.mktemp("whole"))
    config = RunConfig(hidden=(8,), training_images=1_000, validation_share=0.05, epochs=2)
    parent = store.create(config, state=State.RUNNING)
    train(parent)
    images, labels = load_mnist().x_test[:20], load_mnist().y_test[:20]
    origin = Origin(parent, Drawings(images, labels, "Ada", 0.25))
    run = store.create(config, state=State.RUNNING, origin=origin)
    train(run)
    run.request(learning_rate=0.01)
    run.update_label(name="of many files", note="…", pinned=True)
    run.write_checkpoint(pack_checkpoint(build_model(config), Progress(2, 1e-3)))
    assert StoredMap(run, MAP).request()
    compute_and_keep_map(run, MAP)
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
    if name == "checkpoint.npz":  # which is looked at where there is no model
        (folder / "model.keras").unlink()
        with suppress(RunError):
            load_network(Run(folder))
    (listed,) = RunStore(tmp_path).list()
    assert listed.id == whole.id
    assert run_table([summarize(listed)]).index.tolist() == [whole.id]
