import json
from collections.abc import Callable

import pandas as pd
import pytest
from statsmodels.stats.proportion import proportion_confint

from core.analysis.ending import Ending
from core.config import RunConfig
from core.export import explain_difference
from core.runs import HISTORY_COLUMNS, Run, RunStore
from core.runs.errors import RunNotFoundError
from core.runs.seed_siblings import next_seeds, seed_accuracies, siblings
from core.runs.status import State, Status
from core.runs.summary import Results, summarize
from core.runs.table import COLUMNS, filter_range, run_table, search, sort, varying_fields

Ended = Callable[..., Run]


@pytest.fixture
def ended(store: RunStore) -> Ended:
    """`ended(config, accuracies, losses)`: a finished run with these validation and test
    accuracies, and validation losses.
    """

    def write(
        config: RunConfig | None = None,
        accuracies: tuple[tuple[float, float], ...] = ((0.95, 0.96), (0.98, 0.97), (0.98, 0.975)),
        losses: tuple[float, ...] = (0.3, 0.2, 0.1),
        state: State = State.FINISHED,
        rate: float | None = None,
        **options: str,
    ) -> Run:
        run = store.create(config or RunConfig(), **options)
        rows = [
            dict.fromkeys(HISTORY_COLUMNS, 1.0)
            | {"epoch": epoch, "validation_accuracy": validation, "test_accuracy": test}
            | {"validation_loss": losses[epoch - 1]}
            | {"base_learning_rate": rate or run.config.learning_rate}
            for epoch, (validation, test) in enumerate(accuracies, start=1)
        ]
        run.write_history(rows)
        run.write_model(lambda path: path.write_bytes(b"model"))
        run.write_status(Status(state=state, final_epoch=len(rows), seconds=12.5))
        return run

    return write


# --- a run at a glance


def test_results_of_an_ended_run(ended: Ended) -> None:
    run = ended()
    low, high = proportion_confint(9_750, 10_000, method="wilson")
    results = summarize(run).results
    assert results == Results(
        epochs_done=3,
        network_epoch=3,
        best_epoch=3,
        highest_epoch=2,
        highest_validation_accuracy=0.98,
        test_accuracy=0.975,
        test_low=pytest.approx(low),
        test_high=pytest.approx(high),
        best_epoch_test_accuracy=0.975,
        findings=results.findings,
        first_epoch_seconds=1,
        epoch_seconds=1,
    )
    assert [finding.kind for finding in results.findings] == ["a clean run"]


def test_the_best_epoch_is_that_of_early_stopping(ended: Ended) -> None:
    """Neither the one with the highest accuracy, nor one that is better by less than asked for."""
    losses = (0.2, 0.1, 0.095)
    results = summarize(ended(losses=losses)).results
    assert (results.best_epoch, results.best_epoch_test_accuracy) == (3, 0.975)
    results = summarize(ended(RunConfig(min_delta=0.01), losses=losses)).results
    assert (results.best_epoch, results.best_epoch_test_accuracy) == (2, 0.97)
    assert (results.highest_epoch, results.network_epoch) == (2, 3)


@pytest.mark.parametrize(
    ("accuracies", "ending", "kinds", "words"),
    [
        ((0.0974, 0.1135, 0.0974), Ending.NOTHING, "no better than chance", "learned nothing"),
        ((0.5, 0.9, 0.0974), Ending.LOST, "no better than chance", "after epoch 2 it was 90.00 %"),
        ((0.5, 0.9798, 0.937), Ending.HAD_BEEN_BETTER, "had been better", "After epoch 2, when"),
        ((0.5, 0.9798, 0.978), Ending.GOOD, "", "gets 97.80 % (97.49 to 98.07) of"),
    ],
)
def test_how_a_run_ended(
    ended: Ended, accuracies: tuple[float, ...], ending: Ending, kinds: str, words: str
) -> None:
    run = ended(accuracies=tuple((one, one) for one in accuracies), losses=(0.1, 0.1, 0.1))
    summary = summarize(run)
    assert summary.results.ending is ending
    assert words in summary.results.findings[0].sentence
    assert run_table([summary]).loc[run.id, "findings"] == kinds


@pytest.mark.parametrize("state", [State.RUNNING, State.FAILED])
def test_nothing_is_said_of_the_ending_of_a_run_that_has_not_come_to_it(
    ended: Ended, state: State
) -> None:
    run = ended(accuracies=((0.1, 0.1),) * 3)
    run.write_status(Status(state=state, epoch=3))
    assert summarize(run).results.ending is Ending.GOOD


def test_test_accuracy_is_that_of_the_network_as_it_ended(ended: Ended) -> None:
    run = ended()
    run.write_status(run.status.model_copy(update={"final_epoch": 2}))
    assert summarize(run).results.test_accuracy == 0.97


