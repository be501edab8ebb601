"""Findings about how well the network fits: too much, too little, too short, held back."""

import numpy as np

from core.analysis.diagnosis import thresholds as limit
from core.analysis.diagnosis.case import Case
from core.analysis.diagnosis.findings import Finding, Kind, Severity, Try, View
from core.analysis.diagnosis.tries import (
    ALL_IMAGES,
    REGULARIZE,
    STOP_EARLY,
    USE_RELU,
    USUAL_WIDTHS,
    train_longer,
)
from core.analysis.diagnosis.wording import loss, number_of, of_validation_images, percent
from core.config import TRAINING_SET, Group, Schedule, hyperparameter, hyperparameters

_MAKE_FITTING_HARDER = [
    "dropout",
    "input_dropout",
    *(field.name for field in hyperparameters(Group.AUGMENTATION)),
]


def find_overfitting(case: Case) -> Finding | None:
    """Validation loss turns while training loss falls on, and the network is what came of it."""
    best, lowest = case.best_epoch, case.value("validation_loss", case.best_epoch)
    if case.restored_epoch or case.epochs - best < limit.EPOCHS_PAST_BEST:
        return None
    last = case.late_loss("validation_loss", case.epochs, best)
    fell = case.late_loss("train_loss", case.epochs, best) < case.value("train_loss", best)
    if not fell or not 0 < limit.OVERFIT_RISE * lowest <= last:
        return None
    before, now = (case.value("validation_accuracy", epoch) for epoch in (best, case.epochs))
    surer = ": it grows surer of its errors" if now >= before else ""
    return Finding(
        Kind.OVERFITS,
        Severity.FAULT,
        f"It overfits from epoch {best + 1} on: {case.loss_name} rose from {loss(lowest)} to "
        f"{loss(last)} while that of training fell on. Validation accuracy went from "
        f"{percent(before)} to {of_validation_images(now, case.config)}{surer}.",
        best + 1,
        {"lowest_validation_loss": lowest, "validation_loss": last, "rise": last / lowest},
        _against_overfitting(case),
    )


def _against_overfitting(case: Case) -> tuple[Try, ...]:
    tries = []
    if case.config.hidden and not case.config.is_regularized:
        tries.append(REGULARIZE)
    if not case.config.early_stopping:
        tries.append(STOP_EARLY)
    if case.config.training_images < TRAINING_SET - case.config.validation_size:
        tries.append(ALL_IMAGES)
    return tuple(tries)


def find_best_earlier(case: Case) -> Finding | None:
    """The best epoch was not the last: by how much it was better, or that it was restored."""
    if not case.has_ended or case.best_epoch == case.epochs:
        return None
    lowest = case.value("validation_loss", case.best_epoch)
    last = case.value("validation_loss", case.epochs)
    if case.restored_epoch:
        why = ", when validation loss had no longer improved" if case.stopped_early else ""
        return Finding(
            Kind.BEST_EARLIER,
            Severity.GOOD,
            f"It ended after epoch {case.epochs}{why}. The weights of epoch {case.restored_epoch}, "
            "the best, were restored.",
            case.restored_epoch,
            {"lowest_validation_loss": lowest, "validation_loss": last},
        )
    if not 0 < limit.BEST_EARLIER_RISE * lowest <= last:
        return None
    return Finding(
        Kind.BEST_EARLIER,
        Severity.NOTE,
        f"{case.loss_name.capitalize()} was lowest, {loss(lowest)}, after epoch {case.best_epoch}. "
        f"After the last it is {loss(last)}, {100 * (last / lowest - 1):.0f} % more.",
        case.best_epoch,
        {"lowest_validation_loss": lowest, "validation_loss": last, "rise": last / lowest},
        () if case.config.early_stopping else (STOP_EARLY,),
    )


def find_narrowed_gap(case: Case) -> Finding | None:
    """With regularisation training and validation loss lie closer than without, after as many
    epochs.
    """
    if not case.has_ended or not case.plain or not case.config.is_regularized:
        return None
    plain = Case(case.config, case.plain.history)
    epoch = min(case.epochs, plain.epochs)
    gap, without = (
        one.late_loss("validation_loss", epoch) - one.late_loss("train_loss", epoch)
        for one in (case, plain)
    )
    if without < limit.GAP or gap > limit.GAP_NARROWED * without:
        return None
    return Finding(
        Kind.GAP_NARROWED,
        Severity.GOOD,
        f"Regularisation narrowed the gap between training and {case.loss_name} to "
        f"{loss(max(gap, 0))}, up to epoch {epoch}. Without it, in “{case.plain.name}”, it was "
        f"{loss(without)}.",
        None,
        {"gap": gap, "gap_without": without},
        (),
        View.COMPARE,
        case.plain.id,
    )


def find_unfinished(case: Case) -> Finding | None:
    """It ended, not by early stopping or at a rate of zero, and still learned."""
    is_best = case.has_ended and case.best_epoch == case.epochs
    ends_at_zero = case.config.schedule is Schedule.COSINE and case.epochs == case.config.epochs
    falls = case.still_falls_by
    if not is_best or ends_at_zero or case.stopped_early or falls < limit.STILL_FALLING:
        return None
    if case.epochs == 1:
        if case.has_parent:  # whose epochs count too
            return None
        words = "It has had one epoch, too few to tell what it can learn."
    else:
        words = (
            f"It had not finished learning: over its last epochs {case.loss_name} still fell by "
            f"{100 * falls:.0f} %, to {loss(case.value('validation_loss'))}."
        )
    return Finding(
        Kind.UNFINISHED, Severity.NOTE, words, None, {"still_falls_by": falls}, train_longer(case)
    )


