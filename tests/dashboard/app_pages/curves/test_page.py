"""The Curves page, checked against the runs' history.csv."""

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from core.config import RunConfig
from core.runs import Run
from core.runs.status import State
from tests.dashboard.app_pages.lab import Lab, chart, spec, words


@pytest.fixture
def plain(lab: Lab, trained: Run) -> Run:
    """A finished run without dropout and L2, of two epochs."""
    run = lab.runs.create(RunConfig(hidden=(16,)), name="a plain run", state=State.FINISHED)
    rows = trained.history.iloc[:2].assign(l2_penalty=0.0)
    rows[["running_loss", "train_loss", "validation_loss"]] *= 1.1
    run.write_history(rows.to_dict("records"))
    return run


def label(run: Run) -> str:
    return f"{run.name} · {run.record.created.astimezone():%d %b %H:%M:%S}"


def history(run: Run) -> pd.DataFrame:
    return pd.read_csv(run.path / "history.csv")


def best_row(run: Run) -> list[str]:
    """The run's row in the table of best epochs, without the last column."""
    rows = history(run)
    best = rows.loc[rows["validation_loss"].idxmin()]
    return [
        run.name,
        str(len(rows)),
        f"{best['epoch']:.0f}",
        f"{best['validation_loss']:.4f}",
        f"{100 * best['validation_accuracy']:.2f} %",
    ]


def assert_best(app: AppTest, *runs: Run) -> None:
    (table,) = app.table
    assert table.value.iloc[:, :-1].to_numpy().tolist() == [best_row(run) for run in runs]


def test_another_run_is_laid_over_the_first(lab: Lab, trained: Run, plain: Run) -> None:
    app = lab.open("curves", run=trained.id)
    assert_best(app, trained)
    others = app.multiselect(key="picked_curves_others")
    assert others.options == [label(plain)]
    others.select(plain.id).run()
    assert_best(app, trained, plain)
    assert chart(app, "curves_loss").alt == "Loss of a trained run, a plain run"
    assert app.query_params["curves_others"] == plain.id
    plain.update_label(name="another name")  # breaks no link
    app = lab.open("curves", **app.query_params)
    assert_best(app, trained, plain)
    assert chart(app, "curves_loss").alt == "Loss of a trained run, another name"


def test_a_link_to_an_old_run_shows_it_however_many_came_after(
    lab: Lab, trained: Run, plain: Run
) -> None:
    for _ in range(201):
        lab.runs.create(RunConfig(), state=State.FINISHED)
    app = lab.open("curves", run=trained.id, curves_others=plain.id)
    assert_best(app, trained, plain)


def test_runs_of_one_name_and_second_are_told_apart(lab: Lab, trained: Run) -> None:
    twins = [
        lab.runs.create(RunConfig(), name="a twin", state=State.STOPPED) for _ in range(3)
    ]  # of which two at least are of one second
    app = lab.open("curves", run=trained.id)
    texts = app.multiselect(key="picked_curves_others").options
    assert len(set(texts)) == 3
    assert all(text.startswith("a twin") for text in texts)
    assert sum(twin.id[-6:] in text for twin in twins for text in texts) >= 2
    for twin in twins:  # found again by its label, as a browser names it
        app.multiselect(key="picked_curves_others").set_value([twin.id]).run()
        assert app.query_params["curves_others"] == twin.id
        app.selectbox(key="picked_run").set_value(twin.id).run()
        assert app.query_params["run"] == twin.id
        app.selectbox(key="picked_run").set_value(trained.id).run()


def test_a_damaged_history_of_a_run_under_way_is_told(lab: Lab, trained: Run) -> None:
    run = lab.runs.create(RunConfig(), name="a broken run", state=State.RUNNING)
    (run.path / "history.csv").write_text("rubbish")
    sentence = f"history.csv of run {run.id} cannot be read"
    app = lab.open("curves", run=run.id)
    assert "This run cannot be shown" in words(app)
    assert app.error[0].value.replace("\\", "").startswith(sentence)
    app = lab.open("curves", run=trained.id, curves_others=run.id)
    assert app.warning[0].value.replace("\\", "").startswith(sentence)
    assert_best(app, trained)