def test_a_learning_rate_that_was_moved_is_noticed(ended: Ended) -> None:
    assert not summarize(ended(rate=0.5)).results.kept_learning_rate


def test_a_run_before_its_first_epoch_has_no_results(store: RunStore) -> None:
    assert summarize(store.create(RunConfig())).results == Results()


@pytest.mark.parametrize("file", ["config.json", "status.json", "history.csv"])
@pytest.mark.parametrize("content", ["", "{", "epoch,x\n1,2\n"])
def test_a_damaged_run_is_listed_as_such(ended: Ended, file: str, content: str) -> None:
    run = ended(name="mine")
    (run.path / file).write_text(content)
    summary = summarize(Run(run.path))
    assert summary.status.state is State.DAMAGED
    assert file in summary.status.error
    assert summary.name == (f"damaged run {run.id}" if file == "config.json" else "mine")
    assert run_table([summary]).loc[run.id, "state"] == "damaged"


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("test_accuracy", 7.5),
        ("test_accuracy", -1),
        ("test_accuracy", float("inf")),
        ("validation_accuracy", 1.01),
        ("base_learning_rate", -1),
    ],
)
def test_a_history_that_no_training_writes_is_damage(
    ended: Ended, column: str, value: float
) -> None:
    run = ended()
    run.write_history([row | {column: value} for row in run.history.to_dict("records")])
    summary = summarize(run)
    assert summary.status.state is State.DAMAGED
    assert column in summary.status.error
    assert summary.results == Results()
    assert run_table([summary]).loc[run.id, "state"] == "damaged"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("final_epoch", "-5"),
        ("final_epoch", "1e300"),
        ("epoch", "-1"),
        ("heartbeat", "NaN"),
        ("heartbeat", "Infinity"),
        ("heartbeat", "-1e300"),
        ("seconds", "1e300"),
        ("seconds", "-Infinity"),
        ("seconds_left", "NaN"),
        ("running_loss", "NaN"),
        ("running_accuracy", "2"),
    ],
)
def test_a_status_that_no_training_writes_is_damage(ended: Ended, field: str, value: str) -> None:
    run = ended()
    (run.path / "status.json").write_text(f'{{"state": "finished", "{field}": {value}}}')
    summary = summarize(run)
    assert summary.status.state is State.DAMAGED
    assert field in summary.status.error


def test_a_history_that_ends_before_the_networks_epoch_is_damage(ended: Ended) -> None:
    run = ended()
    run.write_history(run.history.to_dict("records")[:2])
    summary = summarize(run)
    assert summary.status.state is State.DAMAGED
    assert "history.csv" in summary.status.error
    assert "ends with epoch 2, before epoch 3" in summary.status.error


@pytest.mark.parametrize("created", ["2026-01-01T00:00:00", "1e300", "NaN"])
def test_a_run_created_at_no_moment_is_damaged_beside_the_others(
    ended: Ended, created: str
) -> None:
    good, run = ended(), ended()
    text = (run.path / "config.json").read_text()
    moment = json.loads(text)["created"]
    (run.path / "config.json").write_text(text.replace(moment, created))
    table = run_table(map(summarize, (good, Run(run.path))))
    assert table["state"].tolist() == ["finished", "damaged"]


def test_a_run_that_is_gone_is_not_summarized(store: RunStore) -> None:
    run = store.create(RunConfig())
    store.delete(run.id)
    with pytest.raises(RunNotFoundError):
        summarize(run)


# --- the table


def test_the_table_holds_what_the_runs_are_and_achieved(ended: Ended) -> None:
    run = ended(RunConfig(hidden=(64, 32), dropout=0.25, early_stopping=True), owner="ada")
    run.update_label(note="look at this", pinned=True)
    table = run_table([summarize(run)])
    assert list(table.columns) == list(COLUMNS)
    row = table.loc[run.id]
    assert (row["hidden"], row["dropout"], row["early_stopping"]) == ("64-32", 0.25, "on")
    assert (row["owner"], row["note"], row["pinned"]) == ("ada", "look at this", True)
    assert row["parameters"] == 784 * 64 + 64 + 64 * 32 + 32 + 32 * 10 + 10
    assert row["highest_validation_accuracy"] == 0.98
    assert (row["best_epoch"], row["best_epoch_test_accuracy"]) == (3, 0.975)
    assert (row["test_accuracy"], row["network_epoch"]) == (0.975, 3)
    assert (row["findings"], row["seconds"]) == ("", 12.5)
    assert row["created"] == pd.Timestamp(run.record.created)


def test_an_empty_table_can_be_searched_and_sorted() -> None:
    table = sort(search(filter_range(run_table([]), "dropout", 0.1, None), "x"), "name", True)
    assert table.empty
    assert list(table.columns) == list(COLUMNS)


