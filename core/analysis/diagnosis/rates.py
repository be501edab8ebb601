"""Findings about the learning rate: too high, too low, changed by hand."""

import numpy as np

from core.analysis.diagnosis import thresholds as limit
from core.analysis.diagnosis.case import Case
from core.analysis.diagnosis.findings import Finding, Kind, Severity, Try
from core.analysis.diagnosis.tries import STOP_EARLY, USE_RELU, train_longer, use_usual_rate
from core.analysis.diagnosis.wording import loss, number_of, of_test_images, percent
from core.analysis.ending import COMMONEST_SHARE, Ending
from core.analysis.metrics import interval_on_test_set


def find_chance(case: Case) -> Finding | None:
    """The network does no better than one answer to every image."""
    is_early = case.epochs < 2 and not case.has_ended
    if not case.ending.is_at_chance or is_early:
        return None
    accuracy, highest = case.value("test_accuracy"), case.highest_epoch
    before = case.value("test_accuracy", highest)
    lost = case.ending is Ending.LOST
    if lost:
        first = (
            f"It lost what it had learned: it gets {percent(accuracy)} of the test images right; "
            f"after epoch {highest} it was {percent(before)}."
        )
    else:
        so_far = "It learned nothing" if case.has_ended else "So far it has learned nothing"
        first = (
            f"{so_far}: it gets {percent(accuracy)} of the test images right, and always answering "
            f"1 would get {percent(COMMONEST_SHARE)}."
        )
    why, tries = _explain_chance(case)
    return Finding(
        Kind.AT_CHANCE,
        Severity.GRAVE if case.has_ended or lost else Severity.NOTE,
        f"{first} {why}",
        highest if lost else None,
        {"test_accuracy": accuracy, "highest_test_accuracy": before},
        tries,
    )


def _explain_chance(case: Case) -> tuple[str, tuple[Try, ...]]:
    config, usual = case.config, limit.USUAL_RATE[case.config.optimizer]
    rate = max(config.learning_rate, float(case.columns["base_learning_rate"].max()))
    if rate >= limit.HIGH_RATE * usual:
        why = f"The learning rate of {rate:g} is too high, where {usual:g} is usual."
        return why, (use_usual_rate(config),)
    if rate <= limit.LOW_RATE * usual:
        why = f"The learning rate of {rate:g} is too low, where {usual:g} is usual."
        return why, (use_usual_rate(config),)
    if case.is_flat:
        layers = f"{number_of(len(config.hidden), 'layer')} of {config.activation.value}"
        return f"Through {layers} little of the error reaches the first one.", (USE_RELU,)
    if config.is_regularized:
        plain = Try("Without regularisation", {"dropout": 0.0, "input_dropout": 0.0, "l2": 0.0})
        return "Dropout or L2 may hold it back, or it has had too few steps.", (plain,)
    return "It may have had too few steps.", train_longer(case)


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
    accuracy, worst_layer = case.value("train_accuracy"), case.worst_layer("dead")
    # Units that a parent has killed say nothing of this run's rate.
    dead = 0.0 if worst_layer is None or case.has_parent else float(worst_layer["dead"])
    is_very_high = rate >= limit.VERY_HIGH_RATE * usual
    learned_little = case.is_settled and is_very_high and accuracy < limit.LEARNED
    was_better = is_very_high and case.ending is Ending.HAD_BEEN_BETTER
    if jumps < limit.JUMPS and not (learned_little or was_better) and dead < limit.DEAD:
        return None
    worst = int(np.argmax(steps)) + 2 if len(steps) else 1
    if jumps >= limit.JUMPS:
        seen = (
            f"Its training loss jumps, in epoch {worst} from {loss(losses[worst - 2])} to "
            f"{loss(losses[worst - 1])}."
        )
    elif learned_little:
        seen = f"It gets only {percent(accuracy)} of its training images right."
    elif was_better:
        seen = f"It was better after epoch {case.highest_epoch} than it is now."
    else:
        seen = f"It killed {100 * dead:.0f} % of a layer's units."
    return Finding(
        Kind.RATE_TOO_HIGH,
        Severity.FAULT,
        f"{seen} The learning rate of {rate:g} is too high, where {usual:g} is usual.",
        worst if jumps >= limit.JUMPS else None,
        {"jumps": jumps, "learning_rate": rate, "train_accuracy": accuracy, "dead": dead},
        (use_usual_rate(case.config),),
    )


def find_low_rate(case: Case) -> Finding | None:
    """It still learns at the end, has not learned much, and went in steps smaller than usual."""
    usual = limit.USUAL_RATE[case.config.optimizer]
    rate = float(case.columns["base_learning_rate"].max())
    accuracy = case.value("train_accuracy")
    is_low = rate <= limit.LOW_RATE * usual and accuracy < limit.LEARNED
    if not case.has_ended or not is_low or case.still_falls_by < limit.SLOW:
        return None
    return Finding(
        Kind.RATE_TOO_LOW,
        Severity.FAULT,
        f"After {number_of(case.epochs, 'epoch')} it gets {percent(accuracy)} of its training "
        f"images right. The learning rate of {rate:g} is too low, where {usual:g} is usual.",
        None,
        {"train_accuracy": accuracy, "learning_rate": rate, "still_falls_by": case.still_falls_by},
        (use_usual_rate(case.config),),
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
    fell = interval_on_test_set(now)[1] < interval_on_test_set(was)[0]
    rose = interval_on_test_set(now)[0] > interval_on_test_set(was)[1]
    moved = "fell" if fell else "rose" if rose else "moved no more than chance would"
    second = f"Test accuracy {moved}: {of_test_images(was)} before, {of_test_images(now)} after."
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
        f"It had been better: it gets {of_test_images(now)} of the test images right. After epoch "
        f"{highest}, when its validation accuracy was highest, it was {of_test_images(before)}.",
        highest,
        {"test_accuracy": now, "highest_test_accuracy": before},
        () if case.config.early_stopping else (STOP_EARLY,),
    )
