import json
import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import filelock
import numpy as np
import pytest

from core.config import RunConfig
from core.runs import HISTORY_COLUMNS, MAX_NAME, MAX_NOTE, Run, RunStore, new_run_id, weight_epochs
from core.runs.document_folder import replace_file
from core.runs.errors import (
    DamagedRunError,
    RunBusyError,
    RunError,
    RunNotFoundError,
    RunNotWritableError,
)
from core.runs.status import Label, Request, State, Status
from tests.core.training.test_faults import run_on_own_disk


@pytest.fixture
def run(store: RunStore) -> Run:
    return store.create(RunConfig(epochs=5))


def history_row(epoch: int) -> dict[str, float]:
    return {column: number / 100 for number, column in enumerate(HISTORY_COLUMNS)} | {
        "epoch": epoch
    }


def probabilities(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).dirichlet(np.ones(10), 10_000).astype(np.float32)


# --- the store


def test_created_run_reads_back(store: RunStore) -> None:
    before = datetime.now(UTC)
    config = RunConfig(hidden=(8,), seed=7)
    run = store.get(store.create(config, name=" first ", owner="Ada").id)
    assert run.config == config
    assert (run.name, run.record.owner) == ("first", "Ada")
    assert before <= run.record.created <= datetime.now(UTC)
    assert run.status.state is State.QUEUED
    assert (run.status.epoch, run.status.batch) == (0, 0)
    assert run.history.empty
    assert list(run.history.columns) == HISTORY_COLUMNS


@pytest.mark.parametrize("name", [None, "", "  "])
def test_name_defaults_to_the_summary(store: RunStore, name: str | None) -> None:
    assert store.create(RunConfig(dropout=0.5), name=name).name == "512-256, dropout 0.5"


def test_run_may_be_created_running(store: RunStore) -> None:
    assert store.create(RunConfig(), state=State.RUNNING).status.state is State.RUNNING


def test_configuration_is_stored_as_plain_json(run: Run) -> None:
    stored = json.loads((run.path / "config.json").read_text())
    assert stored["config"]["hidden"] == [512, 256]
    assert set(stored) == {"name", "owner", "created", "config", "trial", "parent", "drawings"}


def test_a_run_from_before_sweeps_marked_theirs_is_read(run: Run) -> None:
    stored = json.loads((run.path / "config.json").read_text())
    del stored["trial"]
    (run.path / "config.json").write_text(json.dumps(stored))
    assert Run(run.path).record == run.record
    assert Run(run.path).record.trial is None


def test_ids_drawn_one_after_another_sort_by_age() -> None:
    ids = [new_run_id() for _ in range(200)]
    assert ids == sorted(ids)
    assert len({run_id[:19] for run_id in ids}) == 200  # by their times alone


def test_list_is_newest_first(store: RunStore) -> None:
    assert store.list() == []
    created = [store.create(RunConfig()).id for _ in range(20)]
    listed = store.list()
    assert sorted(run.id for run in listed) == sorted(created)
    ages = [run.record.created for run in listed]
    # Ids count milliseconds.
    assert all(old <= new + timedelta(milliseconds=1) for new, old in pairwise(ages))
    assert listed[-1].record.created < listed[0].record.created


def test_list_ignores_what_is_no_run(store: RunStore, run: Run) -> None:
    (store.root / "notes").mkdir()
    (store.root / ".new-20260101-000000-000000").mkdir()
    (store.root / "20260101-000000-000000").write_text("a file")
    assert [listed.id for listed in store.list()] == [run.id]


def test_deleted_run_is_gone(store: RunStore, run: Run) -> None:
    other = store.create(RunConfig())
    store.delete(run.id)
    assert [listed.id for listed in store.list()] == [other.id]
    assert os.listdir(store.root) == [other.id]
    with pytest.raises(RunNotFoundError, match=run.id):
        store.get(run.id)
    with pytest.raises(RunNotFoundError, match=run.id):
        store.delete(run.id)
    with pytest.raises(RunNotFoundError, match=run.id):
        _ = run.status


HOSTILE = [
    "",
    ".",
    "..",
    "../x",
    "../20260101-000000-abcdef",
    "20260101-000000-abcdef/../x",
    "20260101-000000-abcdef\n",
    "20260101-000000-ABCDEF",
    "20260101-000000-abcdef\0",
    "~",
    "*",
]


