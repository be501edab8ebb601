"""Which runs are offered where there are sweeps: of each the best, whatever else it began."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.config import RunConfig
from core.runs import Run, RunStore
from core.runs.status import Trial
from core.sweep.config import SweepConfig
from core.sweep.space import Range
from core.sweep.store import Sweep, SweepStatus, SweepStore
from dashboard.session import trials
from dashboard.session.server import server
from dashboard.session.trials import SweepHead, find_trial, is_best, offered_runs, sweep_heads


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RunStore]:
    monkeypatch.setenv("DIGITLAB_RUNS", str(tmp_path))
    server.cache_clear()
    yield RunStore(tmp_path)
    server.cache_clear()


@pytest.fixture
def sweep(store: RunStore) -> Sweep:
    vary = {"dropout": Range(low=0, high=0.5)}
    return SweepStore(store).create(SweepConfig(vary=vary), name="my sweep")


def begin(store: RunStore, sweep: Sweep, number: int, seed: int = 0) -> Run:
    trial = Trial(sweep=sweep.id, number=number, seed=seed)
    return store.create(RunConfig(seed=seed), trial=trial)


def offered() -> list[str]:
    return [run.id for run in offered_runs()]


def test_of_a_sweep_the_best_run_is_offered(store: RunStore, sweep: Sweep) -> None:
    before = store.create(RunConfig())
    runs = {
        (number, seed): begin(store, sweep, number, seed) for number in (0, 1, 2) for seed in (0, 1)
    }
    after = store.create(RunConfig())
    assert offered() == [after.id, runs[2, 1].id, before.id]  # the newest, while there is no best
    sweep.write_status(SweepStatus(best_trial=1, best_value=0.9))
    assert offered() == [after.id, runs[1, 0].id, before.id]
    store.delete(runs[1, 0].id)
    assert offered() == [after.id, runs[2, 1].id, before.id]


def test_at_most_so_many_are_offered_and_trials_do_not_count(
    store: RunStore, sweep: Sweep, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trials, "MAX_OFFERED", 2)
    first, second = store.create(RunConfig()), store.create(RunConfig())
    begun = [begin(store, sweep, number) for number in range(3)]
    assert offered() == [begun[-1].id, second.id]
    sweep.write_status(SweepStatus(best_trial=0))
    assert offered() == [begun[0].id, second.id]
    assert first.id not in offered()


def test_heads_are_those_of_the_sweeps_as_they_stand(store: RunStore, sweep: Sweep) -> None:
    assert sweep_heads() == {sweep.id: SweepHead("my sweep", None)}
    sweep.write_status(SweepStatus(best_trial=3))
    damaged = SweepStore(store).create(sweep.config)
    (damaged.path / "config.json").write_text("rubbish")
    assert sweep_heads() == {
        sweep.id: SweepHead("my sweep", 3),
        damaged.id: SweepHead(f"damaged sweep {damaged.id}", None),
    }


def test_a_run_that_cannot_be_read_now_is_read_later(store: RunStore, sweep: Sweep) -> None:
    run = begin(store, sweep, 4)
    whole = (run.path / "config.json").read_bytes()
    (run.path / "config.json").write_bytes(b"{")
    assert find_trial(Run(run.path)) is None
    (run.path / "config.json").write_bytes(whole)
    assert find_trial(Run(run.path)) == Trial(sweep=sweep.id, number=4)


def test_the_best_run_is_the_best_trials_first() -> None:
    heads = {"A": SweepHead("a", 1), "B": SweepHead("b", None)}
    assert is_best(Trial(sweep="A", number=1), heads)
    for other in (
        Trial(sweep="A", number=0),
        Trial(sweep="A", number=1, seed=1),
        Trial(sweep="B", number=0),
        Trial(sweep="deleted", number=0),
        None,
    ):
        assert not is_best(other, heads)
