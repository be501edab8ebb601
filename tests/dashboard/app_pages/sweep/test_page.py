"""The Sweep page: its form, what it says of a sweep, and what is asked of one."""

from datetime import timedelta

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Widget

from core.config import RunConfig
from core.runs import Run
from core.runs.status import Request, State
from core.sweep import supervisor
from core.sweep.config import SweepConfig
from core.sweep.driver import Driver
from core.sweep.store import Sweep, SweepStore
from core.sweep.study import load_study, trial_table
from core.training import train
from tests.core.sweep.conftest import drive
from tests.dashboard.app_pages.lab import Lab, go, nodes, protos, words

BASE = RunConfig(hidden=(16,), training_images=1_000, validation_share=0.05, epochs=1)
LINK = BASE.differences()


def begin(lab: Lab, **changes: object) -> Sweep:
    vary = {"dropout": {"low": 0.0, "high": 0.5}, "l2": {"low": 1e-6, "high": 1e-2, "log": True}}
    given = {"base": BASE, "vary": vary, "sampler": "random", "trials": 4} | changes
    return SweepStore(lab.runs).create(SweepConfig.model_validate(given))


def buttons(app: AppTest) -> list[str]:
    return [button.label for button in app.button]


def captions(app: AppTest) -> str:
    return "\n".join(caption.value for caption in app.caption)


# --- the form


def test_a_sweep_is_begun_as_the_form_says(lab: Lab) -> None:
    app = lab.open("sweep", **LINK, sweep_trials="12")
    assert "**12** runs · **about " in captions(app)
    assert "runs · at most **about " in captions(lab.open("sweep", sweep_pruner="median"))
    assert "runs · at most **about " in captions(lab.open("sweep", early_stopping="on"))
    app.button(key="start_sweep").click().run()
    (sweep,) = SweepStore(lab.runs).list()
    assert sweep.config.base == BASE
    assert (list(sweep.config.vary), sweep.config.trials) == (["dropout", "l2"], 12)
    assert app.query_params["sweep"] == sweep.id
    assert app.progress[0].text.startswith("0 of 12 trials · about ")
    assert lab.runs.list() == []


def test_a_sweep_that_is_asked_for_twice_at_once_is_begun_once(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "_REPEAT", timedelta(hours=1))  # however slow we are
    app = lab.open("sweep", **LINK)
    app.button(key="start_sweep").click()
    presses = app._tree.get_widget_states()
    app._run(presses)
    assert not app.toast
    app._run(presses)  # the second press came before the page had changed
    assert not app.exception
    assert [toast.value for toast in app.toast] == ["this very sweep was begun a moment ago\\."]
    (sweep,) = SweepStore(lab.runs).list()
    assert app.query_params["sweep"] == sweep.id


def test_both_forms_may_be_changed_in_turn(lab: Lab) -> None:
    app = lab.open("sweep", sweep_trials="33", vary=["Dropout", "Activation"])
    app.number_input(key="config_epochs").set_value(7).run()
    assert app.query_params["epochs"] == "7"
    assert app.query_params["sweep_trials"] == "33"
    assert app.query_params["vary"] == ["Dropout", "Activation"]
    app.number_input(key="config_epochs").set_value(RunConfig().epochs).run()
    assert "epochs" not in app.query_params
    assert app.query_params["vary"] == ["Dropout", "Activation"]
    assert "Start the sweep" in buttons(app)


def test_what_is_wrong_is_said_in_a_sentence(lab: Lab) -> None:
    app = lab.open("sweep", **LINK, vary="Hidden layers", values_hidden="64,9999")
    (error,) = app.error
    sentence = "hidden: 9,999 is out of range; choose 1 to 2,048."
    assert error.value.replace("\\", "").endswith(sentence)
    assert "Start the sweep" not in buttons(app)
    app = lab.open("sweep", sweep="nonsense")
    assert [warning.value.replace("\\", "") for warning in app.warning] == [
        "there is no sweep 'nonsense'; it may have been deleted."
    ]
    assert "Start the sweep" in buttons(app)


