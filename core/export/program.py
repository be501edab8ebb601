"""A run as a program of its own, script or notebook, that needs only TensorFlow and NumPy.

The program is `standalone.py` beside this file, read as text, with the run's values put on top; it
ends in the run's numbers, to the last digit, on the machine that trained the run.
"""

import re
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

import nbformat
import numpy as np
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from core.config import Optimizer
from core.runs import Run, RunStore
from core.runs.errors import DamagedRunError, NoNetworkError, RunNotFoundError
from core.runs.origin import can_train_on
from core.runs.status import State
from core.runs.summary import kept_learning_rate

STANDALONE = Path(__file__).with_name("standalone.py")

_AUGMENTATION = Path(__file__).parents[1] / "training" / "augmentation.py"
_IMPORT = re.compile(r"^from core\.training\.augmentation import .*$", re.MULTILINE)
_CELL = "# %% "  # begins a cell, and the sentence that says what it is about


def export_script(run: Run) -> str:
    """The run as a Python script, after those that it was trained on from.

    Raises NoNetworkError, with the sentence of `explain_no_export`.
    """
    cells = "\n\n\n".join(f"{_CELL}{text}\n\n{code}" for text, code in _cells(run))
    usage = f"Usage: python {run.id}.py [path of an mnist.npz]"
    return f'"""{_describe(run)}\n\n{usage}\n"""\n\n{cells}\n'


def export_notebook(run: Run) -> str:
    """The run as a Jupyter notebook, format 4.5. Raises NoNetworkError as `export_script` does."""
    program = _cells(run, MNIST_PATH="None")
    cells = [new_markdown_cell(_describe(run), id="about")]
    for number, (text, code) in enumerate(program):
        cells += [
            new_markdown_cell(text, id=f"text-{number}"),
            new_code_cell(code, id=f"code-{number}"),
        ]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    notebook: str = nbformat.writes(new_notebook(cells=cells, metadata=metadata))
    return notebook


def explain_difference(run: Run) -> str | None:
    """Why the program ends near the run's numbers and not in the same, as sentences; None if it
    ends in the same. Raises RunError for a run that was deleted or is damaged.
    """
    chain = _chain(run)
    rates = [one.history_columns("base_learning_rate")[0] for one in chain]
    if not all(map(kept_learning_rate, chain, rates)):  # when within an epoch, nobody knows
        return (
            "A person moved the learning rate while the run trained; the program changes it only\n"
            "from epoch to epoch, so it ends near the run's numbers, not in the same."
        )
    if any(map(_is_of_older_adam, chain)):
        return (
            "The run was trained by an older Digit Lab, which computed Adam's steps in another\n"
            "order; so the program ends near its numbers, not in the same."
        )
    return None


def explain_no_export(run: Run) -> str | None:
    """Why no program can repeat the run, as a sentence; None if one can."""
    if not can_train_on(run):  # if it was stopped before its first step, too
        return "Only a run that has ended with a network can be repeated by a program."
    try:
        chain = _chain(run)
    except RunNotFoundError:
        return "A run that it was trained on from was deleted: a program would have to begin there."
    except DamagedRunError as error:
        return f"A run that it was trained on from cannot be read: {error}."
    if not all(map(can_train_on, chain)):
        return "A run that it was trained on from is damaged: a program would have to begin there."
    if any(one.record.drawings for one in chain):
        return "It learned from drawings, which are people's own: no program carries them."
    return None


def _chain(run: Run) -> list[Run]:
    """The run after those that it was trained on from, the first one first.

    Raises RunNotFoundError if one was deleted, DamagedRunError.
    """
    chain = [run]
    while parent := chain[0].record.parent:
        if parent.run in {one.id for one in chain}:
            raise DamagedRunError(f"run {parent.run} is said to start from itself")
        chain.insert(0, RunStore(run.path.parent).get(parent.run))
    return chain


def _is_of_older_adam(run: Run) -> bool:
    config = run.config  # "precision" came with the one kernel
    return config.optimizer is Optimizer.ADAM and "precision" not in config.model_fields_set


def _describe(run: Run) -> str:
    exact = explain_difference(run) or (
        "On the machine that trained the run it ends in the same numbers, to the last digit."
    )
    return (
        "A dense network on MNIST: a run of Digit Lab as a program of its own.\n\n"
        "It needs nothing but TensorFlow and NumPy, and was written for the versions "
        f"{version('tensorflow')} and {version('numpy')}.\n{exact}"
    )


def _cells(run: Run, **others: str) -> list[tuple[str, str]]:
    """What each cell of the program is about, and its code: of one run after another.

    `others` are more constants, as they are written.
    """
    if problem := explain_no_export(run):
        raise NoNetworkError(problem)
    first, *later = _chain(run)
    cells = _fill(_values(first) | others)
    for one in later:
        cells += _fill(_values(one) | others | {"START_WEIGHTS": "model.get_weights()"})
    return cells


def _values(run: Run) -> dict[str, str]:
    """What the run puts in the place of the program's constants, as they are written."""
    config, status, history = run.config, run.status, run.history
    result = history.set_index("epoch").loc[status.final_epoch]
    values = {name.upper(): value for name, value in config.model_dump(mode="json").items()}
    values |= {
        "NAME": run.name,
        "RUN_RESULT": (float(result["test_accuracy"]), float(result["test_loss"])),
    }
    if parent := run.record.parent:
        values["EPOCHS_BEFORE"] = parent.epochs_before
    epochs = config.epochs
    if status.state is State.STOPPED:  # maybe in the middle of an epoch
        epochs = len(history)
        values["STEPS"] = (epochs - 1) * config.batches + (status.batch or config.batches)
    rates = [float(rate) for rate in history["base_learning_rate"]]
    if not kept_learning_rate(run, np.array(rates)):
        values["LEARNING_RATES"] = rates + rates[-1:] * (epochs - len(rates))
    return {name: repr(value) for name, value in values.items()}


def _fill(values: Mapping[str, str]) -> list[tuple[str, str]]:
    """The program with these constants: of each cell what it is about, and its code."""
    _, *parts = _read_program().split(_CELL)
    cells = [(text, code.strip()) for text, _, code in (part.partition("\n") for part in parts)]
    text, settings = cells[0]
    for name, value in values.items():
        settings = _set_constant(settings, name, value)
    return [(text, settings), *cells[1:]]


def _read_program() -> str:
    """The file as it stands, with the module that it imports in the place of the import."""
    program = STANDALONE.read_text(encoding="utf-8")
    _, _, code = _AUGMENTATION.read_text(encoding="utf-8").partition("import tensorflow as tf\n")
    return _IMPORT.sub(lambda _: code.strip() + "\n", program)


def _set_constant(settings: str, name: str, value: str) -> str:
    """The settings with another value of this name; last, if the program has no such name."""
    line = re.compile(rf"^({name}\b.*?) = .*?(  # .*)?$", re.MULTILINE)
    if not line.search(settings):
        return f"{settings}\n{name} = {value}"
    return line.sub(lambda found: f"{found[1]} = {value}{found[2] or ''}", settings)
