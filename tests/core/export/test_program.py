"""The exported programs against the run's own history: in this process, where TensorFlow is loaded,
once in a fresh one, and once as a notebook."""

import ast
import io
import re
import runpy
import subprocess
import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any
from unittest.mock import patch

import keras
import nbclient
import nbformat
import numpy as np
import pytest
from sklearn.metrics import accuracy_score, log_loss

from core.config import PRESETS, Activation, Optimizer, Precision, RunConfig, Schedule
from core.data import MNIST_PATH, load_mnist, one_hot, scale_images
from core.export import explain_difference, explain_no_export, export_notebook, export_script
from core.export.program import STANDALONE
from core.runs import Run, RunStore
from core.runs.errors import NoNetworkError
from core.runs.origin import Drawings, Origin
from core.runs.status import Request, State, Status
from core.training import train

Small = Callable[..., RunConfig]

NOT_ENDED = "Only a run that has ended with a network can be repeated by a program."
HOSTILE_NAME = "a \"name\" 'of' \"\"\" ''' \\ {0} {x} %s # %% \u2028 ü"


@pytest.fixture(scope="module")
def regularised(tmp_path_factory: pytest.TempPathFactory, small: Small) -> Run:
    """A run that has ended, for the tests that only export it."""
    config = small(
        hidden=(24, 16), dropout=0.3, l2=1e-3, schedule=Schedule.COSINE, seed=3, batch_size=96
    )
    return trained(RunStore(tmp_path_factory.mktemp("runs")), config)


def trained(store: RunStore, config: RunConfig) -> Run:
    run = store.create(config, name=HOSTILE_NAME)
    assert train(run).state is State.FINISHED
    return run


def result(run: Run) -> tuple[float, float]:
    """The run's test accuracy and loss, as its history has them."""
    row = run.history.set_index("epoch").loc[run.status.final_epoch]
    return row["test_accuracy"], row["test_loss"]


def printed(output: str) -> tuple[float, float]:
    """The two numbers that a program printed last."""
    accuracy, loss = re.findall(r"test accuracy (\S+), test loss (\S+)", output)[-1]
    return float(accuracy), float(loss)


def assert_the_same(output: str, run: Run) -> None:
    """That a program printed the run's numbers: after each epoch, and at the end to the bit."""
    assert printed(output.replace("of the run:   ", "")) == result(run)
    accuracy, loss = result(run)
    assert f"of the run:   {accuracy}, test loss {loss}\n" in output
    epochs = re.findall(r"epoch (\d+): validation loss (\S+), accuracy (\S+)", output)
    assert [(int(n), loss, right) for n, loss, right in epochs] == [
        (row["epoch"], f"{row['validation_loss']:.4f}", f"{row['validation_accuracy']:.4f}")
        for _, row in run.history.iterrows()
    ]


def execute(path: Path, mnist: Path = MNIST_PATH) -> tuple[dict[str, Any], str]:
    """Run a program in this process; return its variables and what it prints."""
    with (
        patch.object(sys, "argv", [str(path), str(mnist)]),
        redirect_stdout(io.StringIO()) as output,
    ):
        variables = runpy.run_path(str(path))
    return variables, output.getvalue()


def assert_its_script_repeats(run: Run, folder: Path) -> None:
    """That the run's script ends in its numbers and weights, to the bit, in this process."""
    path = folder / "program.py"
    path.write_text(export_script(run), encoding="utf-8")
    program, output = execute(path)
    assert_the_same(output, run)
    weights = keras.models.load_model(run.model_path).get_weights()
    pairs = zip(program["model"].get_weights(), weights, strict=True)
    assert all(np.array_equal(theirs, ours) for theirs, ours in pairs)


def constants(program: str) -> dict[str, Any]:
    """The program's constants that are written as plain values."""
    values = {}
    for node in ast.parse(program).body:
        if isinstance(node, ast.Assign):
            (target,) = node.targets
        elif isinstance(node, ast.AnnAssign):
            target = node.target
        else:
            continue
        if isinstance(target, ast.Name) and target.id.isupper():
            try:
                values[target.id] = ast.literal_eval(node.value)
            except ValueError:  # computed
                continue
    return values


def configuration(program: str) -> dict[str, object]:
    """The hyperparameters on top of the program."""
    names = {name.upper(): name for name in RunConfig.model_fields}
    values = constants(program).items()
    return {names[name]: value for name, value in values if name in names}


