"""Runs on an object store: a real S3 server in a process of its own, and machines that are folders
for what each keeps of it."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import s3fs

from core import mirror as mirror_module
from core.analysis.network import load_network
from core.config import RunConfig
from core.engine import Engine
from core.run_errors import RunBusyError, RunNotFoundError, RunNotWritableError
from core.run_files import mirrors
from core.runs import Run, RunStore
from core.status import Request, State, Status
from core.training import train
from tests.core.test_engine import check_equal_weights, process, read_address, running, scheduler

Small = Callable[..., RunConfig]
Wait = Callable[..., None]
Machine = Callable[[str], RunStore]


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def s3_server(port: int) -> Iterator[subprocess.Popen[bytes]]:
    """A server that forgets everything when it ends."""
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, **quiet) as server:
        while not _listens(port):
            assert server.poll() is None
            time.sleep(0.05)
        try:
            yield server
        finally:
            server.kill()


FORWARD = """
import socket, sys, threading

def pass_on(source, target):
    while data := source.recv(65536):
        target.sendall(data)
    target.shutdown(socket.SHUT_WR)

listening = socket.create_server(("127.0.0.1", int(sys.argv[1])))
while True:
    client, _ = listening.accept()
    server = socket.create_connection(("127.0.0.1", int(sys.argv[2])))
    for ends in ((client, server), (server, client)):
        threading.Thread(target=pass_on, args=ends, daemon=True).start()
"""


@contextmanager
def wire(port: int, server_port: int) -> Iterator[None]:
    """What leads from a port to the server's, and is cut at the end: the server knows nothing."""
    command = [sys.executable, "-c", FORWARD, str(port), str(server_port)]
    with subprocess.Popen(command) as forwarder:
        while not _listens(port):
            assert forwarder.poll() is None
            time.sleep(0.05)
        try:
            yield
        finally:
            forwarder.kill()


