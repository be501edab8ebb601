"""What a lesson says of a person's own runs: each number by its name, with how it is written.

A text names a measure of a run by the run's letter, `{a.test_accuracy}`, and one of the whole
lesson without, `{seed_range}`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import NamedTuple

import numpy as np

from core.analysis.comparison import compare_on_images
from core.analysis.diagnosis.wording import loss, percent
from core.analysis.histories import best_epoch
from core.analysis.metrics import (
    answer_table,
    calibration,
    confusion_matrix,
    interval_on_test_set,
    rank_errors,
)
from core.config import CLASSES, PIXELS, Activation
from core.config.architecture import count_parameters
from core.course.islands import correlate_islands
from core.data import DISPUTED_TEST_LABELS, Floats, Images, load_mnist
from core.drawing.collection import Drawing, as_arrays
from core.maps.request import MapMethod, MapRequest
from core.maps.store import StoredMap, list_maps
from core.runs import Run
from core.runs.browser_weights import fold_layers
from core.runs.diagnosis.diagnose_run import right_answers
from core.runs.diagnosis.unit_activity import hidden_values
from core.runs.status import State

LETTERS = "abcd"
"""What texts and addresses call a lesson's runs, in order: it has at most so many."""
SURE = 0.99
"""The probability from which on an answer counts as sure."""


_PAIRS = list(combinations(range(CLASSES), 2))


class MeasureError(RuntimeError):
    """A number that a lesson wants cannot be had; the message is a sentence."""


class Value(NamedTuple):
    """A number, or a name, and how it is written."""

    value: float | str
    text: str


@dataclass(frozen=True)
class Material:
    """What a lesson is measured on."""

    runs: Sequence[Run]
    """The person's own, in the lesson's order; each has finished."""
    drawings: Sequence[Drawing] = ()
    """What the person has kept since the prediction."""
    predict: Callable[[Run, Images], Floats] | None = None
    """A run's probabilities, float32 (n, 10), of images, uint8 (n, 28, 28)."""


class Measure(NamedTuple):
    """How a number is found."""

    of_run: bool
    compute: Callable[..., Value]
    """Of a run, or of the whole Material. Raises MeasureError, RunError."""
    runs: int = 0
    """How many runs the lesson must have."""
    is_text: bool = False
    """Whether its value is a text."""


def measure_run(name: str, run: Run) -> Value:
    """The measure of a run that is called `name`, such as "errors". Raises as `measure`."""
    return MEASURES[name].compute(run)


def measure(
    name: str, material: Material, of_run: Callable[[str, Run], Value] = measure_run
) -> Value:
    """The measure that a text calls `name`, such as "b.errors"; `of_run` may keep those of a run.

    Raises MeasureError, and RunError for a run that cannot be read.
    """
    letter, _, plain = name.rpartition(".")
    if letter:
        return of_run(plain, material.runs[LETTERS.index(letter)])
    return MEASURES[plain].compute(material)


def _count(value: int) -> Value:
    return Value(value, f"{value:,}")


def _share(value: float) -> Value:
    return Value(value, percent(value))


def _points(value: float) -> Value:
    return Value(value, f"{100 * value:.2f} points")


def _loss(value: float) -> Value:
    return Value(value, loss(value) if value >= 1e-4 else "below 0.0001")


def _last(column: str) -> Callable[[Run], float]:
    """The value of a history's column after the epoch whose weights the network has."""
    return lambda run: float(run.history[column].iloc[run.network_epoch - 1])


def _epoch_at_95(run: Run) -> Value:
    reached = np.flatnonzero(run.history["validation_accuracy"] >= 0.95)
    epochs = len(run.history)
    return _count(int(reached[0]) + 1) if len(reached) else Value(epochs + 1, f"more than {epochs}")


def _answers(run: Run) -> Floats:
    answers: Floats = run.test_probabilities(run.network_epoch)
    return answers


def _confused(run: Run) -> tuple[list[str], int]:
    """The two digits that are taken for one another most often, all such pairs, and how often."""
    matrix = confusion_matrix(load_mnist().y_test, _answers(run).argmax(axis=1))
    both = {(low, high): matrix[low, high] + matrix[high, low] for low, high in _PAIRS}
    most = max(both.values())
    return [f"{low} and {high}" for (low, high), count in both.items() if count == most], int(most)


