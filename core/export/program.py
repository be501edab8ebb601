"""A run as a program of its own, script or notebook, that needs only TensorFlow and NumPy.

The program is `standalone.py` beside this file, read as text, with the run's values put on top; it
ends in the run's numbers, to the last digit, on the machine that trained the run.
"""

import re
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from core.runs import Run
from core.runs.errors import NoNetworkError
from core.runs.status import State
from core.runs.summary import kept_learning_rate

STANDALONE = Path(__file__).with_name("standalone.py")

_AUGMENTATION = Path(__file__).parents[1] / "training" / "augmentation.py"
_IMPORT = re.compile(r"^from core\.training\.augmentation import .*$", re.MULTILINE)
_CELL = "# %% "  # begins a cell, and the sentence that says what it is about


def export_script(run: Run) -> str:
    """The run as a Python script. Raises NoNetworkError unless the run has ended with a network."""
    cells = "\n\n\n".join(f"{_CELL}{text}\n\n{code}" for text, code in _fill(_values(run)))
    usage = f"Usage: python {run.id}.py [path of an mnist.npz]"
    return f'"""{_describe(run)}\n\n{usage}\n"""\n\n{cells}\n'


def export_notebook(run: Run) -> str:
    """The run as a Jupyter notebook, format 4.5. Raises NoNetworkError as `export_script` does."""
    values = _values(run) | {"MNIST_PATH": None}
    cells = [new_markdown_cell(_describe(run), id="about")]
    for number, (text, code) in enumerate(_fill(values)):
        cells += [
            new_markdown_cell(text, id=f"text-{number}"),
            new_code_cell(code, id=f"code-{number}"),
        ]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    notebook: str = nbformat.writes(new_notebook(cells=cells, metadata=metadata))
    return notebook


def is_reproducible(run: Run) -> bool:
    """Whether the program ends in the run's very numbers: not if a person moved its learning rate.

    Where within an epoch that happened is not kept.
    """
    (rates,) = run.history_columns("base_learning_rate")
    return kept_learning_rate(run, rates)


def can_export(run: Run) -> bool:
    """Whether the run has ended with a network that a program can repeat: if it was stopped before
    its first step, there is nothing to repeat.
    """
    status = run.status
    return status.state in {State.FINISHED, State.STOPPED} and bool(status.final_epoch)


def _describe(run: Run) -> str:
    exact = (
        "On the machine that trained the run it ends in the same numbers, to the last digit."
        if is_reproducible(run)
        else "A person moved the learning rate while the run trained; the program changes it only\n"
        "from epoch to epoch, so it ends near the run's numbers, not in the same."
    )
    return (
        "A dense network on MNIST: a run of Digit Lab as a program of its own.\n\n"
        "It needs nothing but TensorFlow and NumPy, and was written for the versions "
        f"{version('tensorflow')} and {version('numpy')}.\n{exact}"
    )


def _values(run: Run) -> dict[str, Any]:
    """What the run puts in the place of the program's constants, by their names."""
    if not can_export(run):
        raise NoNetworkError(f"run {run.id} has not ended with a network that could be repeated")
    config, status, history = run.config, run.status, run.history
    result = history.set_index("epoch").loc[status.final_epoch]
    values = {name.upper(): value for name, value in config.model_dump(mode="json").items()}
    values |= {
        "NAME": run.name,
        "RUN_RESULT": (float(result["test_accuracy"]), float(result["test_loss"])),
    }
    epochs = config.epochs
    if status.state is State.STOPPED:  # maybe in the middle of an epoch
        epochs = len(history)
        values["STEPS"] = (epochs - 1) * config.batches + (status.batch or config.batches)
    if not is_reproducible(run):
        rates = [float(rate) for rate in history["base_learning_rate"]]
        values["LEARNING_RATES"] = rates + rates[-1:] * (epochs - len(rates))
    return values


def _fill(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The program with these values: of each cell what it is about, and its code."""
    _, *parts = _read_program().split(_CELL)
    cells = [(text, code.strip()) for text, _, code in (part.partition("\n") for part in parts)]
    text, settings = cells[0]
    for name, value in values.items():
        settings = _set_constant(settings, name, repr(value))
    return [(text, settings), *cells[1:]]


def _read_program() -> str:
    """The file as it stands, with the module that it imports in the place of the import."""
    program = STANDALONE.read_text(encoding="utf-8")
    imported = re.compile(r"^from core\.training\.augmentation import .*$", re.MULTILINE)
    _, code = re.split(
        r"^import tensorflow as tf$", _AUGMENTATION.read_text(encoding="utf-8"), flags=re.MULTILINE
    )
    return imported.sub(lambda _: code.strip() + "\n", program)


def _set_constant(settings: str, name: str, value: str) -> str:
    """The settings with another value of this name; last, if the program has no such name."""
    line = re.compile(rf"^({name}\b.*?) = .*?(  # .*)?$", re.MULTILINE)
    if not line.search(settings):
        return f"{settings}\n{name} = {value}"
    return line.sub(lambda found: f"{found[1]} = {value}{found[2] or ''}", settings)
