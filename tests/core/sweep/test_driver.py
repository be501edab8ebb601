"""Sweeps driven to their end, interrupted anywhere, pruned, stopped and extended.

Where the network matters the runs are trained for real, else by a stand-in.
"""

import errno
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import numpy as np
import optuna
import pytest

from core.config import RunConfig
from core.runs import Run, RunStore
from core.runs.status import Request, State, Trial
from core.sweep.config import SweepConfig
from core.sweep.driver import Driver, final_accuracy
from core.sweep.space import Range
from core.sweep.store import (
    DATABASE_VARIABLE,
    Sweep,
    SweepBusyError,
    SweepError,
    SweepStore,
)
from core.sweep.study import SweepStudy, SweepTrial, load_study, trial_table
from core.training import train
from tests.core.sweep.conftest import drive
from tests.core.sweep.stand_in import Train, imitate_training

Tiny = Callable[..., SweepConfig]

LEARNS, DOES_NOT = 1e-2, 1e-6
IN_ONE_BRACKET = "20260101-000000-000001"
"""Hyperband deals trials out to its brackets by the study's name; of this one to the same."""


def table(sweep: Sweep):
    return trial_table(load_study(sweep), list(sweep.config.vary))


def check_each_once(sweep: Sweep, runs: RunStore, trials: int) -> None:
    """So many trials, each with one run of its own for each seed, and no run besides."""
    rows = table(sweep)
    assert list(rows["number"]) == list(range(trials))
    ids = [run_id for run_ids in rows["runs"] for run_id in run_ids]
    assert sorted(ids) == sorted(run.id for run in runs.list())
    assert len(set(ids)) == trials * sweep.config.seeds


def test_every_trial_is_an_ordinary_run_judged_by_its_validation_accuracy(
    sweeps: SweepStore, tiny: Tiny
) -> None:
    sweep = sweeps.create(tiny(trials=2), name="first", owner="Ada")
    drive(sweep, sweeps.runs, train=train)
    check_each_once(sweep, sweeps.runs, 2)
    rows = table(sweep)
    for row in rows.itertuples():
        run = sweeps.runs.get(row.runs[0])
        assert run.status.state is State.FINISHED
        assert (run.config.dropout, run.config.l2) == (row.dropout, row.l2)
        assert 0 <= row.dropout <= 0.7
        assert 1e-6 <= row.l2 <= 1e-2
        assert row.value == run.history["validation_accuracy"].iloc[-1]
        assert row.epochs_done == 2
        assert (run.name, run.record.owner) == (f"first #{row.number}", "Ada")
    status = sweep.status
    assert (status.complete, status.cut, status.in_flight) == (2, 0, 0)
    assert status.best_value == rows["value"].max()
    assert rows["value"][status.best_trial] == rows["value"].max()
    assert sweep.state is State.FINISHED


def test_a_grid_is_covered_exactly(sweeps: SweepStore, tiny: Tiny, grid: dict) -> None:
    sweep = sweeps.create(tiny(vary=grid, sampler="grid"))
    drive(sweep, sweeps.runs)
    rows = table(sweep)
    tried = rows[["dropout", "activation"]].to_dict("records")
    assert tried == sweep.config.grid()
    assert sweep.state is State.FINISHED
    with pytest.raises(SweepError, match="a grid has all its points already"):
        sweep.extend(10)


def test_any_hyperparameter_may_vary_and_has_a_column_of_its_own(
    sweeps: SweepStore, tiny: Tiny
) -> None:
    assert trial_table(None, list(RunConfig.model_fields)).columns.is_unique
    sweep = sweeps.create(tiny(vary={"epochs": Range(low=1, high=3, points=3)}, sampler="grid"))
    drive(sweep, sweeps.runs)
    rows = table(sweep)
    assert list(rows["epochs"]) == list(rows["epochs_done"]) == [1, 2, 3]


