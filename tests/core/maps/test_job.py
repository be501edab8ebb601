"""The job that computes a map and keeps it with the run."""

import threading
import time
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from core.config import RunConfig
from core.maps import job
from core.maps.embedding import compute_map
from core.maps.job import compute_and_keep_map
from core.maps.request import FeatureMap, MapRequest, MapStatus
from core.maps.store import StoredMap
from core.runs import Run, RunStore
from core.runs.errors import RunNotWritableError
from core.runs.status import State

SMALL = MapRequest(layer="hidden_2", split="test", points=100, perplexity=10)


@pytest.fixture
def run(trained: Run) -> Run:
    """The trained run without the maps that other tests made."""
    for file in (trained.path / "maps").glob("*"):
        file.unlink()
    return trained


def test_a_map_is_kept_as_it_was_computed(run: Run) -> None:
    StoredMap(run, SMALL).request("Ada")
    compute_and_keep_map(run, SMALL)
    expected = compute_map(run, SMALL)
    pd.testing.assert_frame_equal(StoredMap(run, SMALL).read_points(), expected.points)
    status = StoredMap(run, SMALL).status
    assert (status.state, status.owner) == (State.FINISHED, "Ada")
    assert (status.epoch, status.iteration) == (2, expected.iteration)
    assert status.feature_agreement == expected.feature_agreement
    assert status.map_agreement == expected.map_agreement


def test_a_map_can_be_watched_as_it_grows(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[MapStatus, pd.DataFrame]] = []

    def compute_and_look(
        run: Run, request: MapRequest, report: Callable[[FeatureMap], bool | None]
    ) -> FeatureMap:
        def look(stage: FeatureMap) -> bool | None:
            stop = report(stage)
            seen.append((StoredMap(run, request).status, StoredMap(run, request).read_points()))
            return stop

        return compute_map(run, request, look)

    monkeypatch.setattr(job, "compute_map", compute_and_look)
    StoredMap(run, SMALL).request()
    compute_and_keep_map(run, SMALL)
    done = [status.iteration for status, _ in seen]
    assert done == list(range(25, StoredMap(run, SMALL).status.iteration + 1, 25))
    assert {(status.state, status.epoch) for status, _ in seen} == {(State.RUNNING, 2)}
    first, last = (points[["x", "y"]].to_numpy() for points in (seen[0][1], seen[-1][1]))
    assert not np.allclose(first, last, atol=0.1)