@pytest.fixture
def table(ended: Ended) -> pd.DataFrame:
    runs = [
        ended(RunConfig(dropout=0.5), name="beta", owner="ada"),
        ended(RunConfig(dropout=0.1), name="Alpha [x]", owner="Bob", state=State.STOPPED),
        ended(RunConfig(dropout=0.3), name="gamma", owner="bob"),
    ]
    runs[2].update_label(note="50 % less")
    return run_table(map(summarize, runs))


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ("", ["beta", "Alpha [x]", "gamma"]),
        ("BOB", ["Alpha [x]", "gamma"]),
        ("bob stopped", ["Alpha [x]"]),
        ("[x", ["Alpha [x]"]),
        ("50 %", ["gamma"]),
        ("bob beta", []),
        (".*", []),
    ],
)
def test_search_wants_every_word(table: pd.DataFrame, words: str, names: list[str]) -> None:
    assert search(table, words)["name"].tolist() == names


def test_search_finds_an_id(table: pd.DataFrame) -> None:
    assert table.index[1] in search(table, table.index[1]).index


@pytest.mark.parametrize(
    ("low", "high", "kept"),
    [(None, None, [0.5, 0.1, 0.3]), (0.3, None, [0.5, 0.3]), (None, 0.3, [0.1, 0.3]), (0.6, 1, [])],
)
def test_within(table: pd.DataFrame, low: float, high: float, kept: list[float]) -> None:
    assert filter_range(table, "dropout", low, high)["dropout"].tolist() == kept


def test_sort_puts_pinned_runs_on_top(table: pd.DataFrame) -> None:
    assert sort(table, "name", True)["name"].tolist() == ["Alpha [x]", "beta", "gamma"]
    assert sort(table, "dropout", False)["dropout"].tolist() == [0.5, 0.3, 0.1]
    table["pinned"] = table["name"] == "gamma"
    assert sort(table, "dropout", True)["dropout"].tolist() == [0.3, 0.1, 0.5]


def test_sort_puts_the_unknown_last(table: pd.DataFrame) -> None:
    table.loc[table.index[0], "test_accuracy"] = float("nan")
    for ascending in (True, False):
        assert sort(table, "test_accuracy", ascending).index[-1] == table.index[0]


def test_varying_fields() -> None:
    configs = [RunConfig(seed=1), RunConfig(seed=2, hidden=(8,)), RunConfig(seed=2)]
    assert varying_fields(configs) == ["hidden", "seed"]
    assert varying_fields(configs[:1]) == varying_fields([]) == []


# --- seeds


def test_siblings_differ_in_the_seed_at_most(ended: Ended) -> None:
    configs = [RunConfig(seed=1), RunConfig(seed=2), RunConfig(seed=1, dropout=0.1)]
    summaries = [summarize(ended(config)) for config in configs]
    assert siblings(RunConfig(seed=5), summaries) == summaries[:2]


def test_seed_accuracies_are_of_whole_runs(ended: Ended) -> None:
    def with_seed(seed: int, accuracy: float, **options: object) -> object:
        return summarize(ended(RunConfig(seed=seed), ((0.9, accuracy),), **options))

    chosen = with_seed(1, 0.91)
    others = [
        with_seed(1, 0.99),
        with_seed(2, 0.92),
        with_seed(3, 0.93, state=State.STOPPED),
        with_seed(4, 0.94, rate=0.5),
    ]
    assert seed_accuracies(chosen, others) == {1: 0.91, 2: 0.92}


@pytest.mark.parametrize(
    "options",
    [
        {"state": State.RUNNING},
        {"state": State.STOPPED},
        {"rate": 0.5},
    ],
)
def test_a_chosen_run_that_is_not_whole_does_not_count_as_a_seed(
    ended: Ended, options: dict[str, object]
) -> None:
    chosen = summarize(ended(RunConfig(seed=1), ((0.9, 0.91),), **options))
    other = summarize(ended(RunConfig(seed=2), ((0.9, 0.92),)))
    assert seed_accuracies(chosen, [chosen, other]) == {2: 0.92}


def test_a_learning_rate_moved_and_moved_back_within_an_epoch_is_no_steady_one(
    ended: Ended,
) -> None:
    run = ended(RunConfig(), ((0.9, 0.91),))
    assert summarize(run).results.kept_learning_rate
    assert explain_difference(run) is None
    for rate in (0.5, run.config.learning_rate):
        run.request(learning_rate=rate)
    assert run.history["base_learning_rate"].eq(run.config.learning_rate).all()
    assert not summarize(run).results.kept_learning_rate
    assert "moved the learning rate" in str(explain_difference(run))


def test_next_seeds_are_new() -> None:
    assert next_seeds([]) == [0, 1, 2]
    assert next_seeds([1, 4, 0], 3) == [2, 3, 5]
