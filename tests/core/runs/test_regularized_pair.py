from datetime import UTC, datetime
from typing import Any

import pytest

from core.config import RunConfig
from core.runs.regularized_pair import find_regularized_pair
from core.runs.status import Label, Record, State, Status
from core.runs.summary import Results, Summary


def run(name: str, epochs: int = 10, **config: Any) -> Summary:
    created = datetime(2026, 1, 1, tzinfo=UTC)
    record = Record(config=RunConfig(**config), name=name, owner="", created=created)
    return Summary(name, Status(state=State.FINISHED), Label(), record, Results(epochs_done=epochs))


def test_as_many_epochs_come_first_then_dropout_then_likeness_then_the_newest() -> None:
    runs = [
        run("long, dropped", epochs=50, dropout=0.5),
        run("penalised", l2=1e-4),
        run("dropped, small", hidden=(16,), dropout=0.5),
        run("dropped", dropout=0.5),
        run("dropped, older", dropout=0.5),
        run("plain, small", hidden=(32,)),
        run("plain", seed=7),
        run("plain, older"),
        run("plain, short", epochs=3),
    ]
    assert find_regularized_pair(runs) == ("dropped", "plain")
    del runs[6:8]
    assert find_regularized_pair(runs) == ("dropped, small", "plain, small")
    del runs[2]
    assert find_regularized_pair(runs) == ("dropped", "plain, small")
    del runs[2:4]
    assert find_regularized_pair(runs) == ("penalised", "plain, small")
    del runs[1]  # none of as many epochs is left
    assert find_regularized_pair(runs)[0] == "long, dropped"


@pytest.mark.parametrize(
    ("chosen", "pair"),
    [
        ((None, None), ("a", "b")),
        (("c", None), ("c", "d")),
        ((None, "d"), ("c", "d")),
        (("a", "d"), ("a", "d")),
    ],
)
def test_the_other_one_goes_with_the_one_that_was_chosen(
    chosen: tuple[str | None, str | None], pair: tuple[str, str]
) -> None:
    runs = [
        run("a", epochs=5, dropout=0.5),
        run("b", epochs=5),
        run("c", dropout=0.5),
        run("d"),
    ]
    assert find_regularized_pair(runs, *chosen) == pair


def test_without_one_kind_there_is_only_the_other() -> None:
    assert find_regularized_pair([]) == (None, None)
    assert find_regularized_pair([run("new", epochs=0, dropout=0.5), run("plain")]) == (
        None,
        "plain",
    )
    assert find_regularized_pair([run("dropped", dropout=0.5)]) == ("dropped", None)


def test_a_run_that_cannot_be_read_is_left_out() -> None:
    damaged = Summary("x", Status(state=State.DAMAGED, error=""), Label(), None, Results())
    assert find_regularized_pair([damaged, run("plain")]) == (None, "plain")