def read_names(program: str) -> set[str]:
    """The names and attributes that the program reads."""
    nodes = [node for node in ast.walk(ast.parse(program)) if isinstance(node, ast.expr)]
    return {
        node.id if isinstance(node, ast.Name) else node.attr
        for node in nodes
        if isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Load)
    }


def test_the_configuration_on_top_of_the_file_is_the_notebooks_baseline() -> None:
    program = STANDALONE.read_text(encoding="utf-8")
    assert RunConfig(**configuration(program)) == PRESETS["notebook-baseline"]
    assert constants(program)["NAME"] == "notebook-baseline"


def test_the_file_reads_every_hyperparameter_that_a_training_reads() -> None:
    core = STANDALONE.parents[1]
    files = [
        file
        for name in ("config", "data", "network", "training")
        for file in (core / name).glob("*.py")
    ]
    read = set.union(*(read_names(file.read_text(encoding="utf-8")) for file in files))
    used = {name.upper() for name in RunConfig.model_fields if name in read}
    assert {"DROPOUT", "PATIENCE", "VALIDATION_SHARE"} <= used
    assert used <= read_names(STANDALONE.read_text(encoding="utf-8"))


def test_the_file_itself_trains_the_default_on_the_images_that_it_is_given(tmp_path: Path) -> None:
    mnist = load_mnist()
    few = {"x_train": 1_000, "y_train": 1_000, "x_test": 500, "y_test": 500}
    path = tmp_path / "mnist.npz"
    np.savez(path, **{name: getattr(mnist, name)[:count] for name, count in few.items()})
    program, output = execute(STANDALONE, path)
    assert [len(program[name]) for name in ("x", "y")] == [700, 700]
    assert len(re.findall("^epoch ", output, re.MULTILINE)) == 50
    assert "of the run" not in output
    outputs = program["model"].predict(scale_images(mnist.x_test[:500]), verbose=0)
    accuracy, loss = printed(output)
    assert accuracy == accuracy_score(mnist.y_test[:500], outputs.argmax(axis=1)) > 0.8
    assert loss == pytest.approx(log_loss(one_hot(mnist.y_test[:500]), outputs), rel=1e-5)


def test_the_script_in_a_process_of_its_own(regularised: Run, tmp_path: Path) -> None:
    """Away from this project, it ends in the numbers of the run."""
    path = tmp_path / "program.py"
    path.write_text(export_script(regularised), encoding="utf-8")
    command = [sys.executable, "-I", str(path), str(MNIST_PATH)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2_000:]
    assert_the_same(done.stdout, regularised)


@pytest.mark.parametrize(
    "config",
    [
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
        {
            "hidden": (24,),
            "rotation": 20,
            "zoom": 0.2,
            "shear": 0.2,
            "shift": 2,
            "elastic": 1,
            "epochs": 3,
        },
        {
            "hidden": (24,),
            "precision": Precision.BFLOAT16,
            "batch_normalization": True,
            "dropout": 0.2,
            "epochs": 2,
        },
    ],
    ids=["early stopping", "linear", "augmentation", "bfloat16"],
)
def test_the_script_ends_in_the_numbers_of_the_run(
    store: RunStore, small: Small, tmp_path: Path, config: dict[str, object]
) -> None:
    run = trained(store, small(batch_size=96, **config))
    assert_its_script_repeats(run, tmp_path)