def _confused_pair(run: Run) -> Value:
    pairs, _ = _confused(run)
    return Value("; ".join(pairs), ", or ".join(pairs))


def _disputed_of_six(run: Run) -> Value:
    worst = rank_errors(_answers(run), load_mnist().y_test)["index"][:6]
    return _count(int(worst.isin(DISPUTED_TEST_LABELS).sum()))


class _SureAnswers(NamedTuple):
    """The answers that are given with at least SURE: how many, and of them the wrong ones."""

    answers: int
    wrong: int
    confidence: float
    """The mean of their probabilities."""


def _sure(run: Run) -> _SureAnswers:
    answers = answer_table(_answers(run), load_mnist().y_test)
    sure = answers[answers["p_predicted"] >= SURE]
    if sure.empty:
        raise MeasureError(f"{run.name} gives no answer with {SURE:.0%} or more")
    wrong = int((sure["true"] != sure["predicted"]).sum())
    return _SureAnswers(len(sure), wrong, float(sure["p_predicted"].to_numpy(np.float64).mean()))


def _sure_expected(run: Run) -> Value:
    """How many of them would be wrong if the network were calibrated."""
    sure = _sure(run)
    return _count(round(sure.answers * (1 - sure.confidence)))


def _kept_weights(run: Run) -> Floats:
    """The weights of the network's epoch, or the last before it that is kept."""
    epochs, weights = run.weights()
    if not len(epochs):
        raise MeasureError(f"{run.name} keeps no weights")
    kept: Floats = weights[int(np.flatnonzero(epochs <= run.network_epoch)[-1])]
    return kept.astype(np.float32)


def _pixel_weights(run: Run, inked: bool) -> Value:
    """The mean size of the weights from pixels that some training image has ink in, or none."""
    (kernel, _), *_ = fold_layers(run.config, _kept_weights(run))
    has_ink = load_mnist().x_train.reshape(-1, PIXELS).any(axis=0)
    size = float(np.abs(kernel[has_ink == inked]).mean())
    return Value(size, f"{size:.4f}" if size >= 1e-4 else "below 0.0001")


def _dead_units(run: Run) -> Value:
    """Of all hidden units, over all test images, as the page Layers counts them."""
    if not run.config.hidden or run.config.activation is not Activation.RELU:
        raise MeasureError(f"{run.name} has no hidden units that can die")
    layers = hidden_values(run.config, _kept_weights(run), load_mnist().x_test)
    dead = np.concatenate([(values <= 0).all(axis=0) for _, values in layers])
    return _share(float(dead.mean()))


def _commonest() -> tuple[int, float]:
    """The commonest digit of the test set, and its share."""
    counts = np.bincount(load_mnist().y_test, minlength=CLASSES)
    return int(counts.argmax()), float(counts.max() / counts.sum())


def _seed_range(material: Material) -> Value:
    accuracies = [_last("test_accuracy")(run) for run in material.runs]
    return _points(max(accuracies) - min(accuracies))


def _p_value(material: Material) -> Value:
    """McNemar's, of the runs that differ most."""
    runs = sorted(material.runs, key=_last("test_accuracy"))
    p_value = compare_on_images(right_answers(runs[0]), right_answers(runs[-1])).p_value
    return Value(p_value, "p < 0.001" if p_value < 0.001 else f"p = {p_value:.2g}")


def finished_maps(run: Run) -> list[MapRequest]:
    """The run's t-SNE maps of its network as it stands, as many of the same images as there are."""
    groups: dict[object, list[MapRequest]] = {}
    for request in list_maps(run):
        status = StoredMap(run, request).status
        is_done = status and status.state is State.FINISHED and status.epoch == run.network_epoch
        if is_done and request.method is MapMethod.TSNE:
            same = request.layer, request.split, request.points
            groups.setdefault(same, []).append(request)
    return max(groups.values(), key=len, default=[])


def _maps(material: Material) -> list[StoredMap]:
    run = material.runs[0]
    maps = finished_maps(run)
    if len(maps) < 2:
        raise MeasureError(f"{run.name} does not have two t-SNE maps of the same images")
    return [StoredMap(run, request) for request in maps]