def test_seeds_of_a_trial_are_averaged(sweeps: SweepStore, tiny: Tiny) -> None:
    sweep = sweeps.create(tiny(seeds=3, trials=2, base={"seed": 5}))
    drive(sweep, sweeps.runs)
    check_each_once(sweep, sweeps.runs, 2)
    for row in table(sweep).itertuples():
        runs = [sweeps.runs.get(run_id) for run_id in row.runs]
        assert [run.config.seed for run in runs] == [5, 6, 7]
        trials = [Trial(sweep=sweep.id, number=row.number, seed=seed) for seed in range(3)]
        assert [run.record.trial for run in runs] == trials
        assert len({run.config.model_copy(update={"seed": 0}) for run in runs}) == 1
        assert row.value == pytest.approx(np.mean([final_accuracy(run) for run in runs]))


def test_a_pause_begins_no_further_seed(sweeps: SweepStore, tiny: Tiny) -> None:
    sweep = sweeps.create(tiny(seeds=3, trials=1))
    driver = Driver(sweep, sweeps.runs)
    driver.poll(slots=1)
    sweep.request(Request.PAUSE)
    for _ in range(3):
        for run in driver.runs_to_train():
            imitate_training(run)
        driver.poll(slots=1)
    assert len(sweeps.runs.list()) == 1
    assert sweep.state is State.PAUSED
    sweep.request(Request.RUN)
    drive(sweep, sweeps.runs)
    check_each_once(sweep, sweeps.runs, 1)
    assert sweep.state is State.FINISHED


