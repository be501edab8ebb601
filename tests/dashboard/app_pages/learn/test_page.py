"""The page Learn and the bar: what they say and offer, and what becomes of a lesson left aside."""

from collections.abc import Callable
from getpass import getuser
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.config import RunConfig
from core.course.load import load_course
from core.course.progress import StepName
from core.engine import QueueError
from core.runs.history import HISTORY_COLUMNS
from core.runs.status import State, Status
from dashboard.session.server import server
from tests.dashboard.app_pages.lab import Lab, go, words

FIRST, SECOND = list(load_course().lessons.values())[:2]


def links(app: AppTest) -> dict[str, str]:
    """Where the links on the page lead, by their labels; the last of several of one label."""
    return {link.proto.label: link.proto.page for link in app.get("page_link")}


def predict(lab: Lab, number: int = 1) -> AppTest:
    app = lab.open("learn", lesson=SECOND.id)
    app.radio[0].set_value(SECOND.predict.answers[number].text).run()
    return app.button(key="predict").click().run()


def own_progress(lesson: str = SECOND.id) -> StepName | None:
    return server().progress.read(getuser()).of(lesson).step


def test_all_lessons_are_listed_and_one_begins(lab: Lab) -> None:
    app = lab.open("learn")
    said = words(app)
    for lesson in load_course().lessons.values():
        assert lesson.sentence in said
    assert "0 of 12 lessons done" in said
    assert app.button(key="go_on").label == f"Begin with “{FIRST.title}”"
    app.button(key="go_on").click().run()
    assert app.query_params["lesson"] == FIRST.id
    assert f"**{FIRST.predict.question}**" in words(app)


def test_what_is_done_is_marked_and_the_next_lesson_follows(lab: Lab) -> None:
    def done(progress: object) -> object:
        for step in StepName:
            progress = progress.finish(FIRST.id, step)
        return progress.predict(SECOND.id, "x")

    server().progress.change(getuser(), done)
    app = lab.open("learn")
    assert "1 of 12 lessons done" in words(app)
    assert app.button(key="go_on").label == f"Go on with “{SECOND.title}”"
    assert "next: do" in words(app)


def test_nothing_is_shown_before_one_has_said_what_one_expects(lab: Lab) -> None:
    app = lab.open("learn", lesson=SECOND.id)
    assert app.button(key="predict").disabled
    assert SECOND.do.text not in words(app)
    app.radio[0].set_value(SECOND.predict.answers[0].text).run()
    assert not app.button(key="predict").disabled
    app.button(key="predict").click().run()
    assert not app.radio
    assert SECOND.do.text in words(app)
    assert SECOND.see.text not in words(app)


def test_one_press_trains_what_is_missing_and_leads_to_it(lab: Lab) -> None:
    app = predict(lab)
    assert "not trained yet" in words(app)
    app.button(key="train_lesson").click().run()
    (run,) = lab.runs.list()
    assert run.config == SECOND.runs[0].config
    assert (run.name, run.record.owner) == (SECOND.runs[0].name, getuser())
    assert app.query_params["run"] == run.id
    assert "Name of the next run" in words(app)
    assert "Your run: queued." in words(app)
    go(app, "learn", lesson=SECOND.id)
    assert "train_lesson" not in {button.key for button in app.button}