def test_fixed_values_are_asked_for_only_of_what_does_not_vary(lab: Lab) -> None:
    def fixed(app: AppTest) -> set[str]:
        keys = {str(node.key) for node in nodes(app) if isinstance(node, Widget)}
        return {key.removeprefix("config_") for key in keys if key.startswith("config_")}

    app = lab.open("sweep", **LINK, dropout="0.3", sweep_trials="12")
    usual = fixed(app)
    assert {"learning_rate", "hidden_0", "activation", "early_stopping"} <= usual
    assert usual.isdisjoint({"dropout", "l2", "patience"})
    app.multiselect(key="vary").set_value(["l2", "hidden", "early_stopping"]).run()
    assert not app.exception
    assert fixed(app) == usual - {"hidden_0", "early_stopping"} | {
        "dropout",
        "patience",  # for the trials that stop early
        "min_delta",
        "restore_best_weights",
    }
    assert app.slider(key="config_dropout").value == 0.3  # as it was before it varied
    app.button(key="start_sweep").click().run()
    (sweep,) = SweepStore(lab.runs).list()
    assert (sweep.config.base.dropout, sweep.config.base.hidden) == (0.3, (16,))
    head = captions(app).replace("\\", "")
    assert "The same in all trials: dropout 0.3, epochs 1, " in head


def test_a_wrong_fixed_value_of_what_varies_is_nobodys_concern(lab: Lab) -> None:
    assert not lab.open("sweep", dropout="7").error
    assert lab.open("sweep", dropout="7", vary="L2").error


def test_what_varies_to_no_effect_is_named(lab: Lab) -> None:
    app = lab.open("sweep", vary="Patience")
    (warning,) = app.warning
    assert warning.value.startswith("Patience makes no difference without early stopping")
    assert not lab.open("sweep", vary=["Patience", "Early stopping"]).warning
    assert not lab.open("sweep", vary="Patience", early_stopping="on").warning


def test_tooltips_say_what_each_search_and_each_way_to_cut_short_does(lab: Lab) -> None:
    app = lab.open("sweep")
    for key, beginnings in {
        "sweep_sampler": ["TPE (tree-structured Parzen", "Random draws", "Grid tries"],
        "sweep_pruner": ["Never: ", "Median: ", "Hyperband holds"],
    }.items():
        (control,) = [one for one in protos(app, "button_group") if key in one.id]
        paragraphs = control.help.split("\n\n")
        for beginning in beginnings:
            assert any(paragraph.startswith(beginning) for paragraph in paragraphs)


# --- a sweep


def test_a_sweep_is_paused_resumed_and_stopped(lab: Lab) -> None:
    sweep = begin(lab)
    drive(sweep, lab.runs, polls=2)
    app = lab.open("sweep", sweep=sweep.id)
    assert app.progress[0].text.startswith("1 of 4 trials · 1 under way · about ")
    assert buttons(app)[:2] == ["Pause", "Stop"]
    app.button(key="sweep_ask_pause").click().run()
    assert sweep.state is State.PAUSED
    assert buttons(app)[:2] == ["Resume", "Stop"]
    app.button(key="sweep_ask_run").click().run()
    assert sweep.state is State.RUNNING
    app.button(key="sweep_ask_stop").click().run()
    assert sweep.state is State.STOPPING
    assert buttons(app)[0] == "Resume"
    drive(sweep, lab.runs)
    app.run()
    assert sweep.state is State.STOPPED
    assert app.progress[0].text == "2 of 4 trials"
    app.button(key="sweep_ask_run").click().run()
    assert sweep.state is State.RUNNING
    assert buttons(app)[:2] == ["Pause", "Stop"]


def test_trials_are_a_table_that_leads_to_their_runs(lab: Lab) -> None:
    sweep = begin(lab)
    drive(sweep, lab.runs, polls=2)
    newest = lab.runs.list()[0]
    app = lab.open("sweep", sweep=sweep.id, sweep_view="Importances")
    (warning,) = app.warning
    assert warning.value.startswith("With 1 complete trials, importances over 2 hyperparameters")
    go(app, "sweep", sweep_view="Trials")
    table = app.dataframe(key="trials_table").value
    assert list(table["number"]) == [1, 0]
    assert list(table["state"]) == ["under way", "complete"]
    app.session_state["trials_table"] = {"selection": {"rows": [0], "columns": [], "cells": []}}
    app.run()
    assert app.query_params["run"] == newest.id
    assert [title.value for title in app.title] == ["Train"]
    assert f"{newest.name} · " in words(app)


