"""Faults of the machine, really caused: a disk that is full, a clock that is set back."""

import json
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.config import RunConfig
from core.runs import RunStore
from core.runs.status import State, Status
from core.training import train

Small = Callable[..., RunConfig]


def run_on_own_disk(folder: Path, script: str) -> Any:
    """What `script` prints as JSON, with a disk of its own at `folder` that it may remount.

    In a mount namespace, which needs no privilege: `mount(options)` makes the disk or changes it.
    """
    prelude = """
        import json, subprocess, sys
        from core.config import RunConfig
        from core.runs.errors import RunError
        from core.runs import RunStore

        folder = sys.argv[1]

        def mount(options):
            subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", folder], check=True)
    """
    folder.mkdir()
    program = textwrap.dedent(prelude) + textwrap.dedent(script)
    command = ["unshare", "--map-root-user", "--mount", sys.executable, "-c", program, str(folder)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def test_a_disk_that_is_read_only_or_full_keeps_what_is_there_and_the_run_goes_on(
    tmp_path: Path, store: RunStore, small: Small
) -> None:
    config = small(epochs=4)
    run_id, read_only, full, kept, state, losses = run_on_own_disk(
        tmp_path / "disk",
        f"""
        from core.training import train

        def refuse():
            try:
                train(run)
            except RunError as error:
                return str(error)

        mount("size=50m")
        run = RunStore(folder).create(RunConfig.model_validate_json('{config.model_dump_json()}'))
        mount("remount,ro")
        read_only = refuse()
        mount("remount,rw,size=1m")
        full = refuse()
        kept = len(run.history)
        mount("remount,size=50m")
        state = train(run).state
        print(json.dumps(
            [run.id, read_only, full, kept, state, run.history["test_loss"].tolist()]
        ))
        """,
    )
    for words, why in ((read_only, "Read-only file system"), (full, "No space left on device")):
        assert words.startswith(f"run {run_id} cannot be written: ")
        assert why in words
    assert 1 <= kept < 4
    assert state == State.FINISHED
    undisturbed = store.create(config)
    train(undisturbed)
    assert losses == undisturbed.history["test_loss"].tolist()


def test_a_clock_that_is_set_back_during_a_training(
    store: RunStore, small: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its signs of life seem an hour old; what is counted in seconds stays right."""
    run = store.create(small(epochs=4))
    right_time = time.time

    def set_back(status: Status) -> None:
        if len(run.history) == 2:
            monkeypatch.setattr(time, "time", lambda: right_time() - 3600)

    assert train(run, set_back).state is State.FINISHED
    monkeypatch.setattr(time, "time", right_time)
    assert run.status.seconds_since_written > 3000
    assert (run.history["seconds"] > 0).all()
    assert run.status.seconds == pytest.approx(run.history["seconds"].sum())
