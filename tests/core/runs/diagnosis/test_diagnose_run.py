"""The diagnosis of runs that were really trained, beside others."""

from collections.abc import Callable

import numpy as np
import pytest
from statsmodels.stats.contingency_tables import mcnemar

from core.analysis.diagnosis import Finding, Kind, View
from core.config import RunConfig
from core.data import DataError, load_mnist
from core.runs import Run, RunStore
from core.runs.diagnosis.diagnose_run import diagnose_run
from core.runs.status import State
from core.runs.summary import summarize
from core.training import train

LABELS = load_mnist().y_test


@pytest.fixture
def train_run(store: RunStore, small: Callable[..., RunConfig]) -> Callable[..., Run]:
    def train_one(name: str = "", owner: str = "ada", **changes: object) -> Run:
        run = store.create(small(**changes), name=name, owner=owner, state=State.RUNNING)
        assert train(run).state is State.FINISHED
        return run

    return train_one


def diagnose(store: RunStore, run: Run) -> dict[Kind, Finding]:
    others = [summarize(other) for other in store.list()]
    return {finding.kind: finding for finding in diagnose_run(run, others)}


def test_a_run_is_held_against_the_last_one_of_its_owner(
    store: RunStore, train_run: Callable[..., Run]
) -> None:
    before = train_run("before", epochs=1)
    train_run("somebody else's", owner="bob")
    run = train_run("after")
    found = diagnose(store, run)[Kind.DIFFERENCE]
    right = [
        one.test_probabilities(one.epochs_done).argmax(axis=1) == LABELS for one in (before, run)
    ]
    table = [[np.sum((right[0] == a) & (right[1] == b)) for b in (1, 0)] for a in (1, 0)]
    assert found.evidence["p_value"] == pytest.approx(mcnemar(table, exact=True).pvalue)
    assert found.evidence["difference"] == pytest.approx(right[1].mean() - right[0].mean())
    assert "“before”" in found.sentence
    assert (found.view, found.other) == (View.COMPARE, before.id)
    assert Kind.DIFFERENCE not in diagnose(store, before)


def test_a_regularised_run_is_held_against_one_without(
    store: RunStore, train_run: Callable[..., Run]
) -> None:
    usual = {"hidden": (64,), "epochs": 15}
    train_run("another", **usual, batch_size=256)
    plain = train_run("plain", **usual)
    train_run("regularised, too", **usual, dropout=0.3)
    run = train_run("regularised", **usual, dropout=0.5, seed=1)
    found = diagnose(store, run)[Kind.GAP_NARROWED]
    assert "in “plain”" in found.sentence
    assert found.other == plain.id
    gaps = [
        (one.history["validation_loss"] - one.history["train_loss"]).tail(3).median()
        for one in (run, plain)
    ]
    found_gaps = found.evidence["gap"], found.evidence["gap_without"]
    assert found_gaps == pytest.approx(gaps, rel=0.05)
    assert Kind.GAP_NARROWED not in diagnose(store, plain)


def test_units_that_die_are_found(store: RunStore, train_run: Callable[..., Run]) -> None:
    run = train_run(hidden=(64,), learning_rate=1.0)
    found = diagnose(store, run)
    assert found[Kind.DEAD_UNITS].evidence["units"] == 64
    assert Kind.DEAD_UNITS not in {one.kind for one in summarize(run).results.findings}


def test_before_the_first_epoch_has_ended_nothing_is_found(
    store: RunStore, small: Callable[..., RunConfig]
) -> None:
    assert diagnose(store, store.create(small())) == {}


def test_what_cannot_be_read_takes_only_its_own_findings_away(
    store: RunStore, train_run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    train_run("before", epochs=1)
    run = train_run(hidden=(64,), learning_rate=1.0)
    whole = diagnose(store, run)
    assert {Kind.DEAD_UNITS, Kind.DIFFERENCE} <= whole.keys()
    (run.path / "weights.npy").write_bytes(b"no weights")
    without_units = diagnose(store, run).keys()
    assert Kind.DIFFERENCE in without_units
    assert Kind.DEAD_UNITS not in without_units

    def fail() -> None:
        raise DataError("the data set is gone")

    monkeypatch.setattr("core.runs.diagnosis.diagnose_run.load_mnist", fail)
    monkeypatch.setattr("core.runs.diagnosis.unit_activity.load_mnist", fail)
    assert diagnose(store, run).keys() == without_units - {Kind.DIFFERENCE}