def test_a_long_step_gives_signs_of_life_and_keeps_what_was_reached(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def compute_slowly(
        run: Run, request: MapRequest, report: Callable[[FeatureMap], bool | None]
    ) -> FeatureMap:
        result = compute_map(run, request, lambda stage: report(stage) or True)
        before = StoredMap(run, request).status
        deadline = time.monotonic() + 30
        while StoredMap(run, request).status.heartbeat <= before.heartbeat:
            assert time.monotonic() < deadline, "no sign of life"
            time.sleep(0.01)
        after = StoredMap(run, request).status
        assert after == before.model_copy(update={"heartbeat": after.heartbeat})
        assert (after.state, after.iteration) == (State.RUNNING, 25)
        return result

    monkeypatch.setattr(job, "_BEAT_EVERY", 0.05)
    monkeypatch.setattr(job, "compute_map", compute_slowly)
    StoredMap(run, SMALL).request()
    compute_and_keep_map(run, SMALL)
    assert StoredMap(run, SMALL).status.state is State.STOPPED


def test_a_map_that_is_stopped_keeps_what_was_reached(run: Run) -> None:
    StoredMap(run, SMALL).request()
    StoredMap(run, SMALL).request_stop()
    compute_and_keep_map(run, SMALL)
    status = StoredMap(run, SMALL).status
    assert (status.state, status.iteration) == (State.STOPPED, 25)
    assert status.map_agreement is not None
    expected = compute_map(run, SMALL, lambda stage: True)
    pd.testing.assert_frame_equal(StoredMap(run, SMALL).read_points(), expected.points)
    assert StoredMap(run, SMALL).request()
    compute_and_keep_map(run, SMALL)
    assert StoredMap(run, SMALL).status.state is State.FINISHED


def test_a_pca_map_is_finished_without_iterations(run: Run) -> None:
    request = MapRequest(layer="pixels", method="pca", points=100)
    StoredMap(run, request).request()
    compute_and_keep_map(run, request)
    status = StoredMap(run, request).status
    assert (status.state, status.iteration) == (State.FINISHED, 0)
    assert len(StoredMap(run, request).read_points()) == 100


def test_a_map_that_is_done_or_under_way_is_left_alone(run: Run) -> None:
    done = MapStatus(state=State.STOPPED, epoch=2, iteration=50)
    StoredMap(run, SMALL).write_status(done)
    compute_and_keep_map(run, SMALL)
    assert StoredMap(run, SMALL).status == done
    StoredMap(run, SMALL).request()
    with StoredMap(run, SMALL).lock():
        compute_and_keep_map(run, SMALL)
    assert StoredMap(run, SMALL).status.state is State.QUEUED


def test_a_job_takes_up_what_a_dead_worker_left(run: Run) -> None:
    StoredMap(run, SMALL).write_status(MapStatus(state=State.RUNNING, iteration=100, epoch=2))
    compute_and_keep_map(run, SMALL)
    assert StoredMap(run, SMALL).status.state is State.FINISHED


def test_a_map_that_cannot_be_says_why(run: Run, store: RunStore) -> None:
    small = store.create(RunConfig(hidden=(16,)))
    StoredMap(small, SMALL).request()
    compute_and_keep_map(small, SMALL)
    status = StoredMap(small, SMALL).status
    assert status.state is State.FAILED
    assert status.error == (f"Run {small.id} has no network yet; wait for its first epoch to end.")
    unknown = SMALL.model_copy(update={"layer": "hidden_9"})
    StoredMap(run, unknown).request()
    compute_and_keep_map(run, unknown)
    assert StoredMap(run, unknown).status.state is State.FAILED
    assert "hidden_9" in StoredMap(run, unknown).status.error


def test_an_error_that_nobody_expected_is_told_too(
    run: Run, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("by nought")

    monkeypatch.setattr(job, "compute_map", fail)
    StoredMap(run, SMALL).request()
    compute_and_keep_map(run, SMALL)
    assert "ZeroDivisionError: by nought" in StoredMap(run, SMALL).status.error
    assert SMALL.key in caplog.text


def full_disk(*_: object) -> None:
    raise RunNotWritableError("the run cannot be written: No space left on device")


def test_a_full_disk_is_told(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(StoredMap, "write_points", full_disk)
    StoredMap(run, SMALL).request()
    compute_and_keep_map(run, SMALL)
    status = StoredMap(run, SMALL).status
    assert status.state is State.FAILED
    assert status.error == "The run cannot be written: No space left on device."


def test_where_nothing_can_be_written_the_job_ends(
    run: Run, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    StoredMap(run, SMALL).request()
    monkeypatch.setattr(StoredMap, "write_points", full_disk)
    monkeypatch.setattr(StoredMap, "write_status", full_disk)
    compute_and_keep_map(run, SMALL)
    assert StoredMap(run, SMALL).status.state is State.QUEUED
    assert "No space left on device" in caplog.text


def test_signs_of_life_go_on_after_one_that_could_not_be_written(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, beats = StoredMap.write_status, []

    def write_the_second_beat(stored: StoredMap, status: MapStatus) -> None:
        if threading.current_thread().name.startswith("beat"):
            beats.append(status)
            if len(beats) == 1:
                full_disk()
        write(stored, status)

    def wait_for_two_beats(
        run: Run, request: MapRequest, report: Callable[[FeatureMap], bool | None]
    ) -> FeatureMap:
        deadline = time.monotonic() + 30
        while len(beats) < 2:
            assert time.monotonic() < deadline, "no second sign of life"
            time.sleep(0.01)
        return compute_map(run, request, lambda stage: report(stage) or True)

    monkeypatch.setattr(job, "_BEAT_EVERY", 0.05)
    monkeypatch.setattr(job, "compute_map", wait_for_two_beats)
    monkeypatch.setattr(StoredMap, "write_status", write_the_second_beat)
    StoredMap(run, SMALL).request()
    compute_and_keep_map(run, SMALL)
    assert StoredMap(run, SMALL).status.state is State.STOPPED


def test_a_run_that_was_deleted_meanwhile(store: RunStore) -> None:
    gone = store.create(RunConfig())
    StoredMap(gone, SMALL).request()
    store.delete(gone.id)
    compute_and_keep_map(gone, SMALL)
    assert not gone.path.exists()
