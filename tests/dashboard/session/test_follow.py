"""When a page that follows the runs is run again."""

import pytest

from core.config import RunConfig
from core.runs import HISTORY_COLUMNS, RunStore
from core.runs.status import State, Status
from core.runs.summary import summarize
from dashboard.session import follow
from dashboard.session.follow import runs_fingerprint


def test_a_page_is_run_again_at_each_epoch_but_not_under_an_open_dialog(store: RunStore) -> None:
    """There only when a run that the dialog is about goes."""
    run = store.create(RunConfig(), state=State.RUNNING)

    def marks(*about: str) -> object:
        return runs_fingerprint([summarize(each) for each in store.list()], about)

    followed, held = marks(), marks(run.id)
    run.write_history([dict.fromkeys(HISTORY_COLUMNS, 0.5)])
    assert marks() != followed
    assert marks(run.id) == held
    followed = marks()
    run.write_status(Status(state=State.PAUSED))
    assert marks() != followed
    store.create(RunConfig())
    assert marks(run.id) == held
    run.write_status(Status(state=State.STOPPED))
    store.delete(run.id)
    assert marks(run.id) != held


def test_a_page_goes_on_following_once_its_dialog_is_closed(
    store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = store.create(RunConfig())
    opened = frozenset({run.id})
    monkeypatch.setattr(follow, "summaries", lambda: [summarize(each) for each in store.list()])
    monkeypatch.setattr(follow.dialogs, "dialog_run_ids", lambda: opened)
    seen = runs_fingerprint([summarize(run)], opened)
    assert not follow.must_rerun(seen, opened)
    opened = frozenset()
    assert follow.must_rerun(seen, {run.id})