def test_the_best_is_trained_again_with_five_seeds_at_a_time(lab: Lab) -> None:
    sweep = begin(lab, trials=2, seeds=2)
    drive(sweep, lab.runs)
    trials = trial_table(load_study(sweep), list(sweep.config.vary))
    best = trials.loc[trials["value"].idxmax()]
    app = lab.open("sweep", sweep=sweep.id)
    (link,) = [link for link in app.page_link if link.value == "Open the best run"]
    assert (link.proto.page, link.proto.query_string) == ("evaluate", f"run={best.runs[0]}")
    assert app.metric[0].value == f"{100 * best.value:.2f} %"
    assert app.metric[0].delta == f"trial {best.number}"
    known = {run.id for run in lab.runs.list()}

    def repeats() -> list[Run]:
        return [run for run in reversed(lab.runs.list()) if run.id not in known]

    app.button(key="train_best").click().run()
    assert "The best again, from 5 other seeds**: 0 finished, 5 to come." in captions(app)
    assert [run.config.seed for run in repeats()] == [2, 3, 4, 5, 6]
    assert [run.name for run in repeats()] == [
        f"Best of dropout, l2, seed {seed}" for seed in (2, 3, 4, 5, 6)
    ]
    config = lab.runs.get(best.runs[0]).config
    assert {run.config.model_copy(update={"seed": 0}) for run in repeats()} == {config}

    assert "Train the best with five seeds" not in buttons(app)
    first, second, *others = repeats()
    for run in (first, second):
        train(run)
    app.run()
    assert "Train the best with five seeds" not in buttons(app)
    for run in others:
        run.request(Request.STOP)
    app.run()
    test = [100 * run.history["test_accuracy"].iloc[-1] for run in (first, second)]
    mean, deviation = np.mean(test), np.std(test, ddof=1)
    said = f"5 other seeds**: 2 finished, test accuracy {mean:.2f} ± {deviation:.2f} %."
    assert said in captions(app)
    app.button(key="train_best").click().run()
    assert [run.config.seed for run in repeats()[5:]] == [7, 8, 9, 10, 11]


def test_runs_are_deleted_and_renamed_meanwhile(lab: Lab) -> None:
    """One that has finished and one under way are deleted: the second is replaced."""
    sweep = begin(lab, trials=3)

    def choose(run: Run) -> AppTest:
        return lab.open("runs", runs=run.id)

    def delete(run: Run) -> None:
        app = choose(run)
        app.button(key="delete_runs").click().run()
        app.button(key="confirm_delete").click().run()
        assert not run.path.exists()

    with sweep.lock():
        driver = Driver(sweep, lab.runs, created_as=State.RUNNING)
        for _ in range(2):
            driver.poll(slots=1)
            train(driver.runs_to_train()[0])
        driver.poll(slots=1)
        cut, kept, gone = lab.runs.list()
        assert cut.status.state is State.RUNNING
        delete(gone)
        delete(cut)
        app = choose(kept)
        app.button(key="edit_run").click().run()
        next(field for field in app.text_input if field.label == "Name").set_value("kept")
        app.button(key="save_label").click().run()
        while sweep.has_work:
            driver.poll(slots=1)
            for run in driver.runs_to_train():
                train(run)

    trials = trial_table(load_study(sweep), list(sweep.config.vary))
    by_run = {ids[0]: state for ids, state in zip(trials["runs"], trials["state"], strict=True)}
    new, same = lab.runs.list()
    states = {gone.id: "complete", kept.id: "complete", cut.id: "fail", new.id: "complete"}
    assert by_run == states
    assert (same.id, kept.name) == (kept.id, "kept")
    assert new.status.state is State.FINISHED
    assert sweep.status.complete == 3
    app = lab.open("sweep", sweep=sweep.id)
    assert app.progress[0].text == "3 of 3 trials"
