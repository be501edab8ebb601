"""Maps that a run keeps: asked for once, written whole, seen by whoever looks."""

import time

import numpy as np
import pandas as pd
import pytest

from core.config import RunConfig
from core.maps.request import MapStatus
from core.runs import Run, RunStore
from core.runs.errors import DamagedRunError, RunBusyError, RunNotFoundError
from core.runs.status import State, Status

KEY = "tsne-hidden_2-train-1000-20-30-0"


@pytest.fixture
def run(store: RunStore) -> Run:
    run = store.create(RunConfig())
    run.write_history([])
    run.write_model(lambda path: path.write_bytes(b"model"))
    run.write_status(Status(state=State.FINISHED, epoch=7, final_epoch=5))
    return run


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


def test_a_map_that_nobody_asked_for(run: Run) -> None:
    assert run.map_status(KEY) is None
    with pytest.raises(DamagedRunError, match=KEY):
        run.map_points(KEY)


def test_points_and_status_read_back(run: Run) -> None:
    status = MapStatus(state=State.RUNNING, epoch=5, iteration=25, map_agreement=0.5)
    run.write_map_status(KEY, status)
    run.write_map_points(KEY, points(0))
    assert run.map_status(KEY) == status
    pd.testing.assert_frame_equal(run.map_points(KEY), points(0))
    run.write_map_points(KEY, points(1))
    pd.testing.assert_frame_equal(run.map_points(KEY), points(1))
    assert sorted(file.suffix for file in (run.path / "maps").iterdir()) == [".json", ".npz"]


def test_two_who_ask_start_one_job(run: Run) -> None:
    assert run.ask_map(KEY)
    assert run.map_status(KEY).state is State.QUEUED
    assert not run.ask_map(KEY)
    run.write_map_status(KEY, MapStatus(state=State.RUNNING))
    assert not run.ask_map(KEY)
    assert run.ask_map(KEY.replace("train", "test"))


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
    run: Run, state: State, epoch: int, wanted: bool
) -> None:
    run.write_map_status(KEY, MapStatus(state=state, epoch=epoch))
    assert run.ask_map(KEY) is wanted


@pytest.mark.parametrize("state", [State.QUEUED, State.RUNNING])
def test_a_map_whose_worker_died_can_be_asked_for_again(run: Run, state: State) -> None:
    run.write_map_status(KEY, MapStatus(state=state, heartbeat=time.time() - 60))
    assert run.map_status(KEY).is_silent
    assert run.ask_map(KEY)
    assert not run.map_status(KEY).is_silent


def test_a_finished_map_is_never_silent() -> None:
    assert not MapStatus(state=State.FINISHED, heartbeat=0).is_silent


def test_stop_is_asked_for_until_the_map_is_asked_for_again(run: Run) -> None:
    run.ask_map(KEY)
    assert not run.is_map_to_stop(KEY)
    run.ask_map_to_stop(KEY)
    assert run.is_map_to_stop(KEY)
    run.write_map_status(KEY, MapStatus(state=State.STOPPED, epoch=5, iteration=50))
    run.ask_map(KEY)
    assert not run.is_map_to_stop(KEY)


def test_a_map_knows_who_asked_for_it_last(run: Run) -> None:
    assert run.ask_map(KEY, "Ada")
    assert not run.ask_map(KEY, "Bert")
    assert run.map_status(KEY).owner == "Ada"
    run.write_map_status(KEY, MapStatus(state=State.STOPPED, owner="Ada"))
    assert run.ask_map(KEY, "Bert")
    assert run.map_status(KEY).owner == "Bert"


def test_one_job_at_a_time_computes_a_map(run: Run) -> None:
    with run.map_lock(KEY):
        with pytest.raises(RunBusyError, match=KEY), run.map_lock(KEY):
            pass
        with run.map_lock(KEY.replace("train", "test")):
            pass
    with run.map_lock(KEY):
        pass


@pytest.mark.parametrize("name", ["json", "npz"])
def test_a_damaged_file_is_no_map(run: Run, name: str) -> None:
    run.write_map_status(KEY, MapStatus(state=State.FINISHED, epoch=5))
    run.write_map_points(KEY, points(0))
    (run.path / "maps" / f"{KEY}.{name}").write_bytes(b"rubbish")
    if name == "json":
        assert run.map_status(KEY) is None
        assert run.ask_map(KEY)
    else:
        with pytest.raises(DamagedRunError, match=KEY):
            run.map_points(KEY)


def test_a_deleted_run_keeps_no_map(store: RunStore, run: Run) -> None:
    store.delete(run.id)
    with pytest.raises(RunNotFoundError, match=run.id):
        run.write_map_status(KEY, MapStatus(state=State.RUNNING))
    with pytest.raises(RunNotFoundError, match=run.id):
        run.ask_map(KEY)
    assert not run.path.exists()


def test_the_networks_epoch_is_the_one_kept(store: RunStore, run: Run) -> None:
    assert run.network_epoch == 5
    assert store.create(RunConfig()).network_epoch == 0
