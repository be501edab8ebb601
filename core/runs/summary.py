"""One run at a glance: its status, label, configuration and results."""

from dataclasses import dataclass

import numpy as np

from core.analysis.diagnosis import Finding, diagnose
from core.analysis.ending import Ending, judge_ending
from core.analysis.histories import last_improved_epoch
from core.analysis.metrics import interval_on_test_set
from core.config import RunConfig
from core.data import Doubles
from core.runs.diagnosis.case import make_case
from core.runs.errors import DamagedRunError
from core.runs.history import HISTORY_COLUMNS
from core.runs.run import Run
from core.runs.status import Label, Record, State, Status, Trial


@dataclass(frozen=True)
class Results:
    """What a history says a run achieved; None before its first epoch has ended."""

    epochs_done: int = 0
    network_epoch: int | None = None
    """The epoch whose weights the network has as it stands, and to which its results belong."""
    best_epoch: int | None = None
    """The epoch with the best validation loss, as early stopping judges."""
    highest_epoch: int | None = None
    """The first epoch with the highest validation accuracy."""
    highest_validation_accuracy: float | None = None
    test_accuracy: float | None = None
    """Of the network as it stands."""
    test_low: float | None = None
    test_high: float | None = None
    """The 95 % interval of the test accuracy (Wilson's)."""
    best_epoch_test_accuracy: float | None = None
    """After the best epoch."""
    ending: Ending = Ending.GOOD
    """What is to be said of the network that an ended run is left with."""
    findings: tuple[Finding, ...] = ()
    """What happened in the run, as its curves alone tell it, most important first."""
    kept_learning_rate: bool = True
    """Whether the learning rate was not changed while the run trained."""
    first_epoch_seconds: float | None = None
    epoch_seconds: float | None = None
    """The median of the later epochs: the first one waits for the network to be compiled."""


@dataclass(frozen=True)
class Summary:
    """One run at a glance; of a run that cannot be read, `record` is None and `status` says why."""

    id: str
    status: Status
    label: Label
    record: Record | None
    results: Results

    @property
    def name(self) -> str:
        """The run's name: its label's, else the one it was created with."""
        return self.label.name or (self.record.name if self.record else f"damaged run {self.id}")

    @property
    def config(self) -> RunConfig | None:
        """The run's hyperparameters, if they can be read."""
        return self.record.config if self.record else None

    @property
    def trial(self) -> Trial | None:
        """What a sweep began the run for; None if no sweep did, or that cannot be read."""
        return self.record.trial if self.record else None

    @property
    def is_from_scratch(self) -> bool:
        """Whether the run starts from random weights and learns from MNIST alone."""
        return bool(self.record and not self.record.parent and not self.record.drawings)


def summarize(run: Run) -> Summary:
    """What the run's files say now. Raises RunNotFoundError if it is gone."""
    status, label = run.status, run.label
    try:
        record = run.record
    except DamagedRunError:
        return Summary(run.id, status, label, None, Results())
    if status.state is State.DAMAGED:
        return Summary(run.id, status, label, record, Results())
    try:
        return Summary(run.id, status, label, record, _read_results(run, status))
    except DamagedRunError as error:
        status = Status(state=State.DAMAGED, error=str(error))
        return Summary(run.id, status, label, record, Results())


def _read_results(run: Run, status: Status) -> Results:
    columns = run.history_columns(*HISTORY_COLUMNS)
    history = dict(zip(HISTORY_COLUMNS, columns, strict=True))
    validation, test = history["validation_accuracy"], history["test_accuracy"]
    epochs, final_epoch = len(validation), status.final_epoch
    run.require_epochs(epochs, final_epoch)
    if not epochs:
        return Results()
    config, network_epoch = run.config, final_epoch or epochs
    best = last_improved_epoch(history["validation_loss"], config.min_delta)
    highest = int(validation.argmax()) + 1
    accuracy, high_accuracy = float(test[network_epoch - 1]), float(test[highest - 1])
    ending = judge_ending(accuracy, high_accuracy) if final_epoch else Ending.GOOD
    return Results(
        epochs,
        network_epoch,
        best,
        highest,
        float(validation[highest - 1]),
        accuracy,
        *interval_on_test_set(accuracy),
        float(test[best - 1]),
        ending,
        tuple(diagnose(make_case(config, status, history, has_parent=bool(run.record.parent)))),
        kept_learning_rate(run, history["base_learning_rate"]),
        float(history["seconds"][0]),
        float(np.median(history["seconds"][1:])) if epochs > 1 else None,
    )


def kept_learning_rate(run: Run, rates: Doubles) -> bool:
    """Whether the learning rate was not changed while the run trained.

    `rates` are the history's base learning rates: one that was moved and moved back within an epoch
    leaves no trace there, but in the run's control.
    """
    return run.control.learning_rate is None and bool((rates == run.config.learning_rate).all())