@pytest.mark.parametrize("run_id", HOSTILE)
def test_hostile_ids_are_refused(store: RunStore, run: Run, run_id: str) -> None:
    outside = store.root.parent / "20260101-000000-abcdef"
    outside.mkdir()
    for action in (store.get, store.delete):
        with pytest.raises(RunNotFoundError):
            action(run_id)
    assert outside.is_dir()
    assert run.path.is_dir()


def test_absolute_path_is_no_id(store: RunStore, run: Run) -> None:
    for run_id in (str(run.path), "/etc", f"{store.root}/"):
        with pytest.raises(RunNotFoundError):
            store.delete(run_id)
    assert run.path.is_dir()


def test_folder_is_taken_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIGITLAB_RUNS", str(tmp_path / "elsewhere"))
    assert RunStore().root == tmp_path / "elsewhere"
    monkeypatch.delenv("DIGITLAB_RUNS")
    monkeypatch.chdir(tmp_path)
    assert RunStore().root == tmp_path / "runs"


@pytest.mark.parametrize("address", ["s3://bucket/runs", "https://store.example/runs"])
def test_an_address_is_no_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DIGITLAB_RUNS", address)
    for root in (None, address):
        with pytest.raises(RunError) as refused:
            RunStore(root)
        assert str(refused.value) == (
            f"runs cannot be kept at '{address}', which is an address: DIGITLAB_RUNS must be a "
            "folder. Mount the bucket, and give the folder that it is mounted at"
        )
    assert os.listdir(tmp_path) == []


def test_a_run_is_handed_to_another_process_by_its_folder(run: Run) -> None:
    sent = pickle.dumps(run)
    run.update_label(name="named since")
    other = pickle.loads(sent)
    assert (other.path, other.id, other.name) == (run.path, run.id, "named since")
    assert other.record == run.record


# --- damage

DAMAGES: dict[str, tuple[str, bytes | None]] = {
    "missing network": ("model.keras", None),
    "missing history": ("history.csv", None),
    "missing config": ("config.json", None),
    "rubbish config": ("config.json", b"\xff\x00rubbish"),
    "impossible config": (
        "config.json",
        b'{"name": "", "owner": "", "created": "2026-01-01T00:00:00Z", "config": {"epochs": 0}}',
    ),
    "missing status": ("status.json", None),
    "rubbish status": ("status.json", b"rubbish"),
    "truncated status": ("status.json", b'{"state": "running", "epo'),
    "empty status": ("status.json", b""),
    "unknown state": ("status.json", b'{"state": "asleep"}'),
    "impossible epoch": ("status.json", b'{"state": "finished", "final_epoch": -5}'),
    "no moment": ("status.json", b'{"state": "running", "heartbeat": NaN}'),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_run_is_reported_with_the_reason(store: RunStore, run: Run, damage: str) -> None:
    other = store.create(RunConfig())
    run.write_history([history_row(1)])
    run.write_model(lambda path: path.write_bytes(b"model"))
    run.write_status(Status(state=State.STOPPED, final_epoch=1))
    name, content = DAMAGES[damage]
    if content is None:
        (run.path / name).unlink()
    else:
        (run.path / name).write_bytes(content)
    states = {listed.id: listed.status.state for listed in store.list()}
    assert states == {run.id: State.DAMAGED, other.id: State.QUEUED}
    error = store.get(run.id).status.error
    assert error is not None
    assert error.startswith(f"{name} of run {run.id} ")


@pytest.mark.parametrize("state", [State.FAILED, State.STOPPED, State.RUNNING])
def test_a_run_that_has_no_network_yet_or_never_will_is_whole(run: Run, state: State) -> None:
    run.write_status(Status(state=state, final_epoch=0))
    assert run.status.state is state


@pytest.mark.parametrize("name", ["status.json", "label.json", "history.csv", "model.keras"])
def test_a_file_that_links_to_itself_spoils_no_list(store: RunStore, run: Run, name: str) -> None:
    (run.path / name).unlink(missing_ok=True)
    (run.path / name).symlink_to(run.path / name)
    (store.root / "20260101-000000-abcdef").symlink_to(store.root / "20260101-000000-abcdef")
    (listed,) = store.list()
    assert (0, 0) in listed.version
    assert listed.status.state in {State.QUEUED, State.DAMAGED}


def test_damaged_configuration_raises_where_it_is_read(store: RunStore, run: Run) -> None:
    (run.path / "config.json").write_text("rubbish")
    with pytest.raises(DamagedRunError, match=r"config\.json .* cannot be read"):
        _ = store.get(run.id).config


GOOD_ROW = ",".join("1" for _ in HISTORY_COLUMNS)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"rubbish",
        b"\xff\xfe\x00\x01",
        b"epoch,seconds\n1,2\n",
        ",".join(HISTORY_COLUMNS).encode() + b"\n" + b",".join([b"x"] * 13) + b"\n",
        f"{','.join(HISTORY_COLUMNS)}\n{GOOD_ROW}\n1,2,3".encode(),
    ],
    ids=["empty", "word", "bytes", "other columns", "no numbers", "cut short"],
)
def test_rubbish_history_is_reported(store: RunStore, run: Run, content: bytes) -> None:
    other = store.create(RunConfig())
    (run.path / "history.csv").write_bytes(content)
    with pytest.raises(DamagedRunError, match=rf"history\.csv of run {run.id} cannot be read"):
        _ = run.history
    assert other.history.empty


