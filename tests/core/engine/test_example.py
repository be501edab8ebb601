"""The example that a server without runs trains: once, and never again."""

from core.config import PRESETS, RunConfig
from core.engine import Engine
from core.engine.example import EXAMPLE_OWNER, enqueue_example
from core.runs import RunStore


def test_an_empty_folder_gets_an_example_that_does_not_come_back(store: RunStore) -> None:
    engine = Engine(store)
    run = enqueue_example(engine)
    assert run is not None
    assert (run.name, run.record.owner) == ("Example", EXAMPLE_OWNER)
    assert run.config == PRESETS["quick"]
    assert engine.queue.waiting == [run]
    assert enqueue_example(engine) is None
    store.delete(run.id)
    assert enqueue_example(Engine(store)) is None
    assert store.list() == []


def test_a_folder_with_a_run_gets_none(store: RunStore) -> None:
    store.create(RunConfig())
    assert enqueue_example(Engine(store)) is None
    assert len(store.list()) == 1


def test_a_folder_that_cannot_be_written_gets_none(store: RunStore) -> None:
    store.root.parent.mkdir(parents=True, exist_ok=True)
    store.root.write_text("a file where a folder should be")
    assert enqueue_example(Engine(store)) is None
