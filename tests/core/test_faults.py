"""Faults, each really caused: disks that are full or read-only, memory, clocks, a second server."""

import json
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import distributed.system
import numpy as np
import pytest

from core.config import RunConfig
from core.engine import Engine
from core.runs import Run, RunStore
from core.status import Request, State, Status
from core.training import train
from tests.core.test_engine import (
    TWICE,
    find_worker,
    pause_after_two_epochs,
    read_address,
    running,
    scheduler,
)

Small = Callable[..., RunConfig]
Wait = Callable[..., None]


def run_on_own_disk(folder: Path, script: str) -> dict[str, Any]:
    """What `script` prints as JSON, with a disk of its own at `folder` that it may remount.

    In a mount namespace, which needs no privilege: `mount(options)` makes the disk or changes it.
    """
    prelude = """
        import json, subprocess, sys
        from core.config import RunConfig
        from core.run_errors import RunError
        from core.runs import RunStore
        from core.training import train

        folder = sys.argv[1]

        def mount(options):
            subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", folder], check=True)

        if __name__ == "__main__":
    """
    text = textwrap.dedent(prelude) + textwrap.indent(textwrap.dedent(script), "    ")
    folder.mkdir()
    path = folder.with_suffix(".py")
    path.write_text(text)
    command = ["unshare", "--map-root-user", "--mount", sys.executable, str(path), str(folder)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert result.returncode == 0, result.stderr
    answer: dict[str, Any] = json.loads(result.stdout)
    return answer


def test_full_disk_keeps_what_is_there_and_the_run_goes_on_when_there_is_room(
    tmp_path: Path, store: RunStore, small: Small
) -> None:
    config = small(epochs=4)
    answer = run_on_own_disk(
        tmp_path / "disk",
        f"""
        mount("size=1m")
        run = RunStore(folder).create(RunConfig.model_validate_json('{config.model_dump_json()}'))
        try:
            train(run)
        except RunError as error:
            sentence = str(error)
        kept = len(run.history)
        mount("remount,size=50m")
        state = train(run).state
        print(json.dumps([run.id, sentence, kept, state, run.history["test_loss"].tolist()]))
        """,
    )
    run_id, sentence, kept, state, losses = answer
    assert sentence.startswith(f"run {run_id} cannot be written: ")
    assert "No space left on device" in sentence
    assert 1 <= kept < 4
    assert state == State.FINISHED
    undisturbed = store.create(config)
    train(undisturbed)
    assert losses == undisturbed.history["test_loss"].tolist()


def test_engine_names_a_run_that_cannot_be_written_and_tries_again(tmp_path: Path) -> None:
    problem, state, troubles = run_on_own_disk(
        tmp_path / "disk",
        """
        import time
        import core.engine

        core.engine._TRY_AGAIN_SECONDS = 1
        mount("size=50m")
        store = RunStore(folder)
        run = store.create(RunConfig(hidden=(16,), training_images=1_000, epochs=2))
        mount("remount,ro")
        engine = core.engine.Engine(store)
        engine.start()
        while run.id not in engine.troubles:
            time.sleep(0.1)
        problem = engine.troubles[run.id]
        mount("remount,rw")
        while run.status.state.is_active or engine.troubles:
            time.sleep(0.1)
        engine.stop()
        print(json.dumps([problem, run.status.state, engine.troubles]))
        """,
    )
    assert "Read-only file system" in problem
    assert state == State.FINISHED
    assert troubles == {}


def test_worker_killed_for_memory(
    store: RunStore, small: Small, wait_until: Wait, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Dask kills a worker that fills its memory; the run that it trained goes on in another."""
    monkeypatch.setattr(distributed.system, "MEMORY_LIMIT", 3_000_000_000)
    run = store.create(small(epochs=60, batch_size=16))
    with running(store) as engine:
        pause_after_two_epochs(run, wait_until)
        worker = find_worker(engine)
        job = engine.submit(_eat_memory, str(tmp_path / "eaten"))  # held, or it would be dropped
        wait_until(lambda: not worker.is_running())
        run.ask(Request.RUN)
        wait_until(lambda: run.status.state is State.FINISHED)
        assert job.result(timeout=60) is None
    assert run.history["epoch"].tolist() == list(range(1, 61))


def _eat_memory(marker: str) -> None:
    if Path(marker).exists():  # Dask tries it again in the next worker
        return
    Path(marker).touch()
    eaten = []
    for _ in range(80):  # to 4 GB, which is more than it may have, and no more than there is
        eaten.append(bytearray(b"1") * 50_000_000)
        time.sleep(0.02)
    time.sleep(60)


def test_worker_that_does_not_see_the_folder_is_named(
    tmp_path: Path,
    store: RunStore,
    small: Small,
    wait_until: Wait,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its disk lacks the folder: here, because another disk is mounted above it."""
    run = store.create(small())
    about = tmp_path / "scheduler.json"
    with scheduler(0, about):
        wait_until(about.exists)
        address = read_address(about)
        monkeypatch.setenv("DASK_SCHEDULER_ADDRESS", address)
        arguments = ["worker", address, "--host=127.0.0.1", "--resources", "train=1"]
        script = 'mount -t tmpfs none "$0" && exec "$@"'
        hide = ["unshare", "--map-root-user", "--mount", "sh", "-c", script, str(store.root)]
        command = [*hide, sys.executable, "-m", "dask", *arguments, "--no-nanny"]
        with running(store) as engine, subprocess.Popen(command) as blind:
            try:
                wait_until(lambda: run.id in engine.troubles)
            finally:
                blind.kill()
            assert "the worker at tcp://127.0.0.1:" in engine.troubles[run.id]
            assert f"does not see run {run.id} in {store.root}" in engine.troubles[run.id]
            assert run.status.state is State.QUEUED


def test_run_whose_lock_cannot_be_opened_holds_up_no_other(
    store: RunStore, small: Small, wait_until: Wait
) -> None:
    runs = [store.create(small(), state=State.RUNNING) for _ in range(2)]
    for run in runs:
        run.write_status(Status(state=State.RUNNING, heartbeat=0))
        (run.path / ".lock").mkdir()
    other = store.create(small())
    with running(store) as engine:
        wait_until(lambda: other.status.state is State.FINISHED)
        assert engine.troubles.keys() == {run.id for run in runs}
        assert f"run {runs[0].id} cannot be written" in engine.troubles[runs[0].id]
        (runs[0].path / ".lock").rmdir()
        wait_until(lambda: runs[0].status.state is State.FINISHED)
        shutil.rmtree(runs[1].path)
        wait_until(lambda: engine.troubles == {})


DIE_AT_THE_END = """
import os, signal, sys
from core.runs import RunStore
from core.status import Request, State
from core.training import train

run = RunStore(sys.argv[1]).get(sys.argv[2])

def listen(status):
    if len(run.history) == 2:
        run.ask(Request.STOP)
    if status.state is State.STOPPED:
        os.kill(os.getpid(), signal.SIGKILL)

train(run, listen)
"""


def test_what_a_killed_training_had_no_time_to_give_up_is_given_up(
    store: RunStore, small: Small, wait_until: Wait
) -> None:
    run = store.create(small(epochs=50), state=State.RUNNING)
    trainer = subprocess.run([sys.executable, "-c", DIE_AT_THE_END, str(store.root), run.id])
    assert trainer.returncode == -signal.SIGKILL
    assert run.status.state is State.STOPPED
    before, epochs = run.test_probabilities().copy(), len(run.history)
    kept = run.path / "test_probabilities.npy"
    assert len(np.load(kept, mmap_mode="r")) == 50
    assert not run.is_closed
    with running(store):
        wait_until(lambda: run.is_closed)
    assert len(np.load(kept, mmap_mode="r")) == epochs < 50
    np.testing.assert_array_equal(run.test_probabilities(), before)


def test_two_servers_on_one_folder_train_a_run_once(
    store: RunStore, small: Small, wait_until: Wait
) -> None:
    """Both give it to their worker; one trains it, the other is told that somebody does."""
    run = store.create(small(epochs=200, batch_size=16, training_images=4_000))
    with running(store) as first, running(store) as second:
        futures = [engine.submit_run(run.id) for engine in (first, second)]
        wait_until(lambda: any(future.done() for future in futures))
        refused, trained = sorted(futures, key=lambda future: not future.done())
        assert refused.result() is None
        wait_until(lambda: len(run.history) >= 2)
        assert not trained.done()
        run.ask(Request.STOP)
        assert trained.result(timeout=60).state is State.STOPPED


CLOCK_SET_BACK = """
import sys, time
from core.runs import RunStore
from core.training import train

run = RunStore(sys.argv[1]).get(sys.argv[2])
right_time = time.time

def set_back(status):
    if len(run.history) >= 2:
        time.time = lambda: right_time() - 3600

train(run, set_back)
"""


def test_clock_set_back_during_a_training(store: RunStore, small: Small, wait_until: Wait) -> None:
    """Its signs of life seem an hour old; yet nobody else takes the run up while it trains."""
    run = store.create(small(**TWICE), state=State.RUNNING)
    command = [sys.executable, "-c", CLOCK_SET_BACK, str(store.root), run.id]
    with subprocess.Popen(command) as trainer:
        pause_after_two_epochs(run, wait_until)
        wait_until(lambda: run.status.age > 3000)
        with running(store) as engine:
            wait_until(lambda: [each.id for each in engine.training] == [run.id])
            run.ask(Request.RUN)
            wait_until(lambda: run.status.state is State.FINISHED)
        assert trainer.wait(60) == 0
    assert run.status.age > 3000  # it was this process that trained it to its end
    assert (run.history["seconds"] > 0).all()
    assert run.status.seconds == pytest.approx(run.history["seconds"].sum())


@pytest.mark.parametrize("hours", [-1, 1], ids=["set forward", "set back"])
def test_clock_set_while_a_run_was_interrupted(
    store: RunStore, small: Small, wait_until: Wait, hours: int
) -> None:
    """The last heartbeat lies in the future after a clock was set back; it is silence all the
    same."""
    run = store.create(small(), state=State.RUNNING)
    heartbeat = time.time() + 3600 * hours
    run.write_status(Status(state=State.RUNNING, epoch=1, heartbeat=heartbeat))
    with running(store):
        wait_until(lambda: run.status.state is State.FINISHED)
    assert abs(run.status.heartbeat - time.time()) < 600


def test_deleted_run_leaves_the_engine_in_peace(
    store: RunStore, small: Small, wait_until: Wait
) -> None:
    run = store.create(small(epochs=200, batch_size=16))
    with running(store) as engine:
        wait_until(lambda: run.status.epoch >= 2)
        store.delete(run.id)
        following = store.create(small())
        wait_until(lambda: following.status.state is State.FINISHED)
        wait_until(lambda: not _is_known(engine, run))
    assert [each.id for each in store.list()] == [following.id]


def _is_known(engine: Engine, run: Run) -> bool:
    return run.id in {each.id for each in [*engine.queue, *engine.training]}
