"""Teaching a network one's hand on the Draw page: the button, and what came of it."""

from getpass import getuser

import numpy as np
import pytest
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.proportion import proportion_confint
from streamlit.testing.v1 import AppTest

from core.data import load_mnist
from core.drawing.collection import Drawing, as_arrays
from core.drawing.reading import predict
from core.drawing.teaching import drawings_to_learn, teaching_config
from core.engine.queue import QueueFullError
from core.runs import Run
from core.runs.origin import Origin, read_drawings
from core.runs.status import State
from core.training import train
from dashboard.session.server import server
from tests.dashboard.app_pages.lab import Lab, captions, words

MNIST = load_mnist()
VIEW = {"draw": "My handwriting"}


def keep(numbers: range, owner: str | None = None) -> None:
    """Mirrored test digits, which no network reads well that has not learned them."""
    for number in numbers:
        image = MNIST.x_test[number][:, ::-1] / np.float32(255)
        server().drawings.add(image, int(MNIST.y_test[number]), owner or getuser())


def measured() -> list[Drawing]:
    return [one for one in server().drawings.load_all() if not one.is_to_learn]


def teach(app: AppTest, lab: Lab) -> Run:
    """Press the button, and train what it queues."""
    app.button(key="teach").click().run()
    run = lab.runs.list()[0]
    assert train(run).state is State.FINISHED, run.status.error
    return run


def metrics(app: AppTest) -> dict[str, tuple[str, str]]:
    return {metric.label: (metric.value, metric.delta) for metric in app.metric}


def test_it_says_how_many_drawings_are_missing(lab: Lab, trained: Run) -> None:
    keep(range(8))
    app = lab.open("draw", run=trained.id, **VIEW)
    assert "12 more drawings are needed" in words(app)
    assert app.button(key="teach").proto.disabled
    assert "**8 of 20** drawings kept" in words(lab.open("draw", run=trained.id))


def test_what_it_learned_is_measured_on_the_other_half(lab: Lab, trained: Run) -> None:
    keep(range(40))
    app = lab.open("draw", run=trained.id, **VIEW)
    to_learn = [one for one in server().drawings.load_all() if one.is_to_learn]
    assert f"learns from **{len(to_learn)}** of 40 drawings" in words(app)
    run = teach(app, lab)
    assert run.config == teaching_config(trained.config)
    learned = read_drawings(run)
    assert learned
    np.testing.assert_array_equal(learned.images, as_arrays(to_learn)[0])
    assert app.query_params["run"] == run.id
    app = lab.open("draw", run=run.id, **VIEW)
    images, labels = as_arrays(measured())
    before, after = (predict(one, images).argmax(axis=1) == labels for one in (trained, run))
    shown = metrics(app)
    for name, right in (("Before", before), ("After", after)):
        value, note = shown[f"{name}: {right.sum()} of {len(right)} drawings"]
        low, high = proportion_confint(right.sum(), len(right), method="wilson")
        assert value == f"{100 * right.mean():.2f} %"
        assert note == f"95 %: {100 * low:.2f} to {100 * high:.2f} %"
    assert after.sum() > before.sum()
    table = [[0, (before & ~after).sum()], [(after & ~before).sum(), 0]]
    p = mcnemar(table, exact=True).pvalue
    gained, lost = table[1][0], table[0][1]
    assert f"now reads {gained} right that it read wrong before, and {lost} the other" in words(app)
    assert ("p < 0.001" if p < 0.001 else f"p = {p:.2g}") in words(app)
    forgotten = 100 * (
        run.history["test_accuracy"].iloc[-1] - trained.history["test_accuracy"].iloc[-1]
    )
    assert shown["On MNIST"] == (
        f"{100 * run.history['test_accuracy'].iloc[-1]:.2f} %",
        f"{forgotten:+.2f} points".replace("-", "\N{MINUS SIGN}"),
    )
    assert len(captions(app, "taught_drawings")) == len(labels)


def test_every_run_is_measured_on_the_half_that_none_learned(lab: Lab, trained: Run) -> None:
    keep(range(30))
    app = lab.open("draw", run=trained.id, **VIEW)
    (table,) = [found.value for found in app.dataframe]
    assert table["Drawings"].tolist() == [30]
    run = teach(app, lab)
    app = lab.open("draw", run=run.id, **VIEW)
    (table,) = [found.value for found in app.dataframe]
    assert table["Drawings"].tolist() == [len(measured())] * 2
    learned = read_drawings(run)
    assert learned
    # One that it has learned comes into the other half all the same, as another program's archive.
    picture = learned.images[0]
    stray = next(one for one in server().drawings.load_all() if np.array_equal(one.image, picture))
    server().drawings.delete([stray.id])
    server().drawings._write(picture, 1, getuser(), to_learn=False)
    app = lab.open("draw", run=run.id, **VIEW)
    (table,) = [found.value for found in app.dataframe]
    count = table["Drawings"]
    own, other = (count[table["Run"].str.contains("taught") == taught] for taught in (1, 0))
    assert other.tolist() == [len(measured())]
    assert own.tolist() == [len(measured()) - 1]


