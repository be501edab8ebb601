"""Whether a step counts as done, before and after what it asks for."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core.config import RunConfig
from core.course.checks import (
    Deeds,
    fill_address,
    find_active,
    find_finished,
    find_mismatch,
    find_missing,
    is_done,
    is_wanted,
)
from core.course.lesson import Lesson
from core.course.measures import finished_maps
from core.maps.request import MapRequest, MapStatus
from core.maps.store import StoredMap
from core.runs import Run, RunStore
from core.runs.status import State, Status
from core.runs.summary import Summary, summarize
from tests.core.course.test_lesson import lesson as lesson_values

NOW = datetime.now(UTC)


def lesson(**changes: Any) -> Lesson:
    return Lesson.model_validate(lesson_values(**changes))


@pytest.fixture
def make_run(store: RunStore) -> Callable[..., Summary]:
    def make(state: State = State.FINISHED, rate: float = 0.001, **config: Any) -> Summary:
        run = store.create(RunConfig(epochs=2).model_copy(update=config), owner="ada")
        columns = ("running", "train", "validation", "test")
        row = {f"{name}_{metric}": 0.5 for name in columns for metric in ("loss", "accuracy")}
        row |= {"epoch": 1, "seconds": 1.0, "l2_penalty": 0.0}
        run.write_history([row | {"learning_rate": rate, "base_learning_rate": rate}])
        run.write_model(lambda path: path.touch())
        run.write_status(Status(state=state, epoch=1, final_epoch=1))
        return summarize(run)

    return make


def test_a_run_that_trains_with_these_settings_is_waited_for(
    make_run: Callable[..., Summary],
) -> None:
    wanted = lesson()
    assert find_missing(wanted, []) == [*wanted.runs]
    other, active = make_run(dropout=0.5), make_run(State.RUNNING, seed=3)
    assert find_missing(wanted, [other]) == [*wanted.runs]
    assert find_missing(wanted, [active, other]) == []
    assert find_active(wanted, [active, other]) == [active]
    assert find_finished(wanted, [active, other]) == [None]
    assert not is_done(wanted, wanted.do, Deeds([active, other]))
    finished = make_run(seed=4)
    assert find_finished(wanted, [active, finished, other]) == [finished]
    assert is_done(wanted, wanted.do, Deeds([active, finished, other]))


@pytest.mark.parametrize("state", [State.STOPPED, State.FAILED])
def test_a_run_that_did_not_finish_does_not_count(
    state: State, make_run: Callable[..., Summary]
) -> None:
    assert not is_done(lesson(), lesson().do, Deeds([make_run(state)]))


def test_a_run_whose_rate_was_moved_does_not_count(make_run: Callable[..., Summary]) -> None:
    assert not is_done(lesson(), lesson().do, Deeds([make_run(rate=0.1)]))


def test_several_runs_are_all_waited_for(make_run: Callable[..., Summary]) -> None:
    runs = [
        {"name": "one", "settings": {"epochs": 2, "seed": 0}},
        {"name": "two", "settings": {"epochs": 2, "seed": 1}},
    ]
    wanted = lesson(runs=runs)
    first, second = make_run(), make_run(seed=1)
    assert [run.name for run in find_missing(wanted, [first])] == ["two"]
    assert not is_done(wanted, wanted.do, Deeds([first]))
    assert is_done(wanted, wanted.do, Deeds([second, first]))


def test_it_is_said_why_the_last_run_does_not_count(make_run: Callable[..., Summary]) -> None:
    before, since = make_run(batch_size=64), NOW - timedelta(seconds=1)
    assert find_mismatch(lesson(), [], since) == ""
    assert find_mismatch(lesson(), [before], None) == ""
    assert find_mismatch(lesson(), [before], datetime.now(UTC)) == ""
    assert find_mismatch(lesson(), [before], since) == "has Batch size 64 instead of 512"
    assert find_mismatch(lesson(), [make_run(), before], since) == ""
    assert find_mismatch(lesson(), [make_run(State.RUNNING, dropout=0.5)], since) == ""
    stopped, moved = make_run(State.STOPPED), make_run(rate=0.1)
    words = "does not count: it did not come to its end"
    assert find_mismatch(lesson(), [stopped], since) == words
    assert "its learning rate was moved" in find_mismatch(lesson(), [moved], since)


def test_of_several_missing_runs_the_nearest_is_named(make_run: Callable[..., Summary]) -> None:
    runs = [{"name": str(rate), "settings": {"learning_rate": rate}} for rate in (0.01, 0.1)]
    run = make_run(learning_rate=0.1, epochs=5)
    found = find_mismatch(lesson(runs=runs), [run], NOW - timedelta(seconds=1))
    assert found == "has Epochs 5 instead of 50"


def test_runs_that_a_lesson_needs_are_told_from_others(make_run: Callable[..., Summary]) -> None:
    needed = [make_run(), make_run(seed=7), make_run(State.FAILED), make_run(rate=0.1)]
    assert all(is_wanted(lesson(), run) for run in needed)
    assert not is_wanted(lesson(), make_run(epochs=3))


def test_a_page_is_opened_at_its_place(make_run: Callable[..., Summary]) -> None:
    see = {"text": "x", "page": "evaluate", "check": "page_opened"}
    wanted = lesson(see=see | {"address": {"run": "{a}", "evaluate": "Report"}})
    run = make_run()
    here = {"run": run.id, "evaluate": "Report", "epoch": "1"}
    assert fill_address(wanted.see.address, {"a": run.id}) == {"run": run.id, "evaluate": "Report"}
    assert is_done(wanted, wanted.see, Deeds([run], "evaluate", here))
    assert not is_done(wanted, wanted.see, Deeds([run], "curves", here))
    assert not is_done(wanted, wanted.see, Deeds([run], "evaluate", here | {"run": "another"}))
    assert not is_done(wanted, wanted.see, Deeds([run], "evaluate", {"run": run.id}))
    assert not is_done(wanted, wanted.see, Deeds([], "evaluate", here))
    last = lesson(see=see | {"address": {"epoch": ""}})
    assert not is_done(last, last.see, Deeds([run], "evaluate", here))
    assert is_done(last, last.see, Deeds([run], "evaluate", {"run": run.id}))


def test_what_is_to_be_chosen_there_is_chosen(make_run: Callable[..., Summary]) -> None:
    do = {"text": "x", "page": "evaluate", "check": "choices_made"}
    address = {"run": "{a}", "matrix_errors": "true"}
    wanted = lesson(do=do | {"address": address, "choices": ["cell_true", "cell_predicted"]})
    run = make_run()
    runs, one = [run], {"run": run.id, "cell_true": "4"}
    assert not is_done(wanted, wanted.do, Deeds(runs, "evaluate", one))
    both = one | {"cell_predicted": "9"}
    assert not is_done(wanted, wanted.do, Deeds(runs, "evaluate", both | {"run": "another"}))
    assert is_done(wanted, wanted.do, Deeds(runs, "evaluate", both))
    assert not is_done(wanted, wanted.do, Deeds(runs, "data", both))


def test_drawings_are_counted(make_run: Callable[..., Summary]) -> None:
    wanted = lesson(do={"text": "x", "check": "drawings_kept", "count": 10})
    runs = [make_run()]
    assert not is_done(wanted, wanted.do, Deeds(runs, drawings=9))
    assert is_done(wanted, wanted.do, Deeds(runs, drawings=10))


def write_map(run: Run, state: State = State.FINISHED, epoch: int = 1, **values: Any) -> None:
    request = MapRequest(layer="hidden_1", points=100, **values)
    StoredMap(run, request).write_status(MapStatus(state=state, epoch=epoch))


def test_finished_maps_of_the_same_images_count(
    store: RunStore, make_run: Callable[..., Summary]
) -> None:
    run = store.get(make_run().id)
    write_map(run, perplexity=5)
    write_map(run, perplexity=10, split="test")
    write_map(run, perplexity=20, state=State.RUNNING)
    write_map(run, perplexity=20, seed=1, state=State.STOPPED)
    write_map(run, perplexity=20, seed=2, epoch=2)
    write_map(run, method="pca")
    assert len(finished_maps(run)) == 1
    write_map(run, perplexity=30)
    assert {one.perplexity for one in finished_maps(run)} == {5, 30}


def test_maps_are_made_at_two_perplexities(make_run: Callable[..., Summary]) -> None:
    wanted = lesson(do={"text": "x", "check": "maps_made", "count": 3})
    runs = [make_run()]
    small, large, other = (
        MapRequest(layer="hidden_1", perplexity=perplexity, seed=seed)
        for perplexity, seed in ((5, 0), (30, 0), (30, 1))
    )
    assert not is_done(wanted, wanted.do, Deeds(runs, maps=[small, large]))
    again = other.model_copy(update={"seed": 2})
    assert not is_done(wanted, wanted.do, Deeds(runs, maps=[large, other, again]))
    assert is_done(wanted, wanted.do, Deeds(runs, maps=[small, large, other]))