def test_a_sweep_that_cannot_be_written_is_told_in_a_sentence(
    sweeps: SweepStore, tiny: Tiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    sweep = sweeps.create(tiny())
    monkeypatch.setattr("core.runs.document_folder.save_json", full)
    with pytest.raises(SweepError, match=r"cannot be written to .*: No space left on device"):
        sweeps.create(tiny())
    assert [path.name for path in sweeps.root.iterdir()] == [sweep.id]
    with pytest.raises(SweepError, match=f"sweep {sweep.id} cannot be written: No space left"):
        sweep.request(Request.PAUSE)


def test_the_accuracy_is_that_of_the_network_that_is_kept(sweeps: SweepStore, tiny: Tiny) -> None:
    """With early stopping that is not the last epoch's."""
    base = {"early_stopping": True, "patience": 1, "learning_rate": 0.3, "epochs": 30}
    sweep = sweeps.create(tiny(base=base, trials=1))
    drive(sweep, sweeps.runs, train=train)
    (run,) = sweeps.runs.list()
    losses = run.history["validation_loss"]
    assert losses.idxmin() < len(losses) - 1
    assert sweep.status.best_value == run.history["validation_accuracy"][losses.idxmin()]


def test_the_study_is_beside_the_runs_unless_there_is_a_database(
    sweeps: SweepStore, tiny: Tiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_database = sweeps.create(tiny(trials=1))
    assert with_database.record.in_database
    monkeypatch.delenv(DATABASE_VARIABLE)
    sweep = sweeps.create(tiny(trials=1))
    drive(sweep, sweeps.runs)
    url = f"sqlite:///{sweeps.runs.root}/sweeps/{sweep.id}/study.db"
    assert optuna.get_all_study_names(url) == [sweep.id]
    with pytest.raises(SweepError, match=f"is in a database: .* {DATABASE_VARIABLE}"):
        drive(with_database, sweeps.runs)


def test_those_who_look_at_a_sweep_that_begins_do_not_disturb_it(
    sweeps: SweepStore, tiny: Tiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until there is a study there is none to see; it is there as a whole, or not at all."""
    monkeypatch.delenv(DATABASE_VARIABLE)
    sweep = sweeps.create(tiny(trials=1))
    assert load_study(sweep) is None
    assert not sweep.study_path.exists()
    begin = Barrier(8)

    def look(number: int) -> None:
        begin.wait()
        if number % 2:
            SweepStudy(sweep)
        else:
            load_study(sweep)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(look, range(8)))
    assert load_study(sweep).study_name == sweep.id
    assert {path.name for path in sweep.path.iterdir()} == {"config.json", "study.db"}


def test_a_study_of_another_version_of_optuna_is_refused_with_a_sentence(
    sweeps: SweepStore, tiny: Tiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(DATABASE_VARIABLE)
    sweep = sweeps.create(tiny(trials=1))
    with sqlite3.connect(sweep.study_path) as database:
        optuna.storages.RDBStorage(f"sqlite:///{sweep.study_path}").engine.dispose()
        database.execute("UPDATE alembic_version SET version_num = 'v99.0.0'")
    with pytest.raises(SweepError, match=r"cannot be read or written: .*no longer compatible"):
        load_study(sweep)


# --- interruptions


def test_whoever_takes_it_up_goes_on_as_if_nothing_had_happened(
    sweeps: SweepStore, tiny: Tiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.sweep.study.STARTUP_TRIALS", 3)
    config = tiny(sampler="tpe", trials=6)
    whole, interrupted = sweeps.create(config), sweeps.create(config)
    drive(whole, sweeps.runs)
    while interrupted.has_work:
        drive(interrupted, sweeps.runs, polls=1)
    first, second = table(whole), table(interrupted)
    assert len(first) == len(second) == 6
    for column in ("dropout", "l2", "value"):
        assert list(first[column]) == list(second[column])
    assert len(sweeps.runs.list()) == 12


@pytest.mark.parametrize("method", ["add_run", "add_accuracy", "report", "tell"])
def test_no_trial_is_lost_or_twice_wherever_it_was_interrupted(
    sweeps: SweepStore, tiny: Tiny, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once before each of the steps, and once after it."""
    sweep = sweeps.create(tiny(trials=2, seeds=2))
    step = getattr(SweepTrial, method)
    moments = ["before", "after"]

    def interrupt(*args):
        if moments and moments[0] == "before":
            moments.pop(0)
            raise KeyboardInterrupt
        result = step(*args)
        if moments:
            moments.pop(0)
            raise KeyboardInterrupt
        return result

    monkeypatch.setattr(SweepTrial, method, interrupt)
    interruptions = 0
    while sweep.has_work:
        try:
            drive(sweep, sweeps.runs)
        except KeyboardInterrupt:
            interruptions += 1
    assert interruptions == 2
    check_each_once(sweep, sweeps.runs, 2)
    assert list(table(sweep)["state"]) == ["complete", "complete"]


def test_a_run_created_in_a_drivers_last_moment_is_stopped_with_its_sweep(
    sweeps: SweepStore, tiny: Tiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    sweep = sweeps.create(tiny(trials=1))

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(SweepTrial, "add_run", interrupt)
        with pytest.raises(KeyboardInterrupt):
            drive(sweep, sweeps.runs)
    (run,) = sweeps.runs.list()
    sweep.request(Request.STOP)
    assert sweep.has_work
    drive(sweep, sweeps.runs, polls=2)
    assert run.control.request is Request.STOP
    drive(sweep, sweeps.runs)
    assert not sweep.has_work
    assert [each.id for each in sweeps.runs.list()] == [run.id]
    assert run.status.state is State.STOPPED


def test_a_runs_id_follows_from_sweep_trial_and_seed(sweeps: SweepStore, tiny: Tiny) -> None:
    """Whoever asks for it; and ids still sort by age."""
    sweep = sweeps.create(tiny(trials=4))
    with sweep.lock():
        Driver(sweep, sweeps.runs).poll(slots=4)
    first, again = (
        [
            [trial.make_run_id(seed) for seed in range(10)]
            for trial in SweepStudy(sweep).load_trials_under_way()
        ]
        for _ in range(2)
    )
    assert first == again
    assert len({run_id for ids in first for run_id in ids}) == 40
    assert [run.id for run in sweeps.runs.list()] == [ids[0] for ids in reversed(first)]
    assert sweeps.runs.create(sweep.config.base).id > max(max(ids) for ids in first)


def test_a_sweep_of_an_older_version_goes_on(sweeps: SweepStore, tiny: Tiny) -> None:
    """It drew its runs' ids at random, and noted them with the trial as well."""
    sweep = sweeps.create(tiny(trials=2, seeds=2))
    drive(sweep, sweeps.runs, polls=1)
    (trial,) = SweepStudy(sweep).load_trials_under_way()
    run = sweeps.runs.create(sweep.config.run_config(trial.values, 1), state=State.RUNNING)
    trial.add_accuracy(final_accuracy(sweeps.runs.get(trial.run_ids[0])))
    trial.add_run(run.id)
    drive(sweep, sweeps.runs)
    check_each_once(sweep, sweeps.runs, 2)
    assert table(sweep)["runs"][0][1] == run.id


def test_a_run_that_could_not_be_created_is_created_later(
    sweeps: SweepStore, tiny: Tiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    sweep = sweeps.create(tiny(trials=1))
    with monkeypatch.context() as patch:
        patch.setattr(RunStore, "create", lambda *_, **__: (_ for _ in ()).throw(OSError("full")))
        with pytest.raises(OSError, match="full"):
            drive(sweep, sweeps.runs)
    drive(sweep, sweeps.runs)
    check_each_once(sweep, sweeps.runs, 1)


def test_two_cannot_drive_it_at_once(sweeps: SweepStore, tiny: Tiny) -> None:
    sweep = sweeps.create(tiny())
    with sweep.lock():
        other = sweeps.get(sweep.id).lock()
        with pytest.raises(SweepBusyError, match="another process is at sweep"):
            other.__enter__()
    with sweep.lock():
        assert sweep.state is State.RUNNING


# --- pruning


def drive_down_the_rates(
    sweeps: SweepStore, tiny: Tiny, pruner: str, points: int, train: Train = imitate_training
) -> Sweep:
    """Drive a grid of learning rates from one that learns to one that does not.

    The driver polls whenever a run writes its status, as a server's does meanwhile.
    """
    vary = {"learning_rate": Range(low=DOES_NOT, high=LEARNS, log=True, points=points)}
    config = tiny(vary=vary, sampler="grid", pruner=pruner, base={"epochs": 3})
    descending = config.grid()[::-1]
    sweep = sweeps.create(config)
    with pytest.MonkeyPatch.context() as patch, sweep.lock():
        patch.setattr(SweepConfig, "grid", lambda self: descending)
        patch.setattr("core.sweep.driver._DELETE_SECONDS", 30)
        driver = Driver(sweep, sweeps.runs, created_as=State.RUNNING)
        while sweep.has_work:
            driver.poll(slots=1)
            for run in driver.runs_to_train():
                assert run.status.state.is_active  # one that it cut short is judged at once
                train(run, on_status=lambda status: driver.poll(slots=1))
    return sweep


@pytest.mark.parametrize("pruner", ["none", "median", "hyperband"])
def test_weak_runs_are_cut_short(
    sweeps: SweepStore, tiny: Tiny, pruner: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each of seven learns less; five make a median, which cuts the others after an epoch."""
    if pruner == "hyperband":
        monkeypatch.setattr("core.sweep.store.new_run_id", lambda: IN_ONE_BRACKET)
    sweep = drive_down_the_rates(sweeps, tiny, pruner, points=7)
    rows = table(sweep)
    cut = rows[rows["state"] == "pruned"]
    assert len(rows) == 7
    assert sweep.status.cut == len(cut)
    if pruner == "none":
        assert cut.empty
        return
    assert rows["state"].iloc[-1] == "pruned"
    for row in cut.itertuples():
        run = sweeps.runs.get(row.runs[0])
        assert run.status.state is State.STOPPED
        assert len(run.history) < 3
    if pruner == "median":
        assert list(cut["number"]) == [5, 6]
        assert list(cut["epochs_done"]) == [1, 1]
        earlier = rows[rows["state"] == "complete"]
        firsts = [_first_accuracy(sweeps.runs, ids[0]) for ids in earlier["runs"]]
        for row in cut.itertuples():
            assert _first_accuracy(sweeps.runs, row.runs[0]) < np.median(firsts)


def test_a_training_that_does_not_learn_is_stopped_after_its_first_epoch(
    sweeps: SweepStore, tiny: Tiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Trained for real: one that learns, then one that does not."""
    monkeypatch.setattr("core.sweep.study.MEDIAN_TRIALS", 1)
    sweep = drive_down_the_rates(sweeps, tiny, "median", points=2, train=train)
    rows = table(sweep)
    assert list(rows["state"]) == ["complete", "pruned"]
    learned, stopped = (sweeps.runs.get(run_id) for (run_id,) in rows["runs"])
    assert (learned.status.state, len(learned.history)) == (State.FINISHED, 3)
    assert (stopped.status.state, len(stopped.history)) == (State.STOPPED, 1)
    assert stopped.status.final_epoch == 1
    assert rows["value"][0] == learned.history["validation_accuracy"].iloc[-1] > 0.3
    assert _first_accuracy(sweeps.runs, stopped.id) < _first_accuracy(sweeps.runs, learned.id)


def _first_accuracy(runs: RunStore, run_id: str) -> float:
    return float(runs.get(run_id).history["validation_accuracy"].iloc[0])


def test_a_failed_run_counts_as_cut_short_and_says_why(sweeps: SweepStore, tiny: Tiny) -> None:
    base = {"optimizer": "sgd", "l2": 0.1, "batch_size": 16}
    vary = {"learning_rate": Range(low=9, high=10)}
    sweep = sweeps.create(tiny(base=base, vary=vary, trials=1))
    drive(sweep, sweeps.runs, train=train)
    (row,) = table(sweep).itertuples()
    assert row.state == "pruned"
    assert "learning rate" in row.error
    assert sweep.status.best_trial is None
    assert sweep.state is State.FINISHED


# --- what people ask


def test_paused_begins_no_more_and_resumed_goes_on(sweeps: SweepStore, tiny: Tiny) -> None:
    sweep = sweeps.create(tiny(trials=3))
    drive(sweep, sweeps.runs, polls=1)
    sweep.request(Request.PAUSE)
    assert sweep.state is State.PAUSED
    assert sweep.has_work  # one is under way still
    drive(sweep, sweeps.runs)
    assert len(table(sweep)) == 1
    assert not sweep.has_work
    sweep.request(Request.RUN)
    drive(sweep, sweeps.runs)
    check_each_once(sweep, sweeps.runs, 3)


def test_stop_stops_the_run_under_way_and_resume_replaces_one_that_taught_nothing(
    sweeps: SweepStore, tiny: Tiny, grid: dict
) -> None:
    sweep = sweeps.create(tiny(vary=grid, sampler="grid"))
    with sweep.lock():
        driver = Driver(sweep, sweeps.runs)
        driver.poll(slots=2)
        sweep.request(Request.STOP)
        assert sweep.state is State.STOPPING
        driver.poll(slots=2)
        driver.poll(slots=2)
    assert sweep.state is State.STOPPED
    assert [run.status.state for run in sweeps.runs.list()] == [State.STOPPED] * 2
    assert list(table(sweep)["state"]) == ["fail", "fail"]
    sweep.request(Request.RUN)
    drive(sweep, sweeps.runs)
    complete = table(sweep).query("state == 'complete'")
    assert complete[["dropout", "activation"]].to_dict("records") == sweep.config.grid()


def test_extended_it_goes_on_to_so_many(sweeps: SweepStore, tiny: Tiny) -> None:
    sweep = sweeps.create(tiny(trials=2))
    drive(sweep, sweeps.runs)
    for wrong, sentence in ((2, "already has 2 trials"), (1_001, "choose 1 to 1,000")):
        with pytest.raises(SweepError, match=sentence):
            sweep.extend(wrong)
    sweep.extend(4)
    assert sweep.state is State.RUNNING
    drive(sweep, sweeps.runs)
    check_each_once(sweep, sweeps.runs, 4)
    assert sweep.state is State.FINISHED


def test_a_deleted_run_is_replaced_and_a_damaged_one_is_not(
    sweeps: SweepStore, tiny: Tiny, grid: dict
) -> None:
    sweep = sweeps.create(tiny(vary=grid, sampler="grid"))
    with sweep.lock():
        driver = Driver(sweep, sweeps.runs, created_as=State.RUNNING)
        driver.poll(slots=2)
        driver.poll(slots=2)
        deleted, damaged = driver.runs_to_train()
        sweeps.runs.delete(deleted.id)
        (damaged.path / "history.csv").write_text("rubbish")
        while sweep.has_work:
            driver.poll(slots=1)
            for run in driver.runs_to_train():
                imitate_training(run)
    rows = table(sweep)
    assert list(rows["state"]) == ["fail", "pruned", *["complete"] * 5]
    assert "history.csv" in rows["error"][1]
    assert rows[["dropout", "activation"]].iloc[-1].to_list() == [0.5, "elu"]
    assert rows["dropout"].to_list()[2] == rows["dropout"][0]


@pytest.mark.parametrize("restarted", [False, True])
def test_a_run_that_was_deleted_at_once_does_not_come_back(
    sweeps: SweepStore, tiny: Tiny, restarted: bool
) -> None:
    """Before anybody has looked at it a second time."""
    sweep = sweeps.create(tiny(trials=1))
    with sweep.lock():
        driver = Driver(sweep, sweeps.runs)
        driver.poll(slots=1)
        (deleted,) = driver.runs_to_train()
        sweeps.runs.delete(deleted.id)
        assert driver.runs_to_train() == []
        if restarted:
            driver = Driver(sweep, sweeps.runs)
        driver.poll(slots=1)
        (other,) = driver.runs_to_train()
    assert other.id != deleted.id
    assert list(table(sweep)["state"]) == ["fail", "running"]


def test_a_run_that_somebody_stopped_is_cut_short_unless_it_is_deleted_at_once(
    sweeps: SweepStore, tiny: Tiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever deletes a run stops it first; so for a moment nobody knows which it will be."""
    sweep = sweeps.create(tiny(trials=2))
    with sweep.lock():
        driver = Driver(sweep, sweeps.runs, created_as=State.RUNNING)
        driver.poll(slots=2)
        monkeypatch.setattr("core.sweep.driver._DELETE_SECONDS", 30)
        for run in driver.runs_to_train():
            imitate_training(run, on_status=lambda status, run=run: _stop_after_one(run))
        assert not driver.poll(slots=2)
        assert list(table(sweep)["state"]) == ["running"] * 2
        deleted, stopped = driver.runs_to_train()
        sweeps.runs.delete(deleted.id)
        monkeypatch.setattr("core.sweep.driver._DELETE_SECONDS", 0)
        assert driver.poll(slots=2)
    rows = table(sweep)
    assert list(rows["state"]) == ["fail", "pruned", "running"]
    assert rows["runs"][1] == [stopped.id]


def _stop_after_one(run: Run) -> None:
    if len(run.history) == 1:
        run.request(Request.STOP)


def test_as_many_are_under_way_as_there_are_places(sweeps: SweepStore, tiny: Tiny) -> None:
    sweep = sweeps.create(tiny(trials=4))
    with sweep.lock():
        driver = Driver(sweep, sweeps.runs)
        assert driver.poll(slots=3)
        assert len(driver.runs_to_train()) == sweep.status.in_flight == 3
        assert not driver.poll(slots=3)
        assert driver.poll(slots=8)
        assert sweep.status.in_flight == 4
    assert {run.status.state for run in sweeps.runs.list()} == {State.QUEUED}
