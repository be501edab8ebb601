"""Estimates of what runs take: learned from made-up timings, and from those of real runs."""

import platform
from collections.abc import Callable, Iterable

import numpy as np
import pytest

from core.config import Precision, RunConfig
from core.runs import HISTORY_COLUMNS, Run, RunStore
from core.runs.estimate import Costs, Timing, fit_costs, read_timing
from core.runs.status import State, Status
from core.runs.summary import summarize
from tests.core.runs.timings import held_out_factors, load_timings, run_seconds, share_within

SMALL = RunConfig(hidden=(16,), training_images=1_000, validation_share=0.05, epochs=3)
LARGE = RunConfig(hidden=(1024, 1024), epochs=20)
SIZES = [
    RunConfig(hidden=hidden, batch_size=batch_size, dropout=dropout, epochs=4)
    for hidden in ((16,), (128, 128), (1024,))
    for batch_size in (16, 256, 4096)
    for dropout in (0.0, 0.5)
]
USUAL = fit_costs([])


def machine(**times: float) -> Costs:
    """One on which these parts of a run take so many times as long as usual; `all_parts`, all."""
    every = times.pop("all_parts", 1.0)
    seconds = {part: cost * every * times.get(part, 1.0) for part, cost in USUAL.seconds.items()}
    return Costs(seconds, is_learned=False)


def took(costs: Costs, config: RunConfig, is_here: bool = True) -> Timing:
    """What the run takes on a machine of these costs."""
    overhead = costs.run_seconds(config.model_copy(update={"epochs": 1}))
    epoch = costs.run_seconds(config.model_copy(update={"epochs": 2})) - overhead
    writing = costs.seconds["writing"]
    epoch -= writing
    overhead += (config.epochs - 1) * writing - epoch
    assert overhead + config.epochs * epoch == pytest.approx(costs.run_seconds(config))
    return Timing(config, config.epochs, epoch, overhead, is_here)


def factor(costs: Costs, true: Costs, config: RunConfig) -> float:
    """How many times as long as on the `true` machine the run is estimated to take."""
    return costs.run_seconds(config) / true.run_seconds(config)


# --- what is learned


def test_before_the_first_run_the_usual_costs_are_assumed() -> None:
    assert not USUAL.is_learned
    assert 20 < USUAL.run_seconds(RunConfig()) < 150
    assert 1 < USUAL.run_seconds(SMALL) < 6


def test_more_work_takes_longer() -> None:
    base = USUAL.run_seconds(LARGE)
    assert USUAL.run_seconds(LARGE.model_copy(update={"hidden": (2048, 1024)})) > 1.5 * base
    for changes in ({"batch_size": 64}, {"dropout": 0.5}, {"input_dropout": 0.1}):
        assert USUAL.run_seconds(LARGE.model_copy(update=changes)) > base
    for changes in ({"training_images": 1_000}, {"optimizer": "sgd"}, {"epochs": 19}):
        changed = RunConfig.model_validate(LARGE.model_dump() | changes)
        assert USUAL.run_seconds(changed) < base


@pytest.mark.parametrize("times", [0.2, 3.0, 10.0])
def test_a_machine_that_is_slower_or_faster_in_all_is_learned_from_a_few_runs(times: float) -> None:
    true = machine(all_parts=times)
    costs = fit_costs(took(true, config) for config in SIZES[:3])
    assert costs.is_learned
    for config in (*SIZES, LARGE):
        assert 1 / 1.5 < factor(costs, true, config) < 1.5


def test_a_machine_that_is_slower_in_some_parts_is_learned_from_runs_of_all_sizes() -> None:
    true = machine(batch=5.0, operation=0.3, update=2.0, run=3.0)
    costs = fit_costs(took(true, config) for config in SIZES)
    for config in (*SIZES, SMALL, LARGE, RunConfig()):
        assert 1 / 1.2 < factor(costs, true, config) < 1.2


def test_a_run_is_expected_to_take_what_it_took(small: Callable[..., RunConfig]) -> None:
    true = machine(all_parts=4.0)
    assert 0.75 < factor(fit_costs([took(true, LARGE)]), true, LARGE) < 1.25


def test_small_runs_that_take_long_to_start_say_little_of_large_ones() -> None:
    true = machine(run=4.0)
    costs = fit_costs([took(true, SMALL)] * 3)
    assert 1 / 1.5 < factor(costs, true, SMALL) < 1.5
    assert 1 / 1.5 < factor(costs, true, RunConfig()) < 1.5
    assert 1 / 1.5 < factor(costs, true, LARGE) < 1.5


def test_a_hundred_small_runs_do_not_drown_a_large_one() -> None:
    true = machine(operation=3.0)
    costs = fit_costs([*[took(true, SMALL)] * 100, took(true, LARGE)])
    assert 1 / 1.2 < factor(costs, true, LARGE) < 1.2


def test_the_newest_runs_of_a_kind_count_most() -> None:
    now, before = machine(), machine(all_parts=2.0)
    timings = [took(now, LARGE)] * 6 + [took(before, LARGE)] * 50
    assert 0.8 < factor(fit_costs(timings), now, LARGE) < 1.25
    assert factor(fit_costs(timings[::-1]), before, LARGE) > 0.8


def test_one_run_that_something_else_held_up_changes_little() -> None:
    true = machine()
    held_up = took(machine(all_parts=20.0), LARGE)
    costs = fit_costs([held_up, *(took(true, config) for config in (LARGE, LARGE, *SIZES))])
    assert 1 / 1.5 < factor(costs, true, LARGE) < 1.5


