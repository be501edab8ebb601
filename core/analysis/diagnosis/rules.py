"""The rules of a diagnosis, in the order in which findings of the same weight are said."""

from collections.abc import Callable, Collection, Mapping

from core.analysis.diagnosis import fit, rates, units
from core.analysis.diagnosis.case import Case
from core.analysis.diagnosis.findings import Finding, Kind, Severity, View
from core.analysis.diagnosis.wording import loss, of_test_images
from core.analysis.verdict import judge_images


def find_difference(case: Case) -> Finding | None:
    """Whether the difference to the run before this one is more than chance."""
    if not case.has_ended or not case.earlier or not case.earlier.comparison:
        return None
    found = case.earlier.comparison
    words = judge_images(found, f"“{case.earlier.name}”", "this run").finding
    return Finding(
        Kind.DIFFERENCE,
        Severity.NOTE,
        words[0].upper() + words[1:],
        None,
        {"difference": found.difference, "p_value": found.p_value},
        (),
        View.COMPARE,
        case.earlier.id,
    )


_RULES: tuple[Callable[[Case], Finding | None], ...] = (
    rates.find_chance,
    rates.find_changed_rate,
    rates.find_high_rate,
    rates.find_low_rate,
    rates.find_better_before,
    fit.find_strong_regularization,
    fit.find_too_small,
    fit.find_little,
    units.find_dead_units,
    units.find_saturated_units,
    fit.find_few_images,
    fit.find_overfitting,
    fit.find_early_stop,
    fit.find_unfinished,
    units.find_tiny_batches,
    fit.find_best_earlier,
    find_difference,
    fit.find_narrowed_gap,
)


_ABOUT_UNITS = {Kind.DEAD_UNITS, Kind.SATURATED_UNITS}
_EXPLAINS: Mapping[Kind, Collection[Kind]] = {
    Kind.AT_CHANCE: set(Kind) - {Kind.AT_CHANCE, Kind.RATE_CHANGED, *_ABOUT_UNITS, Kind.DIFFERENCE},
    Kind.RATE_TOO_HIGH: {
        Kind.LEARNED_LITTLE,
        Kind.TOO_SMALL,
        Kind.OVERFITS,
        Kind.UNFINISHED,
        Kind.BEST_EARLIER,
    },
    Kind.HAD_BEEN_BETTER: {Kind.BEST_EARLIER, Kind.LEARNED_LITTLE},
    Kind.OVERFITS: {Kind.BEST_EARLIER},
    Kind.RATE_TOO_LOW: {Kind.UNFINISHED, Kind.LEARNED_LITTLE, Kind.TOO_SMALL},
    Kind.OVER_REGULARIZED: {
        Kind.UNFINISHED,
        Kind.LEARNED_LITTLE,
        Kind.TOO_SMALL,
        Kind.GAP_NARROWED,
    },
    Kind.TOO_SMALL: {Kind.UNFINISHED, Kind.LEARNED_LITTLE},
    Kind.LEARNED_LITTLE: {Kind.UNFINISHED},
}
"""What needs no saying any more where a finding of a kind is made."""


def diagnose(case: Case) -> list[Finding]:
    """What happened in a run, most important first; none as long as no epoch has ended.

    Of a run that has ended with nothing to mend, "a clean run" comes first.
    """
    if not case.epochs:
        return []
    found = [finding for rule in _RULES if (finding := rule(case))]
    explained = {kind for finding in found for kind in _EXPLAINS.get(finding.kind, ())}
    found = [finding for finding in found if finding.kind not in explained]
    if case.has_ended and all(
        finding.severity is Severity.GOOD or finding.kind is Kind.DIFFERENCE for finding in found
    ):
        return [_praise(case), *found]
    return sorted(found, key=lambda finding: -finding.severity)


def _praise(case: Case) -> Finding:
    return Finding(
        Kind.CLEAN,
        Severity.GOOD,
        f"A clean run. It gets {of_test_images(case.value('test_accuracy'))} of the test images "
        f"right, at a {case.loss_name} of {loss(case.value('validation_loss'))}.",
        None,
        {"test_accuracy": case.value("test_accuracy")},
        (),
        View.EVALUATE,
    )