@pytest.fixture(scope="module", autouse=True)
def server() -> Iterator[int]:
    """The S3 server that this process and those that it starts find by their environment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
        patch.setenv("AWS_ACCESS_KEY_ID", "somebody")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "something")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        with s3_server(port):
            s3fs.S3FileSystem().mkdir("bucket")
            yield port


@pytest.fixture
def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"s3://bucket/{tmp_path.name}/runs"


@pytest.fixture
def machine(tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Machine]:
    """`machine(name)`: the runs as a machine of this name sees them."""
    stores = []

    def see(name: str) -> RunStore:
        monkeypatch.setenv("DIGITLAB_CACHE", str(tmp_path / name))
        stores.append(RunStore(url))
        return stores[-1]

    yield see
    for store in stores:
        store.mirror.close()
        mirrors.pop(store.root, None)


def names_there(url: str, run: Run) -> set[str]:
    filesystem = s3fs.S3FileSystem(skip_instance_cache=True, use_listings_cache=False)
    return {path.partition(f"{run.id}/")[2] for path in filesystem.find(f"{url}/{run.id}")}


def test_two_machines_see_the_same_runs(
    machine: Machine, url: str, small: Small, wait_until: Wait
) -> None:
    here, there = machine("here"), machine("there")
    assert here.root != there.root
    assert there.list() == []
    run = here.create(small(), name="of both", owner="Ada")
    other = there.get(run.id)
    assert (other.record, other.status.state) == (run.record, State.QUEUED)
    assert [each.id for each in there.list()] == [run.id]
    later = here.create(small())
    wait_until(lambda: later.id in {each.id for each in there.list()})
    other.mark(note="from there", pinned=True)
    wait_until(lambda: run.label == other.label)
    run.mark(note="from here")
    wait_until(lambda: other.label.note == "from here")
    assert run.label.pinned
    assert names_there(url, run) == {"config.json", "status.json", "label.json"}


def test_trained_run_is_the_same_to_the_bit(
    machine: Machine, url: str, small: Small, store: RunStore, wait_until: Wait
) -> None:
    here, there = machine("here"), machine("there")
    run = here.create(small(), state=State.RUNNING)
    status = train(run)
    other = there.get(run.id)
    assert other.status == status
    assert other.history.equals(run.history)
    np.testing.assert_array_equal(other.test_probabilities(), run.test_probabilities())
    np.testing.assert_array_equal(other.first_layer(), run.first_layer())
    np.testing.assert_array_equal(other.weights()[1], run.weights()[1])
    check_equal_weights(run, other)
    undisturbed = store.create(small())
    train(undisturbed)
    check_equal_weights(undisturbed, other)
    assert names_there(url, run) == {
        *("config.json", "status.json", "history.csv", "model.keras"),
        *("test_probabilities.npy", "first_layer.npy", "weights.npy"),
    }


def test_large_files_come_when_they_are_asked_for(machine: Machine, small: Small) -> None:
    run = machine("here").create(small(), state=State.RUNNING)
    train(run)
    other = machine("there").get(run.id)
    kept = {path.name for path in other.path.iterdir() if not path.name.startswith(".")}
    assert kept == {"config.json", "status.json", "history.csv"}
    load_network(other)
    assert (other.path / "model.keras").exists()
    (other.path / "model.keras").unlink()  # as those do who tidy up
    assert other.model_path.read_bytes() == run.model_path.read_bytes()


def test_deleted_run_disappears(machine: Machine, url: str, small: Small, wait_until: Wait) -> None:
    here, there = machine("here"), machine("there")
    run, kept = here.create(small()), here.create(small())
    other = there.get(run.id)
    there.list()
    here.delete(run.id)
    assert names_there(url, run) == set()
    wait_until(lambda: [each.id for each in there.list()] == [kept.id])
    with pytest.raises(RunNotFoundError):
        other.mark(note="too late")
    with pytest.raises(RunNotFoundError):
        there.get(run.id)


def test_only_one_machine_trains_a_run(
    machine: Machine, url: str, small: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = machine("here").create(small())
    other = machine("there").get(run.id)
    with run.training_lock():
        assert other.is_training()
        with (
            pytest.raises(RunBusyError, match="another machine is training"),
            other.training_lock(0),
        ):
            pass
    assert not other.is_training()
    assert ".lease" not in names_there(url, run)
    with other.training_lock(0):
        assert run.is_training()
        assert not Run(run.path.parent / run.id)._mirror._take(run.id)


def test_lease_of_a_silent_machine_is_taken_over(
    machine: Machine, small: Small, wait_until: Wait, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = machine("here").create(small())
    other = machine("there").get(run.id)
    with run.training_lock():
        run.write_status(Status(state=State.RUNNING, heartbeat=time.time() - 60))
        assert other.is_training()  # the lease itself is young
        monkeypatch.setattr(mirror_module, "_SILENT_SECONDS", 0.5)
        wait_until(lambda: not other.is_training())
        with other.training_lock():
            monkeypatch.setattr(mirror_module, "_SILENT_SECONDS", 30.0)
            other.write_status(Status(state=State.RUNNING, epoch=2))

            def is_refused() -> bool:
                try:
                    run.write_status(Status(state=State.RUNNING, epoch=1))
                except RunBusyError:
                    return True
                return False

            wait_until(is_refused)
            wait_until(lambda: run.status.epoch == 2)
    assert other.status.epoch == 2


def test_of_two_who_find_a_stale_lease_one_has_the_run(
    machine: Machine, small: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second looked when the lease was stale, and acts when the first has taken it over."""
    run = machine("gone").create(small())
    first, second = machine("first").get(run.id), machine("second").get(run.id)
    assert run._mirror._take(run.id)
    monkeypatch.setattr(first._mirror, "is_leased", lambda run_id: False)

    def look_before_the_first_acts(run_id: str) -> bool:
        assert first._mirror._take(run_id)
        return False

    monkeypatch.setattr(second._mirror, "is_leased", look_before_the_first_acts)
    assert not second._mirror._take(run.id)
    first.write_status(Status(state=State.RUNNING, epoch=2))
    first._mirror.sync(run.id)
    first._mirror.check(run.id)
    run._mirror.sync(run.id)
    with pytest.raises(RunBusyError):
        run._mirror.check(run.id)