def test_runs_of_other_machines_count_little() -> None:
    there, here = machine(all_parts=3.0), machine()
    strangers = [took(there, config, is_here=False) for config in SIZES]
    costs = fit_costs(strangers)
    assert not costs.is_learned
    assert factor(costs, here, LARGE) > 1.5  # better than nothing
    costs = fit_costs([*strangers, *(took(here, config) for config in SIZES)])
    assert costs.is_learned
    assert 1 / 1.3 < factor(costs, here, LARGE) < 1.3


def test_costs_are_never_negative() -> None:
    contradictory = [
        Timing(config, 4, epoch=0.5 + place % 3, overhead=0.1) for place, config in enumerate(SIZES)
    ]
    costs = fit_costs(contradictory)
    assert min(costs.seconds.values()) >= 0
    assert costs.run_seconds(SMALL) > 0


# --- what a run tells


@pytest.fixture
def ended(store: RunStore) -> Callable[..., Run]:
    """`ended(seconds, **status)`: a run of which the epochs took so many seconds."""

    def write(seconds: Iterable[float], **status: object) -> Run:
        run = store.create(RunConfig(learning_rate=0.01))
        rows = [
            dict.fromkeys(HISTORY_COLUMNS, 0.5) | {"epoch": epoch, "seconds": took}
            for epoch, took in enumerate(seconds, start=1)
        ]
        run.write_history(rows)
        run.write_model(lambda path: path.write_bytes(b"model"))
        values = {"state": State.FINISHED, "final_epoch": len(rows), "host": platform.node()}
        run.write_status(Status.model_validate(values | status))
        return run

    return write


def test_a_run_tells_what_an_epoch_took_and_all_besides(ended: Callable[..., Run]) -> None:
    run = ended([3.0, 1.0, 1.2, 0.9], overhead_seconds=0.7)
    timing = read_timing(summarize(run))
    assert timing == Timing(run.config, 4, 1.0, pytest.approx(0.7 + 3.0 - 1.0), is_here=True)


def test_a_run_that_was_paused_or_held_up_tells_what_its_other_epochs_took(
    ended: Callable[..., Run],
) -> None:
    """It may also have gone on in another process, which compiled the network anew."""
    run = ended([3.0, 1.0, 80.0, 1.2, 0.9, 0.8], overhead_seconds=None)
    run.request(learning_rate=0.5)
    assert read_timing(summarize(run)) == Timing(run.config, 6, 1.0, None, is_here=True)


def test_a_run_of_one_epoch_tells_the_sum(ended: Callable[..., Run]) -> None:
    run = ended([3.0], overhead_seconds=0.5, host="elsewhere")
    timing = read_timing(summarize(run))
    assert timing == Timing(run.config, 1, None, 3.5, is_here=False)
    true = machine(all_parts=2.0)
    sums = [
        Timing(config, 1, None, true.run_seconds(config))
        for config in (one.model_copy(update={"epochs": 1}) for one in SIZES)
    ]
    assert 1 / 1.3 < factor(fit_costs(sums), true, LARGE) < 1.3


def test_a_run_without_an_epoch_and_a_damaged_one_tell_nothing(
    store: RunStore, ended: Callable[..., Run]
) -> None:
    assert read_timing(summarize(store.create(RunConfig()))) is None
    run = ended([1.0, 1.0])
    (run.path / "config.json").write_text("rubbish")
    assert read_timing(summarize(Run(run.path))) is None
    fit_costs([Timing(RunConfig(), 2, epoch=0.0, overhead=0.0)])  # as no clock would say


# --- real runs, which `tests.benchmarks.estimates` has trained


MOST = 0.9


def test_most_held_out_runs_are_estimated_within_half_as_much_again() -> None:
    timings = load_timings()
    assert {timing.config.batch_size for timing in timings} >= {16, 4096}
    assert {timing.config.hidden[0] for timing in timings} >= {16, 2048}
    assert share_within(timings) >= MOST


def test_so_is_each_run_from_all_others() -> None:
    timings = load_timings()
    factors = []
    for place, timing in enumerate(timings):
        costs = fit_costs([*timings[:place], *timings[place + 1 :]])
        factors.append(run_seconds(timing) / costs.run_seconds(timing.config))
    assert np.mean(np.abs(np.log(factors)) <= np.log(1.5)) >= MOST


def test_three_runs_do_not_swing_the_estimates_of_others() -> None:
    factors = np.array([*held_out_factors(load_timings(), learned=3)])
    assert np.mean(np.abs(np.log(factors)) <= np.log(2)) >= 0.9


def test_what_bfloat16_is_worth_is_taken_as_measured_until_runs_tell() -> None:
    half = LARGE.model_copy(update={"precision": Precision.BFLOAT16})
    unknown, slow, fast = (fit_costs([], speed).run_seconds(half) for speed in (None, 0.25, 2))
    assert fast < USUAL.run_seconds(LARGE) < unknown < slow
    assert fit_costs([], 0.5).run_seconds(half) == pytest.approx(unknown)
    assert fit_costs([], 2).run_seconds(LARGE) == pytest.approx(USUAL.run_seconds(LARGE))
    true = machine(**{"bfloat16 operation": 0.2})
    costs = fit_costs([took(true, half)] * 6, 0.25)
    assert 0.7 < factor(costs, true, half) < 1.3


def test_augmented_runs_do_not_push_out_plain_ones() -> None:
    augmented = LARGE.model_copy(update={"rotation": 10.0, "elastic": 1.0})
    true = machine(**{"augmented image": 3.0})
    costs = fit_costs([*[took(true, augmented)] * 30, took(true, LARGE)])
    for config in (augmented, LARGE):
        assert 0.8 < factor(costs, true, config) < 1.25