@pytest.mark.parametrize("content", [b"rubbish", b"", b'{"request": "dance"}'])
def test_rubbish_control_asks_for_nothing(run: Run, content: bytes) -> None:
    (run.path / "control.json").write_bytes(content)
    assert run.control.request is Request.RUN
    assert run.control.learning_rate is None


# --- writing


def test_files_are_replaced_whole_and_leave_nothing_beside(run: Run) -> None:
    """A reader polls while a writer replaces; every status read is a whole one."""
    done = threading.Event()
    seen: list[Status] = []

    def read() -> None:
        while not done.is_set():
            seen.append(run.status)

    reader = threading.Thread(target=read)
    reader.start()
    for epoch in range(300):
        run.write_status(Status(state=State.RUNNING, epoch=epoch, error="x" * 5_000))
    done.set()
    reader.join()
    assert {status.state for status in seen} <= {State.QUEUED, State.RUNNING}
    assert len(seen) > 1
    assert run.status.epoch == 299
    run.request(learning_rate=0.1)
    run.write_history([history_row(1)])
    run.write_checkpoint({"a": np.zeros(3)})
    run.write_model(lambda path: path.write_bytes(b"model"))
    assert sorted(name for name in os.listdir(run.path) if name != ".control.lock") == [
        "checkpoint.npz",
        "config.json",
        "control.json",
        "history.csv",
        "model.keras",
        "status.json",
    ]


def test_failed_write_keeps_the_old_file_and_leaves_nothing_beside(run: Run) -> None:
    run.write_model(lambda path: path.write_bytes(b"old"))

    def fail(path: Path) -> None:
        path.write_bytes(b"half")
        raise OSError("disk full")

    sentence = f"run {run.id} cannot be written: disk full"
    with pytest.raises(RunNotWritableError, match=sentence):
        run.write_model(fail)
    assert run.model_path.read_bytes() == b"old"
    assert sorted(os.listdir(run.path)) == ["config.json", "model.keras", "status.json"]


def test_status_round_trip(run: Run) -> None:
    status = Status(
        state=State.PAUSED, epoch=3, batch=2, running_loss=0.125, running_accuracy=0.5, host="here"
    )
    run.write_status(status)
    assert run.status == status


def test_history_round_trip_is_exact(run: Run) -> None:
    rows = [
        history_row(epoch) | {"test_loss": 1 / (epoch + 2), "l2_penalty": 0.1 + 0.2}
        for epoch in (1, 2)
    ]
    run.write_history(rows)
    assert run.history.to_dict("records") == rows
    assert list(run.history.columns) == HISTORY_COLUMNS


def test_checkpoint_round_trip(run: Run) -> None:
    assert run.read_checkpoint() is None
    arrays = {"model/0": np.arange(6, dtype=np.float32).reshape(2, 3), "epoch": np.array(4)}
    run.write_checkpoint(arrays)
    stored = run.read_checkpoint()
    assert stored is not None
    assert stored.keys() == arrays.keys()
    for key, array in arrays.items():
        np.testing.assert_array_equal(stored[key], array)
        assert stored[key].dtype == array.dtype


@pytest.mark.parametrize("kept", [0, 1, 100])
def test_truncated_checkpoint_is_none(run: Run, kept: int) -> None:
    run.write_checkpoint({"a": np.zeros(1_000)})
    path = run.path / "checkpoint.npz"
    path.write_bytes(path.read_bytes()[:kept])
    assert run.read_checkpoint() is None


# --- asking


def test_ask_keeps_what_was_asked_before(run: Run) -> None:
    run.write_status(Status(state=State.RUNNING))
    assert run.control.request is Request.RUN
    run.request(learning_rate=0.5)
    run.request(Request.PAUSE)
    assert (run.control.request, run.control.learning_rate) == (Request.PAUSE, 0.5)
    run.request(learning_rate=0.25)
    assert (run.control.request, run.control.learning_rate) == (Request.PAUSE, 0.25)
    run.request(Request.RUN)
    assert (run.control.request, run.control.learning_rate) == (Request.RUN, 0.25)