def test_a_fresh_lease_that_another_took_for_the_stale_one_is_not_held(
    machine: Machine, url: str, small: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = machine("here").create(small())
    mirror, other = run._mirror, machine("there").get(run.id)._mirror
    sync = mirror.sync

    def lose_the_lease(run_id: str) -> None:
        monkeypatch.setattr(mirror, "sync", sync)
        s3fs.S3FileSystem().rm_file(f"{url}/{run_id}/.lease")
        assert other._take(run_id)
        sync(run_id)

    monkeypatch.setattr(mirror, "sync", lose_the_lease)
    assert not mirror._take(run.id)
    assert run.is_training()  # there


def test_a_network_that_is_missing_there_too_is_damage(
    machine: Machine, url: str, small: Small, wait_until: Wait
) -> None:
    run = machine("here").create(small(), state=State.RUNNING)
    train(run)
    s3fs.S3FileSystem().rm_file(f"{url}/{run.id}/model.keras")
    other = machine("there").get(run.id)
    assert other.status.state is State.DAMAGED
    assert other.status.error == f"model.keras of run {run.id} is missing"


def test_store_that_cannot_be_reached_is_named_until_it_can(
    machine: Machine,
    server: int,
    small: Small,
    free_port: int,
    wait_until: Wait,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free_port}")
    monkeypatch.setitem(mirror_module._TIMES, "read_timeout", 20)  # another connection, of its own
    here = machine("here")
    with wire(free_port, server):
        run = here.create(small())
        assert [each.id for each in here.list()] == [run.id]
    engine = Engine(here)
    engine.start()
    try:
        run.mark(note="written meanwhile")
        wait_until(lambda: engine.problem)
        assert f"the runs at {here.address} cannot be reached" in engine.problem
        with pytest.raises(RunNotWritableError, match="cannot be reached"):
            here.create(small())
        assert [each.id for each in here.list()] == [run.id]
        with wire(free_port, server):
            wait_until(lambda: run.status.state is State.FINISHED)
            wait_until(lambda: engine.problem is None)
            (other,) = machine("there").list()
            wait_until(lambda: other.status.state is State.FINISHED)
            assert other.label.note == "written meanwhile"
            assert other.history.equals(run.history)
    finally:
        engine.stop()


def test_bucket_that_does_not_exist_is_named(machine: Machine, small: Small) -> None:
    machine("here")
    store = RunStore("s3://no-such-bucket/runs")
    with pytest.raises(RunNotWritableError, match=r"s3://no-such-bucket/runs cannot be reached"):
        store.create(small())
    assert store.list() == []
    store.mirror.close()


def test_address_that_nothing_knows_is_named() -> None:
    with pytest.raises(RunNotWritableError, match="nonsense://bucket/runs"):
        RunStore("nonsense://bucket/runs")


def test_what_leaves_the_folder_is_not_fetched(machine: Machine, url: str, small: Small) -> None:
    run = machine("here").create(small())
    filesystem = s3fs.S3FileSystem()
    for name in (".lock", "maps/.hidden.json", "a/b/c.json"):
        filesystem.pipe_file(f"{url}/{run.id}/{name}", b"{}")
    other = machine("there").get(run.id)
    files = {path.name for path in other.path.rglob("*") if path.is_file()}
    assert files == {"config.json", "status.json", ".mirror.json"}


# --- with real workers


def test_worker_elsewhere_trains_a_run_that_is_watched_here(
    tmp_path: Path,
    machine: Machine,
    small: Small,
    wait_until: Wait,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    about = tmp_path / "scheduler.json"
    here = machine("here")
    with scheduler(0, about):
        wait_until(about.exists)
        address = read_address(about)
        monkeypatch.setenv("DASK_SCHEDULER_ADDRESS", address)
        machine("worker")  # the variable that the worker inherits
        arguments = ("worker", address, "--host=127.0.0.1", "--resources", "train=1")
        with process(*arguments, "--nthreads", "4"), running(here):
            run = here.create(small(epochs=200, batch_size=16))
            wait_until(lambda: len(run.history) >= 3)
            assert run.status.state is State.RUNNING
            done = len(run.history)
            live = run.test_probabilities(done)
            np.testing.assert_allclose(live.sum(axis=1), 1, atol=0.01)
            worker = RunStore(here.address).root
            assert worker != here.root
            run.ask(Request.STOP)
            wait_until(lambda: run.status.state is State.STOPPED)
            trained = Run(worker / run.id)
            np.testing.assert_array_equal(live, trained.test_probabilities(done))
            np.testing.assert_array_equal(run.test_probabilities(), trained.test_probabilities())
            assert run.status.final_epoch == len(run.history) < 200
            assert load_network(run).count_params() == 784 * 16 + 16 + 16 * 10 + 10


TRAIN = """
import sys, time
from core.runs import RunStore
from core.training import train

def rest(status):
    while status.epoch == 4:  # until killed
        time.sleep(1)

train(RunStore(sys.argv[1]).get(sys.argv[2]), rest)
"""


def test_run_of_a_killed_machine_goes_on_elsewhere_to_the_same_weights(
    tmp_path: Path,
    url: str,
    machine: Machine,
    small: Small,
    store: RunStore,
    wait_until: Wait,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    config = small(epochs=8, dropout=0.5)
    here = machine("here")
    run = here.create(config)
    killed_cache = os.environ | {"DIGITLAB_CACHE": str(tmp_path / "killed")}
    command = [sys.executable, "-c", TRAIN, url, run.id]
    with subprocess.Popen(command, env=killed_cache) as trainer:
        wait_until(lambda: "checkpoint.npz" in names_there(url, run))
        wait_until(lambda: len(run.history) >= 1)
        trainer.kill()
    assert run.is_training()  # as far as anybody can know
    checkpoint = run.read_checkpoint()
    assert checkpoint is not None
    epochs = int(checkpoint["epochs"])  # the history may be one ahead, or two here
    done = run.history["seconds"].tolist()[:epochs]
    assert 1 <= epochs <= len(done) <= 4  # where it rests
    monkeypatch.setattr(mirror_module, "_SILENT_SECONDS", 1.0)
    wait_until(lambda: not run.is_training())
    status = train(run)
    assert status.state is State.FINISHED
    assert run.history["epoch"].tolist() == list(range(1, 9))
    assert run.history["seconds"].tolist()[:epochs] == done  # not trained again
    undisturbed = store.create(config)
    train(undisturbed)
    check_equal_weights(run, undisturbed)
    np.testing.assert_array_equal(run.test_probabilities(), undisturbed.test_probabilities())
    assert json.loads((run.path / "status.json").read_text())["state"] == "finished"