def test_where_it_cannot_be_queued_it_is_said(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise QueueError("ten runs wait already")

    monkeypatch.setattr(server().engine, "enqueue_all", refuse)
    app = predict(lab)
    app.button(key="train_lesson").click().run()
    assert [toast.value for toast in app.toast] == ["ten runs wait already"]
    assert lab.runs.list() == []
    assert app.query_params["lesson"] == SECOND.id


def test_the_bar_says_what_to_do_and_leads_there(lab: Lab) -> None:
    app = predict(lab)
    go(app, "data")
    said = words(app)
    marks = ":green-badge[:material/check: Predict] :blue-badge[Do] :gray-badge[See]"
    assert f"**{SECOND.title}** {marks}" in said
    assert f"{SECOND.do.text} :small[:gray[To be trained: the first network.]]" in said
    assert {"Fill in the form for it", "The lesson"} <= links(app).keys()
    app.query_params.clear()
    go(app, "train", hidden="512-256", epochs="5")
    assert app.number_input(key="config_epochs").value == 5


def test_it_is_said_why_the_last_run_does_not_count(lab: Lab) -> None:
    app = predict(lab)
    config = RunConfig(epochs=5, dropout=0.3, l2=0.01, seed=4)
    lab.runs.create(config, owner=getuser(), state=State.FAILED)
    go(app, "data")
    words_ = "Your last run has Dropout 0\\.3 instead of 0\\.0 and L2 0\\.01 instead of 0\\.0."
    assert words_ in words(app)
    lab.runs.create(RunConfig(epochs=5), owner=getuser(), state=State.FAILED)
    assert "Your last run does not count\\: it did not come to its end." in words(app.run())


def test_a_run_that_is_deleted_before_it_was_looked_at_is_wanted_again(lab: Lab) -> None:
    app = predict(lab)
    server().progress.change(getuser(), lambda own: own.finish(SECOND.id, StepName.DO))
    go(app, "data")
    assert "To be trained: the first network." in words(app)
    assert "Fill in the form for it" in links(app)
    assert "Go there" not in links(app)


def test_the_page_follows_a_run_that_trains(lab: Lab) -> None:
    app = predict(lab)
    run = lab.runs.create(SECOND.runs[0].config, owner=getuser(), state=State.RUNNING)
    run.write_status(Status(state=State.RUNNING, epoch=3))
    assert "epoch 3 of 5" in words(app.run())
    run.write_status(Status(state=State.FAILED))
    assert "not trained yet" in words(app.run())


def test_drawings_are_counted_in_the_bar(lab: Lab) -> None:
    hand = load_course().lessons["12-your-own-hand"]
    run = lab.runs.create(hand.runs[0].config, owner=getuser())
    run.write_history([dict.fromkeys(HISTORY_COLUMNS, 0.001) | {"epoch": 1}])
    run.write_model(lambda path: path.touch())
    run.write_status(Status(state=State.FINISHED, final_epoch=1))
    server().drawings.add(np.zeros((28, 28)), 0, getuser())  # before the lesson
    app = lab.open("learn", lesson=hand.id)
    app.radio[0].set_value(hand.predict.answers[0].text).run()
    app.button(key="predict").click().run()
    for owner in (getuser(), getuser(), "somebody else"):
        server().drawings.add(np.zeros((28, 28)), 0, owner)
    assert "2 of 10 drawings kept." in words(go(app, "data"))


def test_a_lesson_is_left_and_taken_up_again(lab: Lab) -> None:
    app = predict(lab)
    go(app, "data")
    app.button(key="leave_lesson").click().run()
    assert SECOND.do.text not in words(app)
    assert own_progress() is StepName.DO
    assert SECOND.do.text not in words(lab.open("data"))  # a reload
    lab.open("learn", lesson=FIRST.id)  # looked at, but not begun
    assert server().progress.read(getuser()).carried is None
    go(app, "learn", lesson=SECOND.id)
    assert SECOND.do.text in words(lab.open("data"))


def test_it_can_be_begun_again(lab: Lab) -> None:
    app = predict(lab)
    app.button(key="begin_again").click().run()
    assert own_progress() is StepName.PREDICT
    assert app.radio


def test_another_person_has_their_own(lab: Lab, come_in: Callable[..., str]) -> None:
    come_in("Ada")
    predict(lab)
    come_in("Bob")
    assert lab.open("learn", lesson=SECOND.id).radio
    assert SECOND.do.text not in words(lab.open("data"))


def test_a_lesson_whose_runs_are_gone_says_so_at_the_end(lab: Lab) -> None:
    app = predict(lab)
    for step in (StepName.DO, StepName.SEE):
        server().progress.change(getuser(), lambda own, step=step: own.finish(SECOND.id, step))
    go(app, "learn", lesson=SECOND.id)
    assert "Runs of this lesson are missing. Train them again under Do." in words(app)
    assert "train_lesson" in {button.key for button in app.button}
    assert own_progress() is StepName.EXPLAIN


def test_a_lesson_that_is_not_there_is_said(lab: Lab) -> None:
    app = lab.open("learn", lesson="99-nothing")
    assert "There is no such lesson." in words(app)
    assert "0 of 12 lessons done" in words(app)
    assert "lesson" not in app.query_params


def test_teachers_are_told_which_files_are_wrong(
    lab: Lab, come_in: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "13-ours.toml").write_text('title = "<b>Ours"\n', "utf-8")
    monkeypatch.setenv("DIGITLAB_LESSONS", str(tmp_path))
    come_in("Emmy", "open wide")
    said = words(lab.open("learn"))
    assert "Lessons that cannot be shown:" in said
    assert "13\\-ours\\.toml\\: sentence\\: is missing" in said
    come_in("Ada")
    assert "cannot be shown" not in words(lab.open("learn"))


def test_damaged_progress_is_said_and_the_pages_go_on(lab: Lab) -> None:
    predict(lab)
    (file,) = (lab.runs.root / "course").glob("*.json")
    file.write_text("{")
    app = lab.open("data")
    assert "cannot be read" in words(app)
    assert "Browse" in words(app)


def test_a_lesson_explains_its_own_words(lab: Lab) -> None:
    app = lab.open("learn", lesson="11-inside-the-network")
    assert "Words" in words(app).split("\n")
