"""All twelve lessons, walked through: no step is done before the act, and each is after it."""

import shutil
from collections.abc import Callable
from getpass import getuser

import pytest
from streamlit.testing.v1 import AppTest

from core.config import RunConfig
from core.course.checks import fill_address
from core.course.lesson import LETTERS, Check, Lesson, Link, Step, placeholders
from core.course.load import load_course
from core.course.progress import StepName
from core.data import load_mnist
from core.runs import Run, RunStore
from core.runs.status import State
from core.training import train
from dashboard.session.server import server
from tests.dashboard.app_pages.lab import Lab, go, nodes, rewrite_history, words

LESSONS = load_course().lessons
VALUES = {
    "cell_true": "4",
    "cell_predicted": "9",
    "test_image": "7",
    "error_count": "100",
    "threshold": "60",
}
"""What a person chooses, by the names in the address."""
TABS = {"data", "curves", "evaluate", "layers_view", "draw", "compare"}
"""What the address calls an open tab."""


@pytest.fixture(scope="session")
def _networks(tmp_path_factory: pytest.TempPathFactory) -> dict[bool, Run]:
    """Really trained for two epochs over 10,000 images: with the notebook's layers, and without."""
    store, found = RunStore(tmp_path_factory.mktemp("networks")), {}
    for hidden in ((512, 256), ()):
        config = RunConfig(hidden=hidden, epochs=2, training_images=10_000)
        found[bool(hidden)] = store.create(config, owner=getuser())
        assert train(found[bool(hidden)]).state is State.FINISHED
    return found


@pytest.fixture
def finish_run(lab: Lab, _networks: dict[bool, Run]) -> Callable[..., Run]:
    """`finish_run(config)`: a finished run of these hyperparameters, as if it had stopped early:
    training all that the course asks for would take minutes.
    """

    def finish(config: RunConfig, owner: str | None = None) -> Run:
        run = lab.runs.create(config, owner=owner or getuser())
        trained = _networks[bool(config.hidden)]
        for file in trained.path.glob("*"):
            if file.name != "config.json" and file.is_file():
                shutil.copy(file, run.path)
        rewrite_history(run, base_learning_rate=[config.learning_rate] * 2)
        assert run.status.state is State.FINISHED
        return run

    return finish


def standing(lesson: Lesson) -> StepName | None:
    return server().progress.read(getuser()).of(lesson.id).step


def predict(app: AppTest, lesson: Lesson, number: int = 0) -> str:
    answer = lesson.predict.answers[number].text
    app.radio[0].set_value(answer).run()
    app.button(key="predict").click().run()
    assert not app.exception
    return answer


def open_step(app: AppTest, lesson: Lesson, step: Step, ids: dict[str, str], chosen: bool) -> None:
    """Go where the step is done, with or without what is to be chosen there."""
    address = fill_address(step.address, ids)
    if chosen:
        address |= {name: VALUES[name] for name in step.choices}
    open_link(app, step, ids, address)


def open_link(app: AppTest, link: Link, ids: dict[str, str], address: dict[str, str]) -> None:
    """Go where a link leads, and see that what it names is there."""
    app.query_params.clear()
    go(app, link.page, **address)
    tabs = {node.label for node in nodes(app) if node.type == "tab"}
    assert {value for name, value in address.items() if name in TABS} <= tabs
    if "run" in address:
        assert app.query_params["run"] == address["run"]


def act(app: AppTest, lesson: Lesson, step: Step, ids: dict[str, str]) -> None:
    """What the step asks for, but for the runs; before it, that all but the act is not enough."""
    match step.check:
        case Check.RUNS_ENDED:
            return
        case Check.PAGE_OPENED:
            app.query_params.clear()
            go(app, step.page)  # without its place
        case Check.CHOICES_MADE:
            open_step(app, lesson, step, ids, chosen=False)
        case Check.DRAWINGS_KEPT:
            keep_drawings(step.count - 1)
            open_step(app, lesson, step, ids, chosen=False)
        case Check.MAPS_MADE:
            make_maps(app, step, ids, ("5", "0"), ("50", "0"))
    assert standing(lesson) in {StepName.DO, StepName.SEE}
    before = standing(lesson)
    match step.check:
        case Check.PAGE_OPENED | Check.CHOICES_MADE:
            open_step(app, lesson, step, ids, chosen=True)
        case Check.DRAWINGS_KEPT:
            keep_drawings(1)
            app.run()
        case Check.MAPS_MADE:
            make_maps(app, step, ids, ("50", "1"))
            app.run()
    assert standing(lesson) is not before