def _island_correlation(material: Material) -> Value:
    correlation = correlate_islands([one.read_points() for one in _maps(material)])
    return Value(correlation, f"{correlation:.2f}")


def _neighbours_kept(material: Material) -> Value:
    """Of the map that keeps neighbours least."""
    agreements = [one.status.map_agreement for one in _maps(material) if one.status]
    return _share(min(agreement or 0.0 for agreement in agreements))


def _drawings_right(material: Material) -> Value:
    if not material.drawings or material.predict is None:
        raise MeasureError("no drawing has been kept")
    images, labels = as_arrays(material.drawings)
    answers = material.predict(material.runs[0], images).argmax(axis=1)
    return _count(int((answers == labels).sum()))


def _interval(run: Run) -> Value:
    accuracy = _last("test_accuracy")(run)
    low, high = interval_on_test_set(accuracy)
    return Value(accuracy, f"{100 * low:.2f} to {percent(high)}")


def _of_run(compute: Callable[[Run], Value]) -> Measure:
    return Measure(True, compute)


def _of_lesson(compute: Callable[[Material], Value], runs: int = 0) -> Measure:
    return Measure(False, compute, runs)


MEASURES: dict[str, Measure] = {
    "parameters": _of_run(lambda run: _count(count_parameters(run.config))),
    "epochs": _of_run(lambda run: _count(len(run.history))),
    "epoch": _of_run(lambda run: _count(run.network_epoch)),
    "test_accuracy": _of_run(lambda run: _share(_last("test_accuracy")(run))),
    "test_interval": _of_run(_interval),
    "train_accuracy": _of_run(lambda run: _share(_last("train_accuracy")(run))),
    "validation_accuracy": _of_run(lambda run: _share(_last("validation_accuracy")(run))),
    "first_validation_accuracy": _of_run(
        lambda run: _share(float(run.history["validation_accuracy"].iloc[0]))
    ),
    "running_loss": _of_run(lambda run: _loss(_last("running_loss")(run))),
    "train_loss": _of_run(lambda run: _loss(_last("train_loss")(run))),
    "validation_loss": _of_run(lambda run: _loss(_last("validation_loss")(run))),
    "lowest_validation_loss": _of_run(
        lambda run: _loss(float(run.history["validation_loss"].min()))
    ),
    "lowest_epoch": _of_run(lambda run: _count(best_epoch(run.history))),
    "lowest_validation_accuracy": _of_run(
        lambda run: _share(
            float(run.history["validation_accuracy"].iloc[best_epoch(run.history) - 1])
        )
    ),
    "epoch_at_95": _of_run(_epoch_at_95),
    "errors": _of_run(lambda run: _count(int((~right_answers(run)).sum()))),
    "confused": Measure(True, _confused_pair, is_text=True),
    "confused_errors": _of_run(lambda run: _count(_confused(run)[1])),
    "disputed_of_six": _of_run(_disputed_of_six),
    "sure_answers": _of_run(lambda run: _count(_sure(run).answers)),
    "sure_wrong": _of_run(lambda run: _count(_sure(run).wrong)),
    "sure_wrong_share": _of_run(lambda run: _share(_sure(run).wrong / _sure(run).answers)),
    "sure_confidence": _of_run(lambda run: _share(_sure(run).confidence)),
    "sure_expected": _of_run(_sure_expected),
    "calibration_error": _of_run(
        lambda run: _points(calibration(_answers(run), load_mnist().y_test).error)
    ),
    "weights_from_ink": _of_run(lambda run: _pixel_weights(run, True)),
    "weights_from_blank": _of_run(lambda run: _pixel_weights(run, False)),
    "dead_units": _of_run(_dead_units),
    "commonest_digit": _of_lesson(lambda _: _count(_commonest()[0])),
    "commonest_share": _of_lesson(lambda _: _share(_commonest()[1])),
    "seed_range": _of_lesson(_seed_range, 2),
    "p_value": _of_lesson(_p_value, 2),
    "island_correlation": _of_lesson(_island_correlation, 1),
    "neighbours_kept": _of_lesson(_neighbours_kept, 1),
    "drawings": _of_lesson(lambda material: _count(len(material.drawings))),
    "drawings_right": _of_lesson(_drawings_right, 1),
}
"""Every measure by its name."""
