"""The command line of `core/__main__.py`."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from core.__main__ import main
from core.analysis.ending import is_chance
from core.config import PRESETS, RunConfig
from core.config.architecture import count_parameters
from core.runs import HISTORY_COLUMNS, Run, RunStore
from core.runs.status import Request, State, Status
from core.training import train as train_here

SMALL = ["--training-images", "1000", "--validation-share", "0.05"]
RESULT = re.compile(
    r"run (?P<id>\S+) epochs (?P<epochs>\d+) network_epoch (?P<epoch>\d+) "
    r"test_loss (?P<loss>\d+\.\d{4}) test_accuracy (?P<accuracy>[01]\.\d{4}) "
    r"(best_epoch (?P<best>\d+) best_epoch_test_accuracy (?P<best_accuracy>[01]\.\d{4}) )?"
    r"seconds (?P<seconds>\d+\.\d)\n"
)


@pytest.fixture(autouse=True)
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunStore:
    """The runs folder that the command line finds in the environment."""
    monkeypatch.setenv("DIGITLAB_RUNS", str(tmp_path / "runs"))
    return RunStore()


@pytest.fixture
def _interrupt_handler() -> Iterator[None]:
    """Put back the handler of Ctrl-C that a training replaces."""
    before = signal.getsignal(signal.SIGINT)
    yield
    signal.signal(signal.SIGINT, before)


def run_command(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "core", *arguments], capture_output=True, text=True, timeout=300
    )


def fail(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The sentence that a command ends with which cannot be obeyed."""
    with pytest.raises(SystemExit) as exit_:
        main(arguments)
    assert exit_.value.code == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.endswith("\n")
    assert err.count("\n") == 1
    return err.strip()


# --- train


def test_train_ends_with_one_line_and_a_run_directory(store: RunStore) -> None:
    options = ["--preset", "overfit", "--hidden", "32", "16", "--epochs", "2", "--seed", "3"]
    result = run_command("train", *options, *SMALL, "--name", "by hand", "--dropout", "0.1")
    assert result.returncode == 0, result.stderr
    line = RESULT.fullmatch(result.stdout)
    assert line is not None, result.stdout
    (run,) = store.list()
    assert run.id == line["id"]
    assert run.name == "by hand"
    assert run.config == RunConfig(
        hidden=(32, 16), epochs=2, seed=3, dropout=0.1, batch_size=64, training_images=1_000,
        validation_share=0.05,
    )  # fmt: skip
    assert run.status.state is State.FINISHED
    last = run.history.iloc[-1]
    assert int(line["epochs"]) == int(line["epoch"]) == len(run.history) == 2
    assert float(line["loss"]) == pytest.approx(last["test_loss"], abs=5e-5)
    assert float(line["accuracy"]) == pytest.approx(last["test_accuracy"], abs=5e-5)
    assert float(line["seconds"]) == pytest.approx(run.status.seconds, abs=0.05)


@pytest.mark.usefixtures("_interrupt_handler")
def test_train_from_another_run_goes_on_with_its_network(store: RunStore) -> None:
    parent = store.create(RunConfig(hidden=(16,), training_images=1_000, validation_share=0.05))
    assert train_here(parent).state is State.FINISHED
    assert main(["train", "--from", parent.id, "--epochs", "1", "--learning-rate", "1e-6"]) == 0
    child = store.list()[0]
    changes = {"epochs": 1, "learning_rate": 1e-6}
    assert child.config == parent.config.model_copy(update=changes)
    assert child.record.parent
    assert child.record.parent.run == parent.id
    accuracies = [run.history["test_accuracy"].iloc[-1] for run in (parent, child)]
    assert accuracies[1] == pytest.approx(accuracies[0], abs=0.003)


