"""Findings about the learning rate: too high, too low, changed by hand."""

import numpy as np

from core.analysis.diagnosis import thresholds as limit
from core.analysis.diagnosis.case import Case
from core.analysis.diagnosis.findings import Finding, Kind, Severity, Try, View
from core.analysis.diagnosis.tries import STOP_EARLY, train_longer, use_rate
from core.analysis.diagnosis.wording import loss, percent, test_accuracy
from core.analysis.ending import COMMONEST_SHARE, Ending
from core.analysis.metrics import wilson_interval
from core.config import TEST_SET


def find_chance(case: Case) -> Finding | None:
    """The network does no better than one answer to every image."""
    if not case.ending.is_at_chance:
        return None
    accuracy = case.value("test_accuracy")
    highest = case.highest_epoch
    before = case.value("test_accuracy", highest)
    if case.ending is Ending.LOST:
        first = (
            f"It lost what it had learned: it gets {percent(accuracy)} of the test images right, "
            f"and after epoch {highest} it was {percent(before)}."
        )
    else:
        first = (
            f"It learned nothing: it gets {percent(accuracy)} of the test images right, and always "
            f"answering 1 would get {percent(COMMONEST_SHARE)}."
        )
    why, tries = _explain_chance(case)
    return Finding(
        Kind.AT_CHANCE,
        Severity.GRAVE,
        f"{first} {why}",
        highest if case.ending is Ending.LOST else None,
        {"test_accuracy": accuracy, "highest_test_accuracy": before},
        tries,
    )


def _explain_chance(case: Case) -> tuple[str, tuple[Try, ...]]:
    rate, usual = case.config.learning_rate, limit.USUAL_RATE[case.config.optimizer]
    latest = case.value("base_learning_rate", case.epochs)
    if max(rate, latest) >= limit.HIGH_RATE * usual:
        return (
            f"The learning rate is far too high: {max(rate, latest):g}, where {usual:g} is usual.",
            (use_rate(usual),),
        )
    if rate <= limit.LOW_RATE * usual:
        why = f"The learning rate is far too low: {rate:g}, where {usual:g} is usual."
        return why, (use_rate(usual),)
    if case.config.is_regularized:
        plain = Try("Without regularisation", {"dropout": 0.0, "input_dropout": 0.0, "l2": 0.0})
        return "It is held back too strongly by dropout or L2, or has had too few steps.", (plain,)
    return "It has had too few steps, or its layers pass no gradient on.", train_longer(case.config)


def find_high_rate(case: Case) -> Finding | None:
    """A rate far above the usual one, with which the loss jumps, learns little, or kills units."""
    losses = case.columns["train_loss"]
    steps = np.diff(losses)
    rises, falls = steps[steps > limit.JUMP].sum(), -steps[steps < 0].sum()
    jumps = float(rises / falls) if falls > 0 else float(rises > 0)
    rate = float(case.columns["base_learning_rate"].max())
    usual = limit.USUAL_RATE[case.config.optimizer]
    if rate < limit.HIGH_RATE * usual:
        return None  # something else makes it jump
    accuracy, dead = case.value("train_accuracy"), case.largest_share("dead")
    learned_little = case.has_ended and case.epochs > 1 and accuracy < limit.LEARNED
    if jumps < limit.JUMPS and not learned_little and dead < limit.DEAD:
        return None
    worst = int(np.argmax(steps)) + 2 if len(steps) else 1
    if jumps >= limit.JUMPS:
        seen = (
            f"Its training loss jumps, in epoch {worst} from {loss(losses[worst - 2])} to "
            f"{loss(losses[worst - 1])}."
        )
    elif learned_little:
        seen = f"It gets only {percent(accuracy)} of its training images right."
    else:
        seen = f"It killed {100 * dead:.0f} % of a layer's units."
    return Finding(
        Kind.RATE_TOO_HIGH,
        Severity.FAULT,
        f"{seen} The learning rate of {rate:g} is too high, where {usual:g} is usual.",
        worst if jumps >= limit.JUMPS else None,
        {"jumps": jumps, "learning_rate": rate, "train_accuracy": accuracy, "dead": dead},
        (use_rate(usual),),
    )


def find_low_rate(case: Case) -> Finding | None:
    """It still learns at the end, has not learned much, and goes in steps smaller than usual."""
    rate, usual = case.config.learning_rate, limit.USUAL_RATE[case.config.optimizer]
    accuracy = case.value("train_accuracy")
    is_low = rate <= limit.LOW_RATE * usual and accuracy < limit.LEARNED
    if not case.has_ended or not is_low:
        return None
    return Finding(
        Kind.RATE_TOO_LOW,
        Severity.FAULT,
        f"After {case.epochs} epochs it gets {percent(accuracy)} of its training images right, and "
        f"its loss falls slowly. The learning rate of {rate:g} is too low, where "
        f"{usual:g} is usual.",
        None,
        {"train_accuracy": accuracy, "learning_rate": rate, "still_falls_by": case.still_falls_by},
        (use_rate(usual),),
    )


def find_changed_rate(case: Case) -> Finding | None:
    """The rate was changed while it trained: what was before, and what followed."""
    rates = case.columns["base_learning_rate"]
    before = np.concatenate([[case.config.learning_rate], rates[:-1]])
    changed = np.flatnonzero((rates != before) & (rates > 0) & (before > 0))
    if not len(changed):
        return None
    epoch = int(changed[np.argmax(np.abs(np.log(rates[changed]) - np.log(before[changed])))]) + 1
    old, new = before[epoch - 1], rates[epoch - 1]
    first = f"The learning rate was changed in epoch {epoch}, from {old:g} to {new:g}."
    if epoch == 1:
        return Finding(Kind.RATE_CHANGED, Severity.NOTE, first, epoch)
    was = case.value("test_accuracy", epoch - 1)
    now = case.value("test_accuracy", case.epochs)
    fell = _interval(now)[1] < _interval(was)[0]
    rose = _interval(now)[0] > _interval(was)[1]
    moved = "fell" if fell else "rose" if rose else "stayed within chance"
    second = f"Test accuracy {moved}: {test_accuracy(was)} before, {test_accuracy(now)} after."
    return Finding(
        Kind.RATE_CHANGED,
        Severity.FAULT if fell else Severity.NOTE,
        f"{first} {second}",
        epoch,
        {"before": was, "after": now, "old_rate": float(old), "new_rate": float(new)},
        (Try(f"Keep the learning rate at {case.config.learning_rate:g}", {}),) if fell else (),
    )


def find_better_before(case: Case) -> Finding | None:
    """An earlier epoch had a network that was clearly better."""
    if case.ending is not Ending.HAD_BEEN_BETTER or not case.has_ended:
        return None
    highest = case.highest_epoch
    now, before = case.value("test_accuracy"), case.value("test_accuracy", highest)
    return Finding(
        Kind.HAD_BEEN_BETTER,
        Severity.FAULT,
        f"It had been better: it gets {test_accuracy(now)} of the test images right. After epoch "
        f"{highest}, when its validation accuracy was highest, it was {test_accuracy(before)}.",
        highest,
        {"test_accuracy": now, "highest_test_accuracy": before},
        () if case.config.early_stopping else (STOP_EARLY,),
        View.CURVES,
    )


def _interval(accuracy: float) -> tuple[float, float]:
    return wilson_interval(round(accuracy * TEST_SET), TEST_SET)
