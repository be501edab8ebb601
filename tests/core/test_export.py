"""The exported programs, each run in a fresh process, against the run's own history."""

import ast
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from core.config import Activation, Optimizer, RunConfig, Schedule
from core.data import MNIST_PATH
from core.export import export_notebook, export_script, has_result, is_exact
from core.run_errors import NoNetworkError
from core.runs import Run, RunStore
from core.status import Request, State, Status
from core.training import train

Small = Callable[..., RunConfig]

HOSTILE_NAME = "a \"name\" 'of' \"\"\" ''' \\ {0} {x} %s # \u2028 ü"


def trained(store: RunStore, config: RunConfig, **options: object) -> Run:
    run = store.create(config, name=HOSTILE_NAME)
    train(run, **options)
    return run


def result(run: Run) -> tuple[float, float]:
    """The run's test accuracy and loss, as its history has them."""
    row = run.history.set_index("epoch").loc[run.status.final_epoch]
    return row["test_accuracy"], row["test_loss"]


def printed(output: str) -> tuple[float, float]:
    """The two numbers that a program printed last."""
    accuracy, loss = re.findall(r"test accuracy (\S+), test loss (\S+)", output)[-1]
    return float(accuracy), float(loss)


def run_alone(program: str, folder: Path, *arguments: str) -> str:
    """Run a program in a process of its own, away from this project; return what it prints."""
    path = folder / "program.py"
    path.write_text(program, encoding="utf-8")
    command = [sys.executable, "-I", str(path), *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2_000:]
    return done.stdout


@pytest.mark.parametrize(
    "config",
    [
        {"hidden": (24, 16), "dropout": 0.3, "l2": 1e-3, "schedule": Schedule.COSINE, "seed": 3},
        {
            "hidden": (24,),
            "batch_normalization": True,
            "input_dropout": 0.1,
            "activation": Activation.GELU,
            "optimizer": Optimizer.RMSPROP,
            "learning_rate": 0.02,
            "epochs": 12,
            "early_stopping": True,
            "patience": 1,
        },
        {"hidden": (), "optimizer": Optimizer.SGD_MOMENTUM, "learning_rate": 0.1, "epochs": 2},
    ],
    ids=["regularised", "early stopping", "linear"],
)
def test_the_script_ends_in_the_numbers_of_the_run(
    store: RunStore, small: Small, tmp_path: Path, config: dict[str, object]
) -> None:
    run = trained(store, small(batch_size=96, **config))
    assert run.status.state is State.FINISHED
    output = run_alone(export_script(run), tmp_path, str(MNIST_PATH))
    assert printed(output.replace("of the run:   ", "")) == result(run)
    epochs = re.findall(r"epoch (\d+): validation loss (\S+), accuracy (\S+)", output)
    assert [(int(n), loss, right) for n, loss, right in epochs] == [
        (row["epoch"], f"{row['validation_loss']:.4f}", f"{row['validation_accuracy']:.4f}")
        for _, row in run.history.iterrows()
    ]


def test_the_script_of_a_run_stopped_within_an_epoch(
    store: RunStore, small: Small, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.training._CHUNK_SECONDS", 1e-9)  # a status after every batch
    monkeypatch.setattr("core.training._STATUS_SECONDS", 0.0)
    run = store.create(small(batch_size=16, hidden=(64,), epochs=5))

    def stop_early(status: Status) -> None:
        if status.epoch == 2 and 0 < status.batch < run.config.batches:
            run.ask(Request.STOP)

    assert train(run, stop_early).state is State.STOPPED
    assert 0 < run.status.batch < run.config.batches
    assert printed(run_alone(export_script(run), tmp_path, str(MNIST_PATH))) == result(run)


def test_the_notebook_executed(store: RunStore, small: Small, tmp_path: Path) -> None:
    run = trained(store, small(dropout=0.2))
    notebook = json.loads(export_notebook(run))
    first = notebook["cells"][1]
    assert "MNIST_PATH = None" in first["source"]
    first["source"] = first["source"].replace("= None", f"= {str(MNIST_PATH)!r}")
    path = tmp_path / "run.ipynb"
    path.write_text(json.dumps(notebook))
    execute = (
        "import nbclient, nbformat, sys\n"
        "notebook = nbformat.read(sys.argv[1], as_version=4)\n"
        "nbformat.validate(notebook)\n"
        "nbclient.NotebookClient(notebook, timeout=300).execute()\n"
        "print(''.join(o.get('text', '') for o in notebook.cells[-1].outputs))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", execute, str(path)],
        cwd=tmp_path,
        env=os.environ | {"HOME": str(tmp_path), "IPYTHONDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-2_000:]
    assert printed(done.stdout.split("of the run")[0]) == result(run)


def test_the_script_needs_nothing_but_tensorflow_and_numpy(store: RunStore, small: Small) -> None:
    run = trained(store, small(epochs=1))
    tree = ast.parse(export_script(run))
    modules = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            modules.add(node.module)
    assert modules == {"sys", "numpy", "tensorflow"}
    values = {
        node.targets[0].id: node.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }
    assert ast.literal_eval(values["NAME"]) == run.name


def test_a_run_whose_learning_rate_was_moved_says_that_it_is_not_exact(
    store: RunStore, small: Small
) -> None:
    run = store.create(small(epochs=3))

    def move(status: Status) -> None:
        if status.epoch == 2 and run.control.learning_rate is None:
            run.ask(learning_rate=0.01)

    train(run, move)
    rates = run.history["base_learning_rate"].tolist()
    assert len(set(rates)) == 2
    assert not is_exact(run)
    script = export_script(run)
    assert "not in the same" in script
    assert f"LEARNING_RATES = {rates}" in script


def test_a_run_that_was_stopped_before_its_first_step_is_not_exported(
    store: RunStore, small: Small
) -> None:
    run = store.create(small(), state=State.RUNNING)
    run.ask(Request.STOP)
    train(run)
    assert run.status.state is State.STOPPED
    assert not has_result(run)
    with pytest.raises(NoNetworkError, match=run.id):
        export_script(run)


@pytest.mark.parametrize("state", [State.QUEUED, State.RUNNING, State.FAILED])
def test_a_run_without_a_network_is_not_exported(
    store: RunStore, small: Small, state: State
) -> None:
    run = store.create(small(), state=state)
    assert not has_result(run)
    for export in (export_script, export_notebook):
        with pytest.raises(NoNetworkError, match=run.id):
            export(run)
