"""Faults, each really caused: disks that are full or read-only, memory, clocks, a second server."""

import json
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import distributed.system
import pytest

from core.config import RunConfig
from core.engine import Engine
from core.runs import Run, RunStore
from core.status import State, Status
from core.training import train
from tests.core.test_engine import running

Small = Callable[..., RunConfig]
Wait = Callable[..., None]


def run_on_own_disk(folder: Path, script: str) -> dict[str, Any]:
    """What `script` prints as JSON, with a disk of its own at `folder` that it may remount.

    In a mount namespace, which needs no privilege: `mount(options)` makes the disk or changes it.
    """
    prelude = """
        import json, subprocess, sys
        from core.config import RunConfig
        from core.runs import RunError, RunStore
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
        mount("size=800k")
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
        while run.status.state.is_active:
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
        wait_until(lambda: len(run.history) >= 2)
        engine.submit(_eat_memory, str(tmp_path / "eaten"))
        wait_until((tmp_path / "eaten").exists)
        wait_until(lambda: run.status.state is State.FINISHED)
    assert run.history["epoch"].tolist() == list(range(1, 61))


def _eat_memory(marker: str) -> None:
    if Path(marker).exists():  # Dask tries it again in the next worker
        return
    Path(marker).touch()
    eaten = []
    while True:
        eaten.append(bytearray(b"1") * 50_000_000)
        time.sleep(0.02)


def test_two_servers_on_one_folder_train_each_run_once(
    store: RunStore, small: Small, wait_until: Wait
) -> None:
    runs = [store.create(small(epochs=8)) for _ in range(4)]
    with running(store), running(store):
        wait_until(lambda: all(run.status.state is State.FINISHED for run in runs))
    for run in runs:
        assert run.history["epoch"].tolist() == list(range(1, 9))
    assert {run.status.epoch for run in runs} == {8}


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