def find_too_small(case: Case) -> Finding | None:
    """So few units that it cannot learn even its training images."""
    hidden, accuracy = case.config.hidden, case.value("train_accuracy")
    is_small = not case.is_flat and (not hidden or min(hidden) <= limit.SMALL_WIDTH)
    is_done = case.has_ended and case.still_falls_by < limit.SMALL_STILL_FALLING
    if not (is_small and is_done) or accuracy >= limit.LEARNED:
        return None
    if hidden:
        narrow = f"With {number_of(min(hidden), 'unit')} in its narrowest layer"
    else:
        narrow = "Without a hidden layer"
    return Finding(
        Kind.TOO_SMALL,
        Severity.FAULT,
        f"{narrow} it is too small. It gets {percent(accuracy)} of its training images right, and "
        "its loss hardly falls any more.",
        None,
        {"train_accuracy": accuracy, "still_falls_by": case.still_falls_by},
        (USUAL_WIDTHS,),
    )


def find_strong_regularization(case: Case) -> Finding | None:
    """Dropout, augmentation or L2 keeps it from learning its training images."""
    config, accuracy = case.config, case.value("train_accuracy")
    held_back = accuracy - case.value("running_accuracy")
    has_dropout = bool(config.input_dropout or (config.hidden and config.dropout))
    harder = ["dropout"] * has_dropout + ["augmentation"] * config.is_augmented
    is_hard = bool(harder) and held_back >= limit.HELD_BACK
    penalises = bool(config.hidden) and config.l2 >= limit.STRONG_L2
    if not case.is_settled or not (is_hard or penalises) or accuracy >= limit.LEARNED:
        return None
    changes: dict[str, float] = {}
    reasons = []
    if is_hard:
        changes |= {name: round(getattr(config, name) / 2, 2) for name in _MAKE_FITTING_HARDER}
        verb = "takes" if len(harder) == 1 else "take"
        reasons.append(
            f"{' and '.join(harder)} {verb} {100 * held_back:.0f} points of accuracy while it fits"
        )
    if penalises:
        changes["l2"] = config.l2 / 10
        reasons.append(f"L2 is {config.l2:g}")
    changes = {name: value for name, value in changes.items() if value != getattr(config, name)}
    return Finding(
        Kind.OVER_REGULARIZED,
        Severity.FAULT,
        f"It gets only {percent(accuracy)} of its training images right. It is regularised too "
        f"strongly: {' and '.join(reasons)}.",
        None,
        {"train_accuracy": accuracy, "held_back": held_back, "l2": config.l2},
        (Try(_label(changes), changes),),
    )


def _label(changes: dict[str, float]) -> str:
    """{"dropout": 0.4, "l2": 0.001} -> "Dropout 0.4, L2 0.001"."""
    return ", ".join(f"{hyperparameter(name).title} {value:g}" for name, value in changes.items())


def find_early_stop(case: Case) -> Finding | None:
    """Early stopping ended it while it learned on."""
    config = case.config
    if not case.stopped_early:
        return None
    losses = np.asarray(case.history["validation_loss"], np.float64)  # as early stopping judges
    stop = case.epochs - config.patience  # which it takes for the best
    first = max(stop - 3, 1)
    begin, end, last = (float(losses[epoch - 1]) for epoch in (first, stop, case.epochs))
    fall = 1 - (end / begin) ** (1 / (stop - first)) if stop > first and begin > 0 else 0.0
    fell_on = 1 - last / end if end > 0 else 0.0
    if config.min_delta and fell_on >= limit.RAN_ON:
        words = (
            f"It stopped after epoch {case.epochs}, as improvements below {config.min_delta:g} did "
            f"not count. After epoch {stop} validation loss still fell by {100 * fell_on:.0f} %."
        )
        tries = (Try("Least improvement 0", {"min_delta": 0.0}),)
    elif config.patience <= limit.SHORT_PATIENCE and fall >= limit.STILL_LEARNING:
        words = (
            f"It stopped after epoch {case.epochs}, with a patience of {config.patience}. Up to "
            f"epoch {stop} validation loss had fallen by {100 * fall:.0f} % an epoch."
        )
        tries = (Try("Patience 5", {"patience": 5, "min_delta": 0.0}),)
    else:
        return None
    evidence = {"fall": fall, "fell_on": fell_on}
    return Finding(Kind.STOPPED_TOO_EARLY, Severity.FAULT, words, stop, evidence, tries)


def find_little(case: Case) -> Finding | None:
    """It learned little, for whatever reason."""
    config, accuracy = case.config, case.value("train_accuracy")
    if not case.is_settled or accuracy >= limit.LITTLE:
        return None
    if case.is_flat:
        layers = f"{number_of(len(config.hidden), 'layer')} of {config.activation.value}"
        why = f"Through {layers} little of the error reaches the first one."
    else:
        why = "It may have had too few steps, or steps that were too small."
    return Finding(
        Kind.LEARNED_LITTLE,
        Severity.FAULT,
        f"It learned little: it gets {percent(accuracy)} of its training images right. {why}",
        None,
        {"train_accuracy": accuracy},
        (USE_RELU,) if case.is_flat else train_longer(case),
    )


def find_few_images(case: Case) -> Finding | None:
    """So few images that more would help."""
    config = case.config
    if config.training_size >= limit.FEW_IMAGES or case.gap < limit.FEW_IMAGES_GAP:
        return None
    return Finding(
        Kind.FEW_IMAGES,
        Severity.FAULT,
        f"It learns from {config.training_size:,} images only. Of these it gets "
        f"{100 * case.gap:.1f} points more right than of images that it has not seen.",
        None,
        {"training_images": config.training_size, "gap": case.gap},
        (ALL_IMAGES,),
    )