@pytest.mark.parametrize("request_", [Request.PAUSE, Request.RUN])
def test_a_stop_is_not_taken_back(run: Run, request_: Request) -> None:
    run.write_status(Status(state=State.RUNNING))
    run.request(Request.STOP)
    run.request(request_, learning_rate=0.5)
    assert (run.control.request, run.control.learning_rate) == (Request.STOP, 0.5)


ASK = """
import sys
from pathlib import Path
from core.runs import Run

run = Run(Path(sys.argv[1]))
for number in range(100):
    run.update_label(**{sys.argv[2]: f"{sys.argv[2]} {number}"})
"""


def test_what_several_processes_change_at_once_is_all_kept(run: Run) -> None:
    """Each changes its own part, which is kept unless the other reads before and writes after."""
    command = [sys.executable, "-c", ASK, str(run.path)]
    with subprocess.Popen([*command, "name"]) as one, subprocess.Popen([*command, "note"]) as other:
        assert (one.wait(), other.wait()) == (0, 0)
    assert run.label == Label(name="name 99", note="note 99")


def test_a_change_that_another_process_never_ends_is_not_waited_for(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.runs.document_folder._CHANGE_SECONDS", 0.1)
    with (
        filelock.FileLock(run.path / ".control.lock"),
        pytest.raises(RunNotWritableError, match="is being changed by another process; try again"),
    ):
        run.request(Request.PAUSE)


@pytest.mark.parametrize("options", ["size=40k,nr_inodes=9", "remount,ro"], ids=["full", "read"])
def test_a_disk_that_takes_nothing_is_named(tmp_path: Path, options: str) -> None:
    sentences, left = run_on_own_disk(
        tmp_path / "disk",
        f"""
        import os
        from pathlib import Path
        from core.maps.request import MapRequest
        from core.maps.store import StoredMap
        from core.runs.status import Request

        mount("size=10m")
        options = {options!r}
        if not options.startswith("remount"):
            subprocess.run(["umount", folder], check=True)
            mount(options)
        store = RunStore(folder)
        run = store.create(RunConfig())
        stored = StoredMap(run, MapRequest(layer="pixels", method="pca", points=100))
        if options.startswith("remount"):
            mount(options)
        else:
            for number in range(9):
                try:
                    Path(folder, str(number)).write_bytes(b"x" * 40_000)
                except OSError:
                    pass
        before = sorted(os.listdir(folder))
        sentences = []
        for act in (
            lambda: store.create(RunConfig()),
            lambda: run.request(Request.STOP),
            lambda: run.update_label(note="x"),
            lambda: stored.request(),
        ):
            try:
                act()
            except RunError as error:
                sentences.append(str(error))
        left = sorted(os.listdir(folder)) == before
        print(json.dumps([sentences, left]))
        """,
    )
    why = "Read-only file system" if "ro" in options.split(",") else "No space left on device"
    assert len(sentences) == 4
    assert sentences[0].startswith("a run cannot be written to ")
    assert all(sentence.endswith(f": {why}") for sentence in sentences)
    assert left


def test_ask_takes_the_bounds_of_the_learning_rate(run: Run) -> None:
    for rate in (1e-6, 10.0):
        run.request(learning_rate=rate)
        assert run.control.learning_rate == rate


@pytest.mark.parametrize("rate", [0.0, -1.0, 9e-7, 10.5, float("nan"), float("inf")])
def test_ask_refuses_other_learning_rates(run: Run, rate: float) -> None:
    with pytest.raises(ValueError, match="choose 1e-06 to 10"):
        run.request(Request.PAUSE, learning_rate=rate)
    assert run.control.learning_rate is None
    assert run.control.request is Request.RUN


def test_queued_run_is_stopped_at_once(run: Run) -> None:
    run.request(Request.STOP)
    assert run.status.state is State.STOPPED
    assert run.status.final_epoch == 0


@pytest.mark.parametrize("state", [s for s in State if s not in {State.QUEUED, State.DAMAGED}])
def test_only_a_queued_run_is_stopped_by_asking(run: Run, state: State) -> None:
    run.write_status(Status(state=state))
    run.request(Request.STOP)
    assert run.status.state is state
    assert run.control.request is Request.STOP


def test_asking_a_deleted_run_does_not_bring_it_back(store: RunStore, run: Run) -> None:
    store.delete(run.id)
    with pytest.raises((RunError, OSError)):
        run.request(Request.PAUSE)
    assert not run.path.exists()


# --- the right to train


def test_training_lock_has_one_holder(run: Run, store: RunStore) -> None:
    assert not run.is_training()
    with run.training_lock():
        assert store.get(run.id).is_training()
        with (
            pytest.raises(RunBusyError, match=f"another process is training run {run.id}"),
            store.get(run.id).training_lock(wait=0.1),
        ):
            pass
    assert not run.is_training()
    with run.training_lock(wait=0):
        assert run.is_training()


def test_deleted_run_cannot_be_locked(store: RunStore, run: Run) -> None:
    store.delete(run.id)
    with pytest.raises(RunNotFoundError), run.training_lock():
        pass
    assert not run.path.exists()


def test_waiting_for_the_lock_of_a_run_that_is_deleted(
    store: RunStore, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.runs.store._STOP_SECONDS", 0.2)

    def wait_for_lock() -> None:
        with store.get(run.id).training_lock(wait=30):
            pass

    with run.training_lock(), ThreadPoolExecutor(1) as executor:
        waiting = executor.submit(wait_for_lock)
        store.delete(run.id)
        assert isinstance(waiting.exception(), RunNotFoundError)
    assert os.listdir(store.root) == []


# --- test probabilities


def test_probabilities_of_finished_epochs(run: Run) -> None:
    assert run.test_probabilities().shape == (0, 10_000, 10)
    stored = [probabilities(seed) for seed in (1, 2)]
    for epoch in (1, 2):
        run.write_test_probabilities(epoch, stored[epoch - 1])
        run.write_history([history_row(number) for number in range(1, epoch + 1)])
    everything = run.test_probabilities()
    assert (everything.dtype, everything.shape) == (np.float32, (2, 10_000, 10))
    np.testing.assert_array_equal(everything, stored)
    for epoch in (1, 2):
        one = run.test_probabilities(epoch)
        assert (one.dtype, one.shape) == (np.float32, (10_000, 10))
        np.testing.assert_array_equal(one, stored[epoch - 1])
        assert one.base is None  # a copy, which holds no file open


def test_probabilities_count_only_once_the_history_announces_them(run: Run) -> None:
    run.write_test_probabilities(1, probabilities(1))
    assert len(run.test_probabilities()) == 0
    with pytest.raises(IndexError, match="epoch 1 is not there; this run has 0 finished epochs"):
        run.test_probabilities(1)


@pytest.mark.parametrize("epoch", [-1, 0, 2])
def test_probabilities_of_other_epochs_raise(run: Run, epoch: int) -> None:
    run.write_test_probabilities(1, probabilities(1))
    run.write_history([history_row(1)])
    with pytest.raises(IndexError, match=f"epoch {epoch} is not there"):
        run.test_probabilities(epoch)


def test_closing_gives_up_checkpoint_and_spare_room(run: Run) -> None:
    run.write_test_probabilities(1, probabilities(1))
    run.write_first_layer(1, np.zeros((784, 512), np.float32))
    run.write_weights(1, np.zeros(535_818, np.float32))
    run.write_history([history_row(1)])
    run.write_checkpoint({"a": np.zeros(3)})
    run.close(epochs=1)
    assert np.load(run.path / "test_probabilities.npy").shape == (1, 10_000, 10)
    assert np.load(run.path / "first_layer.npy").shape == (1, 32, 28, 28)
    assert np.load(run.path / "weights.npy").shape == (1, 535_818)
    np.testing.assert_array_equal(run.test_probabilities()[0], probabilities(1))
    assert run.read_checkpoint() is None
    assert sorted(os.listdir(run.path)) == [
        "config.json",
        "first_layer.npy",
        "history.csv",
        "status.json",
        "test_probabilities.npy",
        "weights.npy",
    ]


def test_closing_may_keep_the_checkpoint(run: Run) -> None:
    run.write_checkpoint({"a": np.zeros(3)})
    run.close(epochs=1, keep_checkpoint=True)
    assert run.read_checkpoint() is not None


def test_an_arrays_file_is_not_mapped_while_it_is_replaced(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    run.write_test_probabilities(1, probabilities(1))
    seen = []

    def look(path: Path, write: Callable[[Path], object]) -> None:
        seen.append(str(path) in Path("/proc/self/maps").read_text())
        replace_file(path, write)

    monkeypatch.setattr("core.runs.document_folder.replace_file", look)
    run.close(epochs=1)
    assert seen == [False]


UNCLOSED = b"\x93NUMPY\x01\x00v\x00{'descr': '<f2', 'shape': (".ljust(127) + b"\n"
"""A header that NumPy's parser takes for the beginning of several lines."""


@pytest.mark.parametrize("damage", ["missing", "rubbish", "unclosed", "too short", "other type"])
def test_damaged_probabilities_are_reported(run: Run, damage: str) -> None:
    run.write_test_probabilities(1, probabilities(1))
    run.write_history([history_row(1), history_row(2)])
    path = run.path / "test_probabilities.npy"
    match damage:
        case "missing":
            path.unlink()
        case "rubbish":
            path.write_bytes(b"rubbish")
        case "unclosed":
            path.write_bytes(UNCLOSED)
        case "too short":
            np.save(path, np.zeros((1, 10_000, 10), np.float32))
        case "other type":
            np.save(path, np.zeros((2, 10_000, 10), np.float64))
    with pytest.raises(DamagedRunError, match=r"test_probabilities\.npy"):
        run.test_probabilities()


def write_older_probabilities(run: Run, slots: int) -> np.ndarray:
    """A file as it was written until 2026: float16, two of its slots written. Gives those."""
    older = np.zeros((slots, 10_000, 10), np.float16)
    older[:2] = [probabilities(seed) for seed in (1, 2)]
    np.save(run.path / "test_probabilities.npy", older)
    run.write_history([history_row(epoch) for epoch in (1, 2)])
    return older[:2]


def test_probabilities_of_an_older_run_are_read_as_they_are(run: Run) -> None:
    older = write_older_probabilities(run, slots=2)
    everything = run.test_probabilities()
    assert everything.dtype == np.float16
    np.testing.assert_array_equal(everything, older)
    for epoch in (1, 2):
        one = run.test_probabilities(epoch)
        assert one.dtype == np.float32
        np.testing.assert_array_equal(one, older[epoch - 1].astype(np.float32))
    with pytest.raises(IndexError, match="epoch 3 is not there"):
        run.test_probabilities(3)


def test_the_file_of_an_older_run_goes_on_as_it_was_begun(run: Run) -> None:
    older = write_older_probabilities(run, slots=5)
    size = (run.path / "test_probabilities.npy").stat().st_size
    run.write_test_probabilities(3, probabilities(3))
    assert (run.path / "test_probabilities.npy").stat().st_size == size
    run.write_history([history_row(epoch) for epoch in (1, 2, 3)])
    expected = [*older, probabilities(3).astype(np.float16)]
    np.testing.assert_array_equal(run.test_probabilities(), expected)
    run.close(epochs=3)
    assert run.test_probabilities().dtype == np.float16
    np.testing.assert_array_equal(run.test_probabilities(), expected)


@pytest.mark.parametrize("content", [b"", b"rubbish", UNCLOSED])
def test_a_file_that_is_rubbish_is_written_anew(run: Run, content: bytes) -> None:
    (run.path / "test_probabilities.npy").write_bytes(content)
    run.write_test_probabilities(1, probabilities(1))
    run.write_history([history_row(1)])
    np.testing.assert_array_equal(run.test_probabilities(), [probabilities(1)])


@pytest.mark.parametrize("content", [b"", b"rubbish", UNCLOSED])
def test_a_run_with_a_damaged_array_is_not_closed(run: Run, content: bytes) -> None:
    run.write_checkpoint({"a": np.zeros(3)})
    (run.path / "test_probabilities.npy").write_bytes(content)
    with pytest.raises(DamagedRunError, match=r"test_probabilities\.npy"):
        run.close(epochs=1)
    assert (run.path / "test_probabilities.npy").read_bytes() == content
    assert not run.is_closed


# --- pictures of the first layer


@pytest.mark.parametrize(
    ("hidden", "units"), [((512, 256), 32), ((33,), 32), ((5, 64), 5), ((), 10)]
)
def test_first_layer_keeps_a_picture_of_each_of_the_first_units(
    store: RunStore, hidden: tuple[int, ...], units: int
) -> None:
    run = store.create(RunConfig(hidden=hidden, epochs=3))
    assert run.first_layer().shape == (0, units, 28, 28)
    width = (*hidden, 10)[0]
    kernels = [np.random.default_rng(epoch).random((784, width), np.float32) for epoch in (1, 2)]
    for epoch, kernel in enumerate(kernels, start=1):
        run.write_first_layer(epoch, kernel)
        run.write_history([history_row(number) for number in range(1, epoch + 1)])
    assert (run.first_layer().dtype, run.first_layer().shape) == (np.float16, (2, units, 28, 28))
    for epoch, kernel in enumerate(kernels, start=1):
        pictures = run.first_layer(epoch)
        assert pictures.dtype == np.float32
        for unit in range(units):
            expected = kernel[:, unit].reshape(28, 28).astype(np.float16)
            np.testing.assert_array_equal(pictures[unit], expected)
    with pytest.raises(IndexError, match="epoch 3 is not there; this run has 2 finished epochs"):
        run.first_layer(3)


def test_weights_beyond_float16_keep_their_picture(store: RunStore) -> None:
    """A training that diverges has some; what is not finite stays so."""
    run = store.create(RunConfig(hidden=(4,), epochs=1))
    kernel = np.random.default_rng(0).normal(size=(784, 4)).astype(np.float32)
    kernel[0] = 4  # the largest
    diverged = kernel * np.float32([1, 1e12, 2.0**125, 1])
    diverged[5, 3], diverged[6, 3], diverged[7, 3] = np.nan, np.inf, -np.inf
    run.write_first_layer(1, diverged)
    run.write_history([history_row(1)])
    kept = run.first_layer(1).reshape(4, 784)
    expected = (kernel.T / 4)[1:3]
    np.testing.assert_allclose(kept[1:3] / 65_504, expected, rtol=1e-3, atol=1e-7)
    np.testing.assert_array_equal(kept[0], kernel[:, 0].astype(np.float16))
    assert np.isnan(kept[3, 5])
    assert kept[3, 6:8].tolist() == [np.inf, -np.inf]
    np.testing.assert_array_equal(kept[3, 8:], kernel[8:, 3].astype(np.float16))


# --- weights


@pytest.mark.parametrize(
    ("config", "epochs"),
    [
        (RunConfig(epochs=50), list(range(1, 51))),  # 535,818 parameters: 53.6 MB
        (RunConfig(epochs=60), list(range(1, 60, 2))),  # would be 64.3 MB
        (RunConfig(hidden=(2048,) * 4, epochs=5), [1, 4]),  # 14,217,226 parameters: 28.4 MB each
        (RunConfig(hidden=(2048,) * 6, epochs=5), [1]),  # 22,609,930 parameters: 45.2 MB
    ],
)
def test_weights_are_kept_of_as_many_epochs_as_fit(config: RunConfig, epochs: list[int]) -> None:
    assert list(weight_epochs(config)) == epochs


def test_weights_of_kept_epochs(store: RunStore) -> None:
    run = store.create(RunConfig(epochs=60))
    epochs, weights = run.weights()
    assert (epochs.tolist(), weights.shape) == ([], (0, 535_818))
    stored = np.random.default_rng(0).normal(size=(4, 535_818)).astype(np.float32)
    stored[0, 0] = 1e6  # beyond what float16 can hold
    for epoch, values in enumerate(stored, start=1):
        run.write_weights(epoch, values)
        run.write_history([history_row(number) for number in range(1, epoch + 1)])
    epochs, weights = run.weights()
    assert (epochs.tolist(), weights.dtype) == ([1, 3], np.float16)
    assert weights[0, 0] == 65_504
    np.testing.assert_array_equal(weights[:, 1:], stored[[0, 2], 1:].astype(np.float16))
    run.write_history([history_row(number) for number in (1, 2)])
    assert run.weights()[0].tolist() == [1]
    run.close(epochs=2)
    assert np.load(run.path / "weights.npy").shape == (1, 535_818)


def test_damaged_weights_are_reported(run: Run) -> None:
    run.write_weights(1, np.zeros(535_818, np.float32))
    run.write_history([history_row(1)])
    np.save(run.path / "weights.npy", np.zeros((5, 7), np.float16))
    with pytest.raises(DamagedRunError, match=r"weights\.npy .*unexpected float16 \(5, 7\)"):
        run.weights()


# --- names, notes and pins


def test_marks_are_kept_apart_from_the_configuration(store: RunStore) -> None:
    run = store.create(RunConfig(), name="first")
    before = (run.path / "config.json").read_bytes()
    run.update_label(name="  second\n name ", note=" line\nline ")
    run.update_label(pinned=True)
    label = store.get(run.id).label
    assert (label.name, label.note, label.pinned) == ("second name", "line\nline", True)
    assert run.name == "second name"
    assert (run.path / "config.json").read_bytes() == before
    run.update_label(name=" ")
    assert run.name == "first"
    assert run.label.note == "line\nline"


def test_long_marks_are_cut_off(run: Run) -> None:
    run.update_label(name="n" * 1_000, note="x" * 10_000)
    assert (len(run.label.name), len(run.label.note)) == (MAX_NAME, MAX_NOTE)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"pinned": "perhaps"}'])
def test_an_unreadable_label_counts_as_none(run: Run, content: str) -> None:
    (run.path / "label.json").write_text(content)
    assert run.label == Label()
    run.update_label(pinned=True)
    assert run.label == Label(pinned=True)


def test_a_deleted_run_cannot_be_marked_or_asked(store: RunStore, run: Run) -> None:
    store.delete(run.id)
    for change in (lambda: run.update_label(name="x"), lambda: run.request(Request.STOP)):
        with pytest.raises(RunNotFoundError, match=run.id):
            change()
    assert os.listdir(store.root) == []


def test_marks_from_several_sides_are_all_kept(store: RunStore, run: Run) -> None:
    changes = [{"name": "named"}, {"note": "noted"}, {"pinned": True}] * 10
    with ThreadPoolExecutor(8) as executor:
        list(executor.map(lambda change: store.get(run.id).update_label(**change), changes))
    assert run.label == Label(name="named", note="noted", pinned=True)


# --- for a list of many runs


def test_history_columns_are_those_of_the_history(run: Run) -> None:
    assert run.history_columns("epoch", "test_loss").shape == (2, 0)
    rows = [
        dict(zip(HISTORY_COLUMNS, np.random.default_rng(epoch).random(13), strict=True))
        for epoch in range(5)
    ]
    run.write_history(rows)
    names = ("validation_accuracy", "epoch")
    np.testing.assert_array_equal(run.history_columns(*names), run.history[[*names]].T)


@pytest.mark.parametrize("content", ["", "x\n1\n", f"{','.join(HISTORY_COLUMNS)}\n1,2\n"])
def test_columns_of_a_damaged_history(run: Run, content: str) -> None:
    (run.path / "history.csv").write_text(content)
    with pytest.raises(DamagedRunError, match=r"history\.csv"):
        run.history_columns("epoch")


def test_the_version_changes_with_label_status_and_history(run: Run) -> None:
    versions = [run.version]
    for change in (
        lambda: run.update_label(pinned=True),
        lambda: run.write_status(Status(state=State.RUNNING)),
        lambda: run.write_history([history_row(1)]),
    ):
        change()
        versions.append(run.version)
    assert len(set(versions)) == 4
    assert run.version == versions[-1]


# --- deleting


def test_a_queued_run_is_stopped_before_it_is_deleted(store: RunStore, run: Run) -> None:
    store.delete(run.id)
    assert os.listdir(store.root) == []


def test_a_paused_training_is_stopped_before_its_run_is_deleted(
    store: RunStore, run: Run, wait_until: Callable[..., None]
) -> None:
    """The other side of `delete`: whoever trains lets go once asked to stop."""
    run.write_status(Status(state=State.PAUSED))
    seen = threading.Event()

    def train() -> None:
        with run.training_lock():
            seen.set()
            wait_until(lambda: run.control.request is Request.STOP, "the request to stop")
            run.write_status(Status(state=State.STOPPED))

    with ThreadPoolExecutor(1) as executor:
        training = executor.submit(train)
        seen.wait()
        store.delete(run.id)
        assert training.exception() is None
    assert os.listdir(store.root) == []


def test_deleting_marking_and_creating_at_once_leaves_whole_runs(store: RunStore) -> None:
    runs = [store.create(RunConfig(), state=State.FINISHED) for _ in range(30)]

    def delete(run: Run) -> bool:
        try:
            store.delete(run.id)
        except RunNotFoundError:
            return False
        return True

    def mark(run: Run) -> None:
        for number in range(5):
            with suppress(RunNotFoundError):
                run.update_label(name=f"name {number}")

    with ThreadPoolExecutor(8) as executor:
        marked = [executor.submit(mark, run) for run in runs]
        deleted = [executor.submit(delete, run) for run in runs[:20] * 2]
        created = [executor.submit(store.create, RunConfig()) for _ in range(10)]
    assert sum(future.result() for future in deleted) == 20
    assert all(future.exception() is None for future in marked)
    left = {run.id for run in runs[20:]} | {future.result().id for future in created}
    assert {run.id for run in store.list()} == left == set(os.listdir(store.root))
    assert all(run.status.state is not State.DAMAGED for run in store.list())
    assert {run.name for run in runs[20:]} == {"name 4"}
