"""Maps that a run keeps: asked for once, written whole, seen by whoever looks."""

import time

import numpy as np
import pandas as pd
import pytest

from core.config import RunConfig
from core.maps.request import MapRequest, MapStatus
from core.maps.store import StoredMap
from core.runs import Run, RunStore
from core.runs.errors import DamagedRunError, RunBusyError, RunNotFoundError
from core.runs.status import State, Status

REQUEST = MapRequest(layer="hidden_2")
TEST = MapRequest(layer="hidden_2", split="test")


@pytest.fixture
def run(store: RunStore) -> Run:
    run = store.create(RunConfig())
    run.write_history([])
    run.write_model(lambda path: path.write_bytes(b"model"))
    run.write_status(Status(state=State.FINISHED, epoch=7, final_epoch=5))
    return run


@pytest.fixture
def stored(run: Run) -> StoredMap:
    return StoredMap(run, REQUEST)


def points(seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "index": np.arange(100),
            "true": rng.integers(0, 10, 100).astype(np.uint8),
            "predicted": rng.integers(0, 10, 100),
            "confidence": rng.random(100, np.float32),
            "x": rng.random(100, np.float32),
            "y": rng.random(100, np.float32),
        }
    )


def test_a_map_that_nobody_asked_for(stored: StoredMap) -> None:
    assert stored.status is None
    with pytest.raises(DamagedRunError, match=REQUEST.key):
        stored.read_points()


def test_points_and_status_read_back(run: Run, stored: StoredMap) -> None:
    status = MapStatus(state=State.RUNNING, epoch=5, iteration=25, map_agreement=0.5)
    stored.write_status(status)
    stored.write_points(points(0))
    assert stored.status == status
    pd.testing.assert_frame_equal(stored.read_points(), points(0))
    stored.write_points(points(1))
    pd.testing.assert_frame_equal(stored.read_points(), points(1))
    assert sorted(file.suffix for file in (run.path / "maps").iterdir()) == [".json", ".npz"]


def test_two_who_ask_start_one_job(run: Run, stored: StoredMap) -> None:
    assert stored.request()
    assert stored.status.state is State.QUEUED
    assert not stored.request()
    stored.write_status(MapStatus(state=State.RUNNING))
    assert not stored.request()
    assert StoredMap(run, TEST).request()


@pytest.mark.parametrize(
    ("state", "epoch", "wanted"),
    [
        (State.FINISHED, 5, False),
        (State.FINISHED, 4, True),  # of the network as it was
        (State.STOPPED, 5, True),
        (State.FAILED, 0, True),
    ],
)
def test_a_map_is_made_again_unless_it_is_whole_and_of_the_network_as_it_stands(
    stored: StoredMap, state: State, epoch: int, wanted: bool
) -> None:
    stored.write_status(MapStatus(state=state, epoch=epoch))
    assert stored.request() is wanted


@pytest.mark.parametrize("state", [State.QUEUED, State.RUNNING])
def test_a_map_whose_worker_died_can_be_asked_for_again(stored: StoredMap, state: State) -> None:
    stored.write_status(MapStatus(state=state, heartbeat=time.time() - 60))
    assert stored.status.is_silent
    assert stored.request()
    assert not stored.status.is_silent


def test_a_finished_map_is_never_silent() -> None:
    assert not MapStatus(state=State.FINISHED, heartbeat=0).is_silent


def test_stop_is_asked_for_until_the_map_is_asked_for_again(stored: StoredMap) -> None:
    stored.request()
    assert not stored.is_stop_requested
    stored.request_stop()
    assert stored.is_stop_requested
    stored.write_status(MapStatus(state=State.STOPPED, epoch=5, iteration=50))
    stored.request()
    assert not stored.is_stop_requested


def test_a_map_knows_who_asked_for_it_last(stored: StoredMap) -> None:
    assert stored.request("Ada")
    assert not stored.request("Bert")
    assert stored.status.owner == "Ada"
    stored.write_status(MapStatus(state=State.STOPPED, owner="Ada"))
    assert stored.request("Bert")
    assert stored.status.owner == "Bert"


def test_one_job_at_a_time_computes_a_map(run: Run, stored: StoredMap) -> None:
    with stored.lock():
        with pytest.raises(RunBusyError, match=REQUEST.key), stored.lock():
            pass
        with StoredMap(run, TEST).lock():
            pass
    with stored.lock():
        pass


@pytest.mark.parametrize("name", ["json", "npz"])
def test_a_damaged_file_is_no_map(run: Run, stored: StoredMap, name: str) -> None:
    stored.write_status(MapStatus(state=State.FINISHED, epoch=5))
    stored.write_points(points(0))
    (run.path / "maps" / f"{REQUEST.key}.{name}").write_bytes(b"rubbish")
    if name == "json":
        assert stored.status is None
        assert stored.request()
    else:
        with pytest.raises(DamagedRunError, match=REQUEST.key):
            stored.read_points()


def test_a_deleted_run_keeps_no_map(store: RunStore, run: Run, stored: StoredMap) -> None:
    store.delete(run.id)
    with pytest.raises(RunNotFoundError, match=run.id):
        stored.write_status(MapStatus(state=State.RUNNING))
    with pytest.raises(RunNotFoundError, match=run.id):
        stored.request()
    assert not run.path.exists()


def test_the_networks_epoch_is_the_one_kept(store: RunStore, run: Run) -> None:
    assert run.network_epoch == 5
    assert store.create(RunConfig()).network_epoch == 0