def keep_drawings(count: int) -> None:
    for index in range(count):
        server().drawings.add(load_mnist().x_test[index] / 255, 7, getuser())


def make_maps(app: AppTest, step: Step, ids: dict[str, str], *settings: tuple[str, str]) -> None:
    for perplexity, seed in settings:
        address = fill_address(step.address, ids) | {"map_points": "200"}
        app.query_params.clear()
        go(app, "learn")
        go(app, step.page, **address, map_perplexity=perplexity, map_seed=seed)
        app.button(key="make_map").click().run()
        assert not app.exception


@pytest.mark.parametrize("lesson", LESSONS.values(), ids=LESSONS)
def test_a_lesson_from_its_question_to_what_happened(
    lab: Lab, lesson: Lesson, finish_run: Callable[..., Run]
) -> None:
    app = lab.open("learn", lesson=lesson.id)
    assert standing(lesson) is StepName.PREDICT
    assert lesson.do.text not in words(app)
    expected = predict(app, lesson)
    assert standing(lesson) is StepName.DO
    assert lesson.do.text in words(app)

    runs = []
    for wanted in lesson.runs:
        finish_run(wanted.config.model_copy(update={"batch_size": 64}))
        finish_run(wanted.config, owner="somebody else")
        go(app, "learn", lesson=lesson.id)
        assert standing(lesson) is StepName.DO
        runs.append(finish_run(wanted.config))
    ids = {letter: run.id for letter, run in zip(LETTERS, runs, strict=False)}
    go(app, "learn", lesson=lesson.id)
    if lesson.do.check is not Check.RUNS_ENDED:
        assert standing(lesson) is StepName.DO
        act(app, lesson, lesson.do, ids)
    assert standing(lesson) is StepName.SEE
    assert "The right answer" not in words(app)
    act(app, lesson, lesson.see, ids)
    assert standing(lesson) is StepName.EXPLAIN

    app.query_params.clear()
    go(app, "learn", lesson=lesson.id)
    said = words(app)
    assert expected in said.partition("You expected")[2]
    assert said.count(":green[:material/check_circle:]") == (2 if is_right(lesson, said) else 1)
    assert (":orange[:material/cancel:]" in said) != is_right(lesson, said)
    assert "The right answer" in said
    first, last = lesson.explain.text.split("{")[0], lesson.explain.text.split("}")[-1]
    assert first in said
    assert last in said
    assert not set(placeholders(said)) & lesson.measures
    assert standing(lesson) is None
    further = lesson.explain.further
    open_link(app, further, ids, fill_address(further.address, ids))
    assert "leave_lesson" not in {button.key for button in app.button}  # the bar is gone


def is_right(lesson: Lesson, said: str) -> bool:
    """Whether the first answer, which is given, stands for what was so."""
    return f"**{lesson.predict.answers[0].text}**" in said.partition("The right answer")[2]


def test_a_student_goes_on_from_lesson_to_lesson(lab: Lab, finish_run: Callable[..., Run]) -> None:
    """What was chosen in one lesson does not do the steps of the next, and is put back."""
    fourth, fifth = LESSONS["04-is-98-percent-good"], LESSONS["05-worst-errors"]
    run = finish_run(fourth.runs[0].config)
    app = lab.open("evaluate", run=run.id, epoch="1", evaluate="Errors", test_image="7")
    app.query_params.clear()
    go(app, "learn", lesson=fifth.id)
    predict(app, fifth)
    assert standing(fifth) is StepName.DO
    open_step(app, fifth, fifth.do, {"a": run.id}, chosen=False)
    assert "epoch" not in app.query_params
    app.query_params.clear()
    go(app, "learn")
    assert fifth.predict.question in words(app)
    app.button(key="all_lessons").click().run()
    assert "0 of 12 lessons done" in words(app)
