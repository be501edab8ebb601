"""`python -m core sweep` in a process of its own: to its end, interrupted, and resumed."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import BaseModel, field_serializer

from core.__main__ import main
from core.runs import Run, RunStore
from core.status import State, Status
from core.sweep.store import SweepStore
from core.sweep.study import load_study, trial_table

SMALL = ["--hidden", "16", "--epochs", "2", "--training-images", "1000"]


def start(runs: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "core", "sweep", *arguments],
        env=os.environ | {"DIGITLAB_RUNS": str(runs)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_interrupted_sweep_is_resumed_and_tries_each_trial_once(
    tmp_path: Path, wait_until: Callable[..., None]
) -> None:
    runs, sweeps = RunStore(tmp_path), SweepStore(RunStore(tmp_path))
    vary = ["--vary", "dropout=0:0.7", "--vary", "l2=1e-6:1e-2:log"]
    vary += ["--trials", "1000"]  # so that it cannot be done before the signal comes
    with start(tmp_path, *SMALL, *vary) as process:
        wait_until(lambda: any(sweep.status.complete >= 2 for sweep in sweeps.list()))
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=300)
    (sweep,) = sweeps.list()
    assert f"interrupted; go on with: python -m core sweep --resume {sweep.id}" in said
    assert process.returncode == 130
    planned = sweep.status.done + 4
    control = sweep.control.model_copy(update={"trials": planned})
    (sweep.path / "control.json").write_text(control.model_dump_json())

    with start(tmp_path, "--resume", sweep.id) as process:
        line, _ = process.communicate(timeout=300)
    assert process.returncode == 0
    trials = trial_table(load_study(sweep), ["dropout", "l2"])
    assert (trials["state"] == "complete").sum() == len(trials) == planned
    assert trials["dropout"].between(0, 0.7).all()
    assert trials["l2"].between(1e-6, 1e-2).all()
    best = trials.loc[trials["value"].idxmax()]
    assert line.startswith(
        f"sweep {sweep.id} trials {planned} cut_short 0 best_trial {best.number} "
    )
    assert f"validation_accuracy {best.value:.4f} " in line
    finished = [run.id for run in runs.list() if run.status.state is State.FINISHED]
    assert len(finished) == planned


def test_a_run_that_is_deleted_meanwhile_is_replaced(
    tmp_path: Path, wait_until: Callable[..., None]
) -> None:
    runs, sweeps = RunStore(tmp_path), SweepStore(RunStore(tmp_path))
    slow = ["--hidden", "64", "--epochs", "100", "--training-images", "1000", "--batch-size", "16"]
    with start(tmp_path, *slow, "--vary", "dropout=0:0.7", "--trials", "1") as process:
        wait_until(lambda: any(run.status.batch for run in runs.list()))
        (gone,) = runs.list()
        runs.delete(gone.id)
        wait_until(lambda: any(run.status.batch for run in runs.list()))
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=300)
    assert process.returncode == 130
    (sweep,) = sweeps.list()
    (run,) = runs.list()
    trials = trial_table(load_study(sweep), ["dropout"])
    assert list(trials["state"]) == ["fail", "running"]
    assert list(trials["runs"]) == [[gone.id], [run.id]]


class Interrupted(BaseModel):
    """Ctrl-C comes while this is serialised; pydantic makes an error of what is raised there."""

    value: int = 0

    @field_serializer("value")
    def interrupt(self, value: int) -> int:
        os.kill(os.getpid(), signal.SIGINT)
        return value


def test_interrupt_while_a_file_is_written_is_no_fault_of_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write = Run.write_status

    def interrupted(run: Run, status: Status) -> None:
        if status.epoch == 2:
            Interrupted().model_dump_json()
        write(run, status)

    monkeypatch.setenv("DIGITLAB_RUNS", str(tmp_path))
    monkeypatch.setattr(Run, "write_status", interrupted)
    before = signal.getsignal(signal.SIGINT)
    try:
        assert main(["sweep", *SMALL, "--vary", "dropout=0:0.7", "--trials", "2"]) == 130
    finally:
        signal.signal(signal.SIGINT, before)
    assert "interrupted; go on with: python -m core sweep --resume" in capsys.readouterr().out
    (run,) = RunStore(tmp_path).list()
    assert run.status.state is State.RUNNING


@pytest.mark.parametrize(
    ("vary", "sentence"),
    [
        ("dropout=0:2", "dropout: 2 is out of range; choose 0 to 0.9"),
        ("dropuot=0:0.5", "dropuot"),
        ("l2=1:", "l2"),
    ],
)
def test_wrong_range_gets_a_sentence(tmp_path: Path, vary: str, sentence: str) -> None:
    with start(tmp_path, "--vary", vary, "--trials", "3") as process:
        _, said = process.communicate(timeout=300)
    assert process.returncode == 2
    assert sentence in said
    assert "Traceback" not in said
    assert RunStore(tmp_path).list() == []
