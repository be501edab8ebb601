"""Findings of really trained runs: those that have a fault, and those that have not."""

from collections import Counter
from dataclasses import replace

import pytest
from statsmodels.stats.proportion import proportion_confint

from core.analysis.diagnosis import Case, Kind, diagnose
from tests.core.analysis.diagnosis.recorded_runs import RECORDED, recorded_cases

HARMLESS = {Kind.CLEAN, Kind.BEST_EARLIER, Kind.GAP_NARROWED, Kind.UNFINISHED}


@pytest.mark.parametrize("name", RECORDED)
def test_every_fault_is_found_and_no_other(name: str) -> None:
    recorded = RECORDED[name]
    for seed, case in recorded_cases(name):
        found = diagnose(case)
        kinds = [finding.kind for finding in found]
        faults = {finding.kind for finding in found if finding.is_fault}
        assert recorded.kinds <= {*kinds}, (name, seed, kinds)
        named = recorded.kinds | recorded.also | {Kind.HAD_BEEN_BETTER}
        assert faults <= named, (name, seed, kinds)
        assert len({*kinds}) == len(kinds)
        severities = [finding.severity for finding in found]
        assert severities == sorted(severities, reverse=True) or kinds[0] is Kind.CLEAN
        for finding in found:
            assert finding.sentence.count(". ") <= 1
            assert finding.sentence.endswith(".")
            for sentence in finding.sentence.split(". "):
                assert len(sentence.replace(" %", "%").split()) <= 25, sentence


def test_each_kind_has_six_runs_that_have_it() -> None:
    counted = Counter[Kind]()
    for recorded in RECORDED.values():
        for kind in recorded.kinds:
            counted[kind] += len(recorded.seeds)
    missing = {kind for kind in Kind if counted[kind] < 6}
    assert missing == {Kind.DIFFERENCE, Kind.HAD_BEEN_BETTER}  # they have tests of their own


def test_a_run_had_been_better_where_the_intervals_do_not_meet() -> None:
    counted = 0
    for name in RECORDED:
        for _, case in recorded_cases(name):
            accuracies = case.history["test_accuracy"]
            now = accuracies[case.network_epoch - 1]
            highest = accuracies[case.history["validation_accuracy"].argmax()]
            high = proportion_confint(now * 10_000, 10_000, method="wilson")[1]
            low = proportion_confint(highest * 10_000, 10_000, method="wilson")[0]
            kinds = {finding.kind for finding in diagnose(case)}
            is_worse = high < low and Kind.AT_CHANCE not in kinds
            assert (Kind.HAD_BEEN_BETTER in kinds) == is_worse, name
            counted += is_worse
    assert counted >= 6


def test_the_epoch_of_a_finding_is_where_it_begins() -> None:
    for _, case in recorded_cases("baseline"):
        (found,) = (one for one in diagnose(case) if one.kind is Kind.OVERFITS)
        losses = case.history["validation_loss"]
        assert found.epoch == losses.argmin() + 2
        assert found.evidence["lowest_validation_loss"] == pytest.approx(losses.min())
    for name in ("changed-0.02", "changed-0.1", "changed-0.0001"):
        for _, case in recorded_cases(name):
            (found,) = (one for one in diagnose(case) if one.kind is Kind.RATE_CHANGED)
            first = case.history["base_learning_rate"].ne(1e-3).argmax()
            assert found.epoch == first + 1
            assert found.evidence["before"] == case.history["test_accuracy"][first - 1]
            assert found.evidence["after"] == case.history["test_accuracy"].iloc[-1]


def test_what_is_to_be_tried_changes_the_configuration_as_it_says() -> None:
    for name, recorded in RECORDED.items():
        for _, case in recorded_cases(name):
            for finding in diagnose(case):
                for try_ in finding.tries:
                    changed = recorded.config.model_copy(update=dict(try_.changes))
                    validated = type(changed).model_validate(changed.model_dump())
                    is_same_again = recorded.changed_rate and "learning rate" in try_.label.lower()
                    assert (validated == recorded.config) == bool(is_same_again), (name, try_)


@pytest.mark.parametrize(
    "name", [name for name, one in RECORDED.items() if one.kinds <= HARMLESS and not one.also]
)
def test_a_run_without_a_fault_has_none_at_any_epoch(name: str) -> None:
    """While it trains, and if it is stopped there."""
    for _, case in recorded_cases(name):
        for epochs in range(1, case.epochs):
            history = case.history.iloc[:epochs]
            for has_ended in (False, True):
                found = diagnose(Case(case.config, history, has_ended, stopped_by_hand=has_ended))
                faults = {finding.kind for finding in found if finding.is_fault}
                assert faults <= {Kind.HAD_BEEN_BETTER}, (name, epochs, has_ended)
                assert epochs > 1 or Kind.CLEAN not in {one.kind for one in found}


def test_what_a_parent_did_is_not_laid_to_the_run() -> None:
    """Units that were dead before it, and that it has had one epoch of its own."""
    killed = 0
    for name in ("adam-0.1", "adam2-0.03"):
        for _, case in recorded_cases(name):
            kinds = {one.kind for one in diagnose(case)}
            of_a_child = {one.kind for one in diagnose(replace(case, has_parent=True))}
            assert Kind.DEAD_UNITS in of_a_child
            killed += Kind.RATE_TOO_HIGH in kinds - of_a_child
    assert killed
    _, case = next(iter(recorded_cases("quick")))
    first = {name: values[:1] for name, values in case.history.items()}
    assert [one.kind for one in diagnose(Case(case.config, first))] == [Kind.UNFINISHED]
    found = diagnose(Case(case.config, first, has_parent=True))
    assert [one.kind for one in found] == [Kind.CLEAN]