def test_runs_of_different_hands_are_measured_on_the_same_drawings(lab: Lab, trained: Run) -> None:
    keep(range(24))
    keep(range(24, 48), "Ada")
    taught = lab.runs.create(
        teaching_config(trained.config),
        name="Ada's",
        origin=Origin(trained, drawings_to_learn(server().drawings.load_all(), "Ada")),
    )
    assert train(taught).state is State.FINISHED
    after = lab.runs.create(taught.config, name="on from it", origin=Origin(taught))
    assert train(after).state is State.FINISHED
    assert after.record.parent
    assert after.record.parent.learned_drawings
    lab.runs.delete(taught.id)  # the other still knows what it has learned
    for whose in ("Mine", "Everybody's"):
        app = lab.open("draw", run=after.id, **VIEW, whose_drawings=whose)
        shown = [one for one in measured() if whose != "Mine" or one.owner == getuser()]
        (table,) = [found.value for found in app.dataframe]
        assert table["Drawings"].tolist() == [len(shown)] * 2
        assert "It has learned from drawings" in words(app)


def test_the_run_of_another_is_taught_for_the_first_time(lab: Lab, trained: Run) -> None:
    keep(range(20))
    keep(range(20, 40), "Ada")
    drawings = drawings_to_learn(server().drawings.load_all(), "Ada")
    run = lab.runs.create(teaching_config(trained.config), origin=Origin(trained, drawings))
    assert train(run).state is State.FINISHED
    app = lab.open("draw", run=run.id, **VIEW)
    assert app.button(key="teach").label == "Teach it my hand"
    assert "of Ada's drawings" in words(app)


def test_taught_again_it_learns_as_fast(lab: Lab, trained: Run) -> None:
    keep(range(20))
    run = teach(lab.open("draw", run=trained.id, **VIEW), lab)
    assert run.config.learning_rate == trained.config.learning_rate
    assert teaching_config(run.config) == run.config


def test_a_press_after_the_run_was_deleted_says_so(lab: Lab, trained: Run) -> None:
    keep(range(20))
    app = lab.open("draw", run=trained.id, **VIEW)
    lab.runs.delete(trained.id)
    app.button(key="teach").click().run()
    assert not app.exception
    assert any(trained.id in toast.value.replace("\\", "") for toast in app.toast)
    assert lab.runs.list() == []


def test_where_the_queue_refuses_nothing_is_opened(
    lab: Lab, trained: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: object) -> None:
        raise QueueFullError("ten of your runs wait")

    keep(range(20))
    app = lab.open("draw", run=trained.id)
    monkeypatch.setattr(server().engine, "enqueue_all", refuse)
    app.button(key="teach").click().run()
    assert app.session_state["draw"] != "My handwriting"
    assert any("ten of your runs wait" in toast.value for toast in app.toast)


def test_a_class_is_learned_from_and_measured_on_together(lab: Lab, trained: Run) -> None:
    keep(range(8))
    keep(range(8, 24), "Ada")
    app = lab.open("draw", run=trained.id, **VIEW)
    assert app.button(key="teach").proto.disabled  # of one's own there are too few
    app = lab.open("draw", run=trained.id, **VIEW, whose_drawings="Everybody's")
    assert app.button(key="teach").label == "Teach it our hand"
    run = teach(app, lab)
    assert run.record.drawings
    assert run.record.drawings.owner is None
    app = lab.open("draw", run=run.id, **VIEW)
    assert "of everybody's drawings" in words(app)


def test_with_its_parent_and_the_drawings_gone_it_says_what_is_left(lab: Lab, trained: Run) -> None:
    keep(range(20))
    run = teach(lab.open("draw", run=trained.id, **VIEW), lab)
    lab.runs.delete(trained.id)
    app = lab.open("draw", run=run.id, **VIEW)
    assert [label.split(":")[0] for label in metrics(app)] == ["Before", "After", "On MNIST"]
    server().drawings.delete(one.id for one in server().drawings.load_all())
    app = lab.open("draw", run=run.id, **VIEW)
    assert "The drawings to measure it on were deleted" in words(app)


@pytest.mark.parametrize("count", [20, 21])
def test_from_the_square_a_press_leads_to_what_came_of_it(
    lab: Lab, trained: Run, count: int
) -> None:
    keep(range(count))
    app = lab.open("draw", run=trained.id)
    assert app.session_state["draw"] != "My handwriting"
    teach(app, lab)
    app.run()
    assert app.session_state["draw"] == "My handwriting"