def test_a_run_that_cannot_be_trained_on_is_refused_with_a_sentence(
    store: RunStore, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "there is no run 'nobody'" in fail(capsys, "train", "--from", "nobody")
    queued = store.create(RunConfig())
    assert "has not ended with a network" in fail(capsys, "train", "--from", queued.id)


@pytest.fixture
def fake_training(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """`fake_training(losses, accuracies)`: what `train` will leave, without TensorFlow.

    The validation losses and test accuracies after each epoch; early stopping as the run has it.
    """

    def fake(losses: list[float], accuracies: list[float]) -> None:
        def train(run: Run, on_status: Callable[[Status], object]) -> Status:
            rows = [
                dict.fromkeys(HISTORY_COLUMNS, accuracy)
                | {"epoch": epoch, "validation_loss": loss, "test_loss": loss + 0.01}
                | {"train_loss": loss, "base_learning_rate": run.config.learning_rate}
                | {"l2_penalty": 0.0}
                for epoch, (loss, accuracy) in enumerate(zip(losses, accuracies, strict=True), 1)
            ]
            run.write_history(rows)
            run.write_model(lambda path: path.write_bytes(b"model"))
            restores = run.config.early_stopping and run.config.restore_best_weights
            final_epoch = losses.index(min(losses)) + 1 if restores else len(losses)
            status = Status(
                state=State.FINISHED, epoch=len(losses), final_epoch=final_epoch, seconds=1.5
            )
            run.write_status(status)
            return status

        monkeypatch.setattr("core.training.train", train)

    return fake


def train_faked(capsys: pytest.CaptureFixture[str], *options: str) -> tuple[str, str]:
    """What `train` prints: after the run's id, and on the error stream, without the bar."""
    assert main(["train", *SMALL, *options]) == 0
    out, err = capsys.readouterr()
    return out.split(maxsplit=2)[2], "\n".join(err.splitlines()[1:])


@pytest.mark.usefixtures("_interrupt_handler")
@pytest.mark.parametrize("restores", ["on", "off"])
def test_a_result_names_the_epoch_that_it_belongs_to(
    restores: str, fake_training: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    fake_training([0.101, 0.1, 0.2, 0.3], [0.9, 0.97, 0.974, 0.972])
    options = ["--early-stopping", "on", "--patience", "2", "--restore-best-weights", restores]
    out, err = train_faked(capsys, *options)
    expected = {
        "on": "network_epoch 2 test_loss 0.1100 test_accuracy 0.9700 ",
        "off": "network_epoch 4 test_loss 0.3100 test_accuracy 0.9720 "
        "best_epoch 2 best_epoch_test_accuracy 0.9700 ",
    }
    assert out == f"epochs 4 {expected[restores]}seconds 1.5\n"
    assert err == ""
    assert main(["runs"]) == 0
    row = " ".join(capsys.readouterr().out.split())
    assert ("97.00% 2 2" if restores == "on" else "97.20% 4 (best 2: 97.00%) 2") in row


@pytest.mark.usefixtures("_interrupt_handler")
@pytest.mark.parametrize(
    ("accuracies", "state", "sentence"),
    [
        (
            [0.1009, 0.0892, 0.0974],
            "finished (learned nothing)",
            "no better than chance: It learned nothing: it gets 9.74 ",
        ),
        (
            [0.9, 0.9712, 0.1135],
            "finished (lost what it had learned)",
            "after epoch 2 it was 97.12 %",
        ),
        (
            [0.9, 0.9798, 0.937],
            "finished (had been better)",
            "had been better: It had been better: it gets 93.70 %",
        ),
    ],
)
def test_a_run_that_ends_badly_says_so(
    accuracies: list[float],
    state: str,
    sentence: str,
    fake_training: Callable[..., None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    fake_training([5.0, 4.0, 4.5], accuracies)
    out, err = train_faked(capsys, "--learning-rate", "10")
    assert f"test_accuracy {accuracies[-1]:.4f} " in out
    assert err.startswith("python -m core: run ")
    assert sentence in err
    assert main(["runs"]) == 0
    assert state in capsys.readouterr().out


def test_a_training_that_diverges_warns_of_nothing_and_says_what_came_of_it(
    store: RunStore,
) -> None:
    options = "--training-images 5000 --epochs 3 --hidden 64 64 --optimizer sgd-momentum"
    options += " --learning-rate 10 --batch-size 64"
    result = run_command("train", *options.split(), "--name", "diverged")
    (run,) = store.list()
    assert "Warning" not in result.stderr
    assert np.isfinite(run.first_layer()).all()
    if run.status.state is State.FAILED:  # another processor may round its way to infinity
        assert "Try a learning rate ten times smaller" in result.stderr
    else:
        assert result.returncode == 0, result.stderr
        ended_at_chance = is_chance(run.history["test_accuracy"].iloc[-1])
        words = "no better than chance: "
        assert (words in result.stderr) == ended_at_chance


@pytest.mark.usefixtures("_interrupt_handler")
def test_early_stopping_prints_the_row_of_the_weights_it_keeps(
    store: RunStore, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--hidden", "16", "--learning-rate", "0.05", "--early-stopping", "on"]
    assert main(["train", *options, "--patience", "2", *SMALL]) == 0
    line = RESULT.fullmatch(capsys.readouterr().out)
    assert line is not None
    (run,) = store.list()
    best = run.history.set_index("epoch").loc[run.status.final_epoch]
    assert int(line["epochs"]) == len(run.history)
    assert int(line["epoch"]) == run.status.final_epoch
    assert line["best"] is None
    assert float(line["loss"]) == pytest.approx(best["test_loss"], abs=5e-5)
    assert float(line["accuracy"]) == pytest.approx(best["test_accuracy"], abs=5e-5)


@pytest.mark.usefixtures("_interrupt_handler")
def test_interrupt_stops_the_run_and_keeps_what_is_there(
    store: RunStore, capsys: pytest.CaptureFixture[str], wait_until: Callable[..., None]
) -> None:
    def interrupt() -> None:
        # The handler is in place once the training has written its first status.
        wait_until(lambda: any(run.status.epoch >= 2 for run in store.list()), "the second epoch")
        os.kill(os.getpid(), signal.SIGINT)

    with ThreadPoolExecutor(1) as executor:
        interrupted = executor.submit(interrupt)
        assert main(["train", "--hidden", "16", "--epochs", "200", *SMALL]) == 0
        interrupted.result()
    line = RESULT.fullmatch(capsys.readouterr().out)
    assert line is not None
    run = store.get(line["id"])
    assert run.status.state is State.STOPPED
    assert run.model_path.exists()
    assert 1 <= len(run.history) < 200


@pytest.mark.usefixtures("_interrupt_handler")
def test_second_interrupt_ends_the_process_while_the_first_is_obeyed(
    store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def interrupt(*_: object, **options: object) -> None:
        os.kill(os.getpid(), signal.SIGINT)

    def ask(run: Run, request: Request) -> None:
        asked.append(request)
        interrupt()

    monkeypatch.setattr("core.training.train", interrupt)
    monkeypatch.setattr(Run, "request", ask)
    with pytest.raises(SystemExit) as exit_:
        main(["train", *SMALL])
    assert exit_.value.code == 130
    assert asked == [Request.STOP]


@pytest.mark.usefixtures("_interrupt_handler")
def test_failed_run_gives_its_sentence_and_status_1(
    store: RunStore, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--hidden", "64", "64", "--optimizer", "sgd", "--l2", "0.1", "--batch-size", "16"]
    assert main(["train", *options, "--learning-rate", "10", *SMALL]) == 1
    out, err = capsys.readouterr()
    (run,) = store.list()
    assert out == ""
    last_line = err.splitlines()[-1]
    assert last_line.endswith(f"run {run.id} failed: {run.status.error}")


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--epochs", "0"], "--epochs: 0 is out of range; choose 1 to 200"),
        (["--epochs", "many"], "--epochs: 'many' is not a valid integer"),
        (["--learning-rate", "nan"], "--learning-rate: nan is out of range; choose 1e-06 to 10"),
        (["--l2", "1e-7"], "--l2: 1e-07 is out of range; choose 0 or 1e-06 to 0.1"),
        (["--hidden", "5000"], "--hidden: 5,000 is out of range; choose 1 to 2,048"),
        (["--hidden", "-5"], "--hidden: -5 is out of range; choose 1 to 2,048"),
        (["--hidden", "64", "-32"], "--hidden: -32 is out of range; choose 1 to 2,048"),
        (["--hidden", *["8"] * 7], "--hidden: 7 layers are too many; choose 0 to 6"),
        (["--early-stopping", "perhaps"], "--early-stopping: 'perhaps' is not a valid boolean"),
        (["--optimizer", "adamw"], "--optimizer: 'adamw' is unknown; choose 'adam', 'sgd'"),
        (["--preset", "no-such"], "no-such"),
        (["--momentum", "0.9"], "--momentum"),
    ],
)
def test_bad_option_gives_one_sentence(
    options: list[str], sentence: str, store: RunStore, capsys: pytest.CaptureFixture[str]
) -> None:
    assert sentence in fail(capsys, "train", *options)
    assert store.list() == []


def test_bad_option_ends_the_process_with_status_2() -> None:
    result = run_command("train", "--epochs", "0")
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr == "python -m core: --epochs: 0 is out of range; choose 1 to 200\n"


@pytest.mark.parametrize("widths", [["64", "32"], ["64-32"], []])
def test_widths_may_be_written_as_the_url_writes_them(
    widths: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Of two options, the one complained about is the other."""
    assert "--epochs: 0" in fail(capsys, "train", "--hidden", *widths, "--epochs", "0")


def test_no_command_gives_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert "train | runs | diagnose | presets" in fail(capsys)


def test_help_names_every_hyperparameter(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        main(["train", "--help"])
    assert exit_.value.code == 0
    text = capsys.readouterr().out
    for name in RunConfig.model_fields:
        assert f"--{name.replace('_', '-')} " in text
    for preset in PRESETS:
        assert preset in re.sub(r"-\s+", "-", text)


# --- runs


def finish(store: RunStore, accuracy: float) -> str:
    run = store.create(RunConfig(epochs=1), name="done", owner="Ada")
    run.write_history([dict.fromkeys(HISTORY_COLUMNS, 1.0) | {"test_accuracy": accuracy}])
    run.write_status(Status(state=State.FINISHED, epoch=1, seconds=12.3))
    return run.id


def find_line(text: str, word: str) -> str:
    (line,) = [line for line in text.splitlines() if word in line]
    return line


def test_runs_are_listed(store: RunStore, capsys: pytest.CaptureFixture[str]) -> None:
    done = finish(store, 0.9831)
    queued = store.create(RunConfig(), name="waits", owner="Bo").id
    assert main(["runs"]) == 0
    text = capsys.readouterr().out
    words = [done, "done", "Ada", "finished", "1/1", "98.31%", "1", "12"]
    assert find_line(text, done).split() == words
    assert find_line(text, queued).split() == [queued, "waits", "Bo", "queued", "0/50", "0"]


@pytest.mark.parametrize("file", ["config.json", "status.json", "history.csv"])
def test_damaged_run_is_listed_as_such_beside_the_others(
    file: str, store: RunStore, capsys: pytest.CaptureFixture[str]
) -> None:
    done, damaged = finish(store, 0.9831), finish(store, 0.5)
    (store.get(damaged).path / file).write_text("rubbish")
    assert main(["runs"]) == 0
    text = capsys.readouterr().out
    assert "98.31%" in find_line(text, done)
    assert "damaged" in find_line(text, f"{damaged}  ")
    assert text.splitlines()[-1].startswith(f"{file} of run {damaged} cannot be read")


def test_the_network_of_an_ended_run_may_not_be_missing(
    store: RunStore, capsys: pytest.CaptureFixture[str]
) -> None:
    run = store.get(finish(store, 0.5))
    run.write_status(Status(state=State.FINISHED, epoch=1, final_epoch=1))
    assert main(["runs"]) == 0
    assert f"model.keras of run {run.id} is missing\n" in capsys.readouterr().out


def test_names_are_not_taken_for_colours(
    store: RunStore, capsys: pytest.CaptureFixture[str]
) -> None:
    store.create(RunConfig(), name="[red]x", owner="A")
    assert main(["runs"]) == 0
    assert "[red]x" in capsys.readouterr().out


def test_ids_are_listed_whole_beside_long_names(
    store: RunStore, capsys: pytest.CaptureFixture[str]
) -> None:
    config = RunConfig(hidden=(512, 256, 128), dropout=0.5, l2=1e-4, batch_normalization=True)
    run = store.create(config, owner="Augusta Ada King")
    assert main(["runs"]) == 0
    assert "queued" in find_line(capsys.readouterr().out, run.id)


def test_no_runs_say_what_to_do(store: RunStore, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["runs"]) == 0
    text = capsys.readouterr().out
    assert str(store.root) in text
    assert "python -m core train" in text


# --- presets


def test_presets_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["presets"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition(":")[0] for line in lines] == list(PRESETS)
    for line, config in zip(lines, PRESETS.values(), strict=True):
        assert f"{count_parameters(config):,} parameters" in line
    assert "535,818 parameters" in find_line("\n".join(lines), "notebook-baseline")


@pytest.mark.usefixtures("_interrupt_handler")
def test_a_run_is_diagnosed_a_finding_a_line(
    store: RunStore, fake_training: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    fake_training([0.2, 0.1, 0.3], [0.9, 0.9798, 0.937])
    train_faked(capsys, "--epochs", "3")
    (run,) = store.list()
    assert main(["diagnose", run.id]) == 0
    first, *others = capsys.readouterr().out.splitlines()
    assert first.startswith("had been better: It had been better: it gets 93.70 % (93.21 to 94.16)")
    assert all(re.match(r"[a-z ]+: [A-Z].*\.$", line) for line in (first, *others))
    assert main(["diagnose", store.create(RunConfig(), name="waiting").id]) == 0
    assert capsys.readouterr().out == "waiting has not ended its first epoch\n"
    with pytest.raises(SystemExit):
        main(["diagnose", "nowhere"])
    assert capsys.readouterr().err == "python -m core: there is no run 'nowhere'\n"