def test_the_script_of_a_run_stopped_within_an_epoch(
    store: RunStore, small: Small, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.training.trainer._CHUNK_SECONDS", 1e-9)  # a status after every batch
    monkeypatch.setattr("core.training.trainer._STATUS_SECONDS", 0.0)
    config = small(
        batch_size=16, hidden=(64,), epochs=5, optimizer=Optimizer.SGD, learning_rate=0.05
    )
    run = store.create(config)

    def stop_early(status: Status) -> None:
        if status.epoch == 2 and 0 < status.batch < run.config.batches:
            run.request(Request.STOP)

    assert train(run, stop_early).state is State.STOPPED
    assert 0 < run.status.batch < run.config.batches
    assert_its_script_repeats(run, tmp_path)


def test_the_notebook_executed(
    regularised: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    text = export_notebook(regularised)
    assert export_notebook(regularised) == text
    notebook = nbformat.reads(text, as_version=nbformat.NO_CONVERT)
    nbformat.validate(notebook)
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
    settings = next(cell for cell in notebook.cells if cell.cell_type == "code")
    assert "MNIST_PATH = None" in settings.source
    settings.source = settings.source.replace("= None", f"= {str(MNIST_PATH)!r}", 1)
    nbclient.NotebookClient(
        notebook, timeout=300, resources={"metadata": {"path": str(tmp_path)}}
    ).execute()
    printed_text = "".join(
        output.get("text", "") for cell in notebook.cells for output in cell.get("outputs", [])
    )
    assert_the_same(printed_text, regularised)


def test_the_script_needs_nothing_but_tensorflow_and_numpy(regularised: Run) -> None:
    program = export_script(regularised)
    modules = set()
    for node in ast.walk(ast.parse(program)):
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            modules.add(node.module)
    assert modules == {"sys", "numpy", "tensorflow"}


def test_the_script_has_the_runs_name_configuration_and_result_on_top(regularised: Run) -> None:
    program = export_script(regularised)
    assert configuration(program) == regularised.config.model_dump(mode="json")
    values = constants(program)
    assert values["NAME"] == regularised.name
    assert values["RUN_RESULT"] == result(regularised)
    assert values["STEPS"] is None


def test_a_run_whose_learning_rate_was_moved_says_that_it_is_not_exact(
    store: RunStore, small: Small
) -> None:
    run = store.create(small(epochs=3))

    def move(status: Status) -> None:
        if status.epoch == 2 and run.control.learning_rate is None:
            run.request(learning_rate=0.01)

    train(run, move)
    rates = run.history["base_learning_rate"].tolist()
    assert len(set(rates)) == 2
    assert "moved the learning rate" in str(explain_difference(run))
    script = export_script(run)
    assert "not in the same" in script
    assert f"LEARNING_RATES = {rates}" in script


def test_a_run_that_was_stopped_before_its_first_step_is_not_exported(
    store: RunStore, small: Small
) -> None:
    run = store.create(small(), state=State.RUNNING)
    run.request(Request.STOP)
    train(run)
    assert run.status.state is State.STOPPED
    assert explain_no_export(run) == NOT_ENDED
    with pytest.raises(NoNetworkError, match=NOT_ENDED):
        export_script(run)


@pytest.mark.parametrize("state", [State.QUEUED, State.RUNNING, State.FAILED])
def test_a_run_without_a_network_is_not_exported(
    store: RunStore, small: Small, state: State
) -> None:
    run = store.create(small(), state=state)
    assert explain_no_export(run) == NOT_ENDED
    for export in (export_script, export_notebook):
        with pytest.raises(NoNetworkError, match=NOT_ENDED):
            export(run)


# --- runs that start from others


def test_the_script_of_a_run_that_was_trained_on_repeats_the_chain(
    store: RunStore, small: Small, tmp_path: Path
) -> None:
    first = trained(store, small(hidden=(24,), batch_size=96, batch_normalization=True))
    config = first.config.model_copy(update={"learning_rate": 0.005, "epochs": 2, "rotation": 10.0})
    second = train_on(store, config, first)
    third = train_on(
        store, config.model_copy(update={"dropout": 0.3, "optimizer": Optimizer.SGD}), second
    )
    assert explain_no_export(third) is None
    path = tmp_path / "program.py"
    path.write_text(export_script(third), encoding="utf-8")
    program, output = execute(path)
    found = re.findall(r"^test accuracy (\S+), test loss (\S+)", output, re.MULTILINE)
    assert [(float(right), float(loss)) for right, loss in found] == [
        result(run) for run in (first, second, third)
    ]
    weights = keras.models.load_model(third.model_path).get_weights()
    pairs = zip(program["model"].get_weights(), weights, strict=True)
    assert all(np.array_equal(theirs, ours) for theirs, ours in pairs)
    cells = nbformat.reads(export_notebook(third), 4).cells
    assert len({cell.id for cell in cells}) == len(cells)


def test_why_no_program_repeats_a_run_is_said(store: RunStore, small: Small) -> None:
    first = trained(store, small())
    second = train_on(store, first.config, first)
    images = load_mnist().x_test[:20]
    drawings = Drawings(images, np.zeros(20, np.uint8), "Ada", 0.25)
    taught = train_on(store, first.config, first, drawings)
    for run in (taught, train_on(store, first.config, taught)):
        assert "learned from drawings" in str(explain_no_export(run))
    store.delete(first.id)
    assert "was deleted" in str(explain_no_export(second))
    with pytest.raises(NoNetworkError, match="was deleted"):
        export_script(second)


def train_on(
    store: RunStore, config: RunConfig, parent: Run, drawings: Drawings | None = None
) -> Run:
    run = store.create(config, origin=Origin(parent, drawings))
    assert train(run).state is State.FINISHED, run.status.error
    return run
