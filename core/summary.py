"""All runs at a glance: what each is and what it achieved, as a table that is quick to make."""

from dataclasses import dataclass
from functools import cache

from core.analysis.metrics import wilson_interval
from core.config import TEST_SET, RunConfig
from core.runs import DamagedRunError, Run
from core.status import Label, Record, State, Status


@dataclass(frozen=True)
class Results:
    """What a history says a run achieved; None before its first epoch has ended."""

    epochs_done: int = 0
    best_validation_accuracy: float | None = None
    best_epoch: int | None = None
    """The first epoch with the highest validation accuracy."""
    test_accuracy: float | None = None
    """Of the network as it stands: after the epoch whose weights it has."""
    test_low: float | None = None
    test_high: float | None = None
    """The 95 % interval of the test accuracy (Wilson's)."""
    is_steady: bool = True
    """Whether nobody changed the learning rate while the run trained."""


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
        """What the person calls the run."""
        return self.label.name or (self.record.name if self.record else f"damaged run {self.id}")

    @property
    def config(self) -> RunConfig | None:
        """The run's hyperparameters, if they can be read."""
        return self.record.config if self.record else None


def summarize(run: Run) -> Summary:
    """What the run's files say now. Raises RunNotFoundError if it is gone."""
    status, label = run.status, run.label
    try:
        record = run.record
    except DamagedRunError:
        return Summary(run.id, status, label, None, Results())
    try:
        return Summary(run.id, status, label, record, _read_results(run, status.final_epoch))
    except DamagedRunError as error:
        status = Status(state=State.DAMAGED, error=str(error))
        return Summary(run.id, status, label, record, Results())


def _read_results(run: Run, final_epoch: int | None) -> Results:
    validation, test, rates = run.history_columns(
        "validation_accuracy", "test_accuracy", "base_learning_rate"
    )
    epochs = len(validation)
    if not epochs:
        return Results()
    best = int(validation.argmax())
    accuracy = float(test[min(final_epoch or epochs, epochs) - 1])
    low, high = _interval(round(accuracy * TEST_SET))
    is_steady = bool((rates == run.config.learning_rate).all())
    return Results(epochs, float(validation[best]), best + 1, accuracy, low, high, is_steady)


@cache
def _interval(correct: int) -> tuple[float, float]:
    return wilson_interval(correct, TEST_SET)