def test_the_two_training_losses_are_told_apart(lab: Lab, trained: Run, plain: Run) -> None:
    link = {"curves_regularized": trained.id, "curves_plain": plain.id}
    app = lab.open("curves", curves="Two training losses", **link)
    for run, dropout in ((trained, True), (plain, False)):
        last = history(run).iloc[-1]
        begin = (
            f"In epoch {last['epoch']:.0f} the training loss is **{last['running_loss']:.4f}** as "
            f"reported while fitting and **{last['train_loss']:.4f}** as measured afterwards"
        )
        (sentence,) = [one.value for one in app.markdown if one.value.startswith(begin)]
        assert "the weights still move" in sentence
        assert ("dropout switches off a share of 0.2 of the hidden units" in sentence) == dropout
        assert (f"{last['l2_penalty']:.4f}" in sentence) == dropout


def sides(app: AppTest) -> list[str]:
    keys = ("picked_curves_regularized", "picked_curves_plain")
    return [app.selectbox(key=key).value for key in keys]


@pytest.fixture
def alike(lab: Lab, plain: Run) -> list[Run]:
    """Of as many epochs as the plain run: another with dropout; and newer ones with more epochs."""
    rows = history(plain).to_dict("records")
    made = []
    for dropout, epochs in ((0.5, 2), (0.5, 1), (0.0, 1)):
        config = RunConfig(hidden=(16,), dropout=dropout)
        run = lab.runs.create(config, name=f"{dropout}, {epochs}", state=State.FINISHED)
        run.write_history(rows[:epochs])
        made.append(run)
    return made


def test_two_runs_that_show_it_are_opened(lab: Lab, plain: Run, alike: list[Run]) -> None:
    """Of the same number of epochs; the other goes with the one that is picked."""
    dropped, dropped_short, plain_short = alike
    app = lab.open("curves", curves="Two training losses")
    assert sides(app) == [dropped_short.id, plain_short.id]
    app.selectbox(key="picked_curves_plain").set_value(plain.id).run()
    assert sides(app) == [dropped.id, plain.id]
    assert app.query_params["curves_plain"] == plain.id


def test_the_axis_is_the_same_for_both_and_leaves_the_first_epoch_out(
    lab: Lab, trained: Run, plain: Run
) -> None:
    link = {"curves_regularized": trained.id, "curves_plain": plain.id}
    app = lab.open("curves", curves="Two training losses", **link)
    axes = [spec(app, f"{key}_loss")["yAxis"] for key in link]
    assert axes[0] == axes[1]
    later = history(trained)[["running_loss", "train_loss", "validation_loss"]][1:].max().max()
    both = max(later, history(plain)["running_loss"].max())  # of two epochs, both are shown
    assert axes[0]["min"] == 0
    assert both <= axes[0]["max"] <= both + 0.1


def test_the_reason_is_measured_when_the_button_is_pressed(
    lab: Lab, trained: Run, plain: Run
) -> None:
    link = {"curves_regularized": trained.id, "curves_plain": plain.id}
    app = lab.open("curves", curves="Two training losses", **link)
    assert not app.table
    app.button(key="measure_dropout").click().run()
    (table,) = app.table  # the plain run, made by hand, has no network
    labels, values = (table.value.iloc[:, column].tolist() for column in (0, 1))
    row = history(trained).iloc[-1]
    assert labels == [
        "as reported while fitting, in epoch 3",
        "these weights, dropout on",
        "these weights, dropout off",
        "as measured after epoch 3",
    ]
    assert values[0] == f"{row['running_loss']:.4f}"
    assert values[2] == values[3] == f"{row['train_loss']:.4f}"
    mean, spread = map(float, values[1].split(" ± "))
    assert row["train_loss"] < mean < row["running_loss"]
    assert 0 < spread < (mean - row["train_loss"]) / 10
    gap = row["running_loss"] - row["train_loss"]
    (proof,) = [one.value for one in app.markdown if one.value.startswith("Dropout alone raises")]
    assert f"**{gap:.4f}**" in proof
    assert "Over 10,000 of its 10,000 training images" in words(app)
    assert "has no network" in words(app).replace("\\", "")
