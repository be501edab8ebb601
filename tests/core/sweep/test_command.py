"""`python -m core sweep`: to its end, interrupted, and resumed.

One process of its own gets a real Ctrl-C; the others are called here.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from pydantic import BaseModel, field_serializer

from core.__main__ import main
from core.runs import Run, RunStore
from core.runs.errors import RunBusyError
from core.runs.status import Request, State, Status
from core.sweep.store import Sweep, SweepStore
from core.sweep.study import load_study, trial_table
from tests.core.sweep.stand_in import imitate_training

SMALL = ["--hidden", "16", "--epochs", "2", "--training-images", "1000"]

COMMAND = """
import sys
from core.__main__ import main
from tests.core.sweep.stand_in import replace_training

replace_training()
sys.exit(main())
"""

Said = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunStore:
    """The runs of the command."""
    monkeypatch.setenv("DIGITLAB_RUNS", str(tmp_path))
    return RunStore()


@pytest.fixture(autouse=True)
def _own_ctrl_c() -> Iterator[None]:
    """The command takes the signal over, and has no need to give it back."""
    before = signal.getsignal(signal.SIGINT)
    yield
    signal.signal(signal.SIGINT, before)


def table(sweep: Sweep):
    return trial_table(load_study(sweep), list(sweep.config.vary))


def test_interrupted_sweep_is_resumed_and_tries_each_trial_once(
    runs: RunStore, wait_until: Callable[..., None], capsys: Said
) -> None:
    """Interrupted in a process of its own, which has the stand-in; resumed here, for real."""
    vary = ["--vary", "epochs=1:3", "--vary", "learning_rate=1e-4:1e-2:log"]
    vary += ["--trials", "1000"]  # so that it cannot be done before the signal comes
    command = [sys.executable, "-c", COMMAND, "sweep", *SMALL, *vary]
    sweeps = SweepStore(runs)
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            wait_until(sweeps.list, "the command to start and create a sweep", 120)
            wait_until(lambda: sweeps.list()[0].status.complete >= 2, "two trials", 120)
            process.send_signal(signal.SIGINT)
            wait_until(lambda: process.poll() is not None, "the command to end")
        finally:
            process.kill()
        said, _ = process.communicate()
    (sweep,) = sweeps.list()
    assert f"interrupted; go on with: python -m core sweep --resume {sweep.id}" in said
    assert process.returncode == 130
    assert sweep.state is State.PAUSED
    planned = sweep.status.done + 2
    control = sweep.control.model_copy(update={"trials": planned})
    (sweep.path / "control.json").write_text(control.model_dump_json())

    assert main(["sweep", "--resume", sweep.id]) == 0
    trials = table(sweep)
    assert (trials["state"] == "complete").sum() == len(trials) == planned
    assert trials["epochs"].isin([1, 2, 3]).all()
    assert trials["learning_rate"].between(1e-4, 1e-2).all()
    best = trials.loc[trials["value"].idxmax()]
    line = capsys.readouterr().out
    assert line.startswith(
        f"sweep {sweep.id} trials {planned} cut_short 0 best_trial {best.number} "
    )
    assert f"validation_accuracy {best.value:.4f} " in line
    finished = [run.id for run in runs.list() if run.status.state is State.FINISHED]
    assert len(finished) == planned


def test_a_run_that_is_deleted_meanwhile_is_replaced(
    runs: RunStore, monkeypatch: pytest.MonkeyPatch, capsys: Said
) -> None:
    """While it trains: its next write finds no folder."""
    gone: list[str] = []

    def train(run: Run, on_status: Callable[[Status], object]) -> Status:
        def delete(status: Status) -> None:
            if status.batch and not gone:
                runs.delete(run.id)
                gone.append(run.id)
            on_status(status)

        return imitate_training(run, delete)

    monkeypatch.setattr("core.runs.store._STOP_SECONDS", 0)
    monkeypatch.setattr("core.training.train", train)
    assert main(["sweep", *SMALL, "--vary", "dropout=0:0.7", "--trials", "1"]) == 0
    assert "trials 1 cut_short 0 best_trial 1 " in capsys.readouterr().out
    (sweep,) = SweepStore(runs).list()
    (run,) = runs.list()
    trials = table(sweep)
    assert list(trials["state"]) == ["fail", "complete"]
    assert list(trials["runs"]) == [gone, [run.id]]


def test_a_run_that_somebody_stops_is_cut_short_once_it_is_clear_that_it_stays(
    runs: RunStore, monkeypatch: pytest.MonkeyPatch, capsys: Said
) -> None:
    """Meanwhile the command waits, and does not look as often as it can."""
    waits = []

    def train(run: Run, on_status: Callable[[Status], object]) -> Status:
        def stop(status: Status) -> None:
            if status.batch:
                run.request(Request.STOP)
            on_status(status)

        return imitate_training(run, stop)

    def wait(seconds: float) -> None:
        waits.append(seconds)
        monkeypatch.setattr("core.sweep.driver._DELETE_SECONDS", 0)

    monkeypatch.setattr("core.sweep.driver._DELETE_SECONDS", 30)
    monkeypatch.setattr("core.training.train", train)
    monkeypatch.setattr("core.command_line.sweep.time", SimpleNamespace(sleep=wait))
    assert main(["sweep", *SMALL, "--vary", "dropout=0:0.7", "--trials", "1"]) == 0
    assert "trials 1 cut_short 1 no trial came to its end" in capsys.readouterr().out
    assert waits == [0.5]
    (run,) = runs.list()
    assert (run.status.state, len(run.history)) == (State.STOPPED, 1)
    (sweep,) = SweepStore(runs).list()
    assert list(table(sweep)["state"]) == ["pruned"]


def test_a_run_that_a_server_trains_already_is_waited_for(
    runs: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = []

    def train(run: Run, on_status: Callable[[Status], object]) -> Status:
        tries.append(run.id)
        if len(tries) == 2:  # by now the server has trained it
            imitate_training(run)
        raise RunBusyError(f"another process is training run {run.id}")

    monkeypatch.setattr("core.command_line.sweep._BUSY_SECONDS", 0)
    monkeypatch.setattr("core.training.train", train)
    assert main(["sweep", *SMALL, "--vary", "dropout=0:0.7", "--trials", "1"]) == 0
    (run,) = runs.list()
    assert tries == [run.id] * 2
    (sweep,) = SweepStore(runs).list()
    assert list(table(sweep)["state"]) == ["complete"]


class Interrupted(BaseModel):
    """Ctrl-C comes while this is serialised; pydantic makes an error of what is raised there."""

    value: int = 0

    @field_serializer("value")
    def interrupt(self, value: int) -> int:
        os.kill(os.getpid(), signal.SIGINT)
        return value


def test_interrupt_while_a_file_is_written_is_no_fault_of_the_run(
    runs: RunStore, monkeypatch: pytest.MonkeyPatch, capsys: Said
) -> None:
    write = Run.write_status

    def interrupted(run: Run, status: Status) -> None:
        if status.epoch == 2:
            Interrupted().model_dump_json()
        write(run, status)

    monkeypatch.setattr(Run, "write_status", interrupted)
    assert main(["sweep", *SMALL, "--vary", "dropout=0:0.7", "--trials", "2"]) == 130
    assert "interrupted; go on with: python -m core sweep --resume" in capsys.readouterr().out
    (run,) = runs.list()
    assert run.status.state is State.RUNNING


@pytest.mark.parametrize(
    ("vary", "sentence"),
    [
        ("dropout=0:2", "dropout: 2 is out of range; choose 0 to 0.9"),
        ("dropuot=0:0.5", "dropuot"),
        ("l2=1:", "l2"),
    ],
)
def test_wrong_range_gets_a_sentence(
    runs: RunStore, vary: str, sentence: str, capsys: Said
) -> None:
    with pytest.raises(SystemExit) as exited:
        main(["sweep", "--vary", vary, "--trials", "3"])
    assert exited.value.code == 2
    said = capsys.readouterr().err
    assert sentence in said
    assert said.count("\n") == 1
    assert runs.list() == []
    assert SweepStore(runs).list() == []
