"""The Runs page: what the table lists, and what is done with the runs that are chosen in it."""

import json
import shutil
from urllib.parse import parse_qsl

import pandas as pd
import pytest
from streamlit.proto.Common_pb2 import StringTriggerValue
from streamlit.proto.WidgetStates_pb2 import WidgetState
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Dataframe

from core.config import RunConfig
from core.runs import Run
from core.runs.status import State
from core.sweep.config import SweepConfig
from core.sweep.space import Range
from core.sweep.store import Sweep, SweepStore
from dashboard import text
from tests.core.sweep.conftest import drive
from tests.dashboard.app_pages.lab import Lab, go, protos, rewrite_history, words

NAMES = ["zebra one", "zebra two", "zebra <b>three</b> **x**"]


@pytest.fixture
def zebras(lab: Lab) -> list[Run]:
    """Three ended runs, oldest first, that differ in dropout and hidden layers."""
    configs = [RunConfig(), RunConfig(dropout=0.5), RunConfig(dropout=0.25, hidden=(64,))]
    return [
        lab.runs.create(config, name=name, state=State.FINISHED)
        for config, name in zip(configs, NAMES, strict=True)
    ]


def table(app: AppTest) -> Dataframe:
    return app.dataframe(key="runs_table")


def listed(app: AppTest) -> list[str]:
    return list(table(app).value["name"])


def select(app: AppTest, *rows: int) -> AppTest:
    """Have the browser say that these rows are selected, and what else was done on the page."""
    states = app._tree.get_widget_states()
    selection = {"rows": list(rows), "columns": [], "cells": []}
    states.widgets.add(id=table(app).proto.id, string_value=json.dumps({"selection": selection}))
    return app._run(states)


def chosen(app: AppTest) -> list[str]:
    return app.query_params.get("runs", "").split(",")


def headings(app: AppTest) -> list[str]:
    return [heading.value for heading in app.header]


def dialog_names(app: AppTest) -> list[str]:
    """The names in the dialog that asks whether to delete; none where there is no dialog."""
    return [line for one in app.markdown if one.value[:2] == "- " for line in one.value.split("\n")]


def test_all_runs_are_listed_with_what_they_differ_in(lab: Lab, zebras: list[Run]) -> None:
    app = lab.open("runs")
    assert listed(app) == NAMES[::-1]
    columns = json.loads(table(app).proto.columns)
    shown = [columns[name]["label"] for name in table(app).value if name in RunConfig.model_fields]
    assert shown == ["Hidden layers", "Dropout"]
    assert headings(app) == []
    assert "Tick runs at the left of the table" in words(app)


def test_a_remark_says_what_became_of_a_run(lab: Lab, trained: Run, zebras: list[Run]) -> None:
    def shown() -> pd.DataFrame:
        return table(lab.open("runs")).value

    accuracies = [0.9, 0.9798, 0.937]
    rewrite_history(
        trained,
        validation_loss=[0.3, 0.1, 0.4],
        validation_accuracy=accuracies,
        test_accuracy=accuracies,
    )
    row = shown().set_index("name").loc[trained.name]
    assert row["state"] == "finished"
    assert row["findings"].startswith("had been better, ")
    assert (row["test_accuracy"], row["network_epoch"]) == (pytest.approx(93.7), 3)
    assert (row["best_epoch"], row["best_epoch_test_accuracy"]) == (2, pytest.approx(97.98))
    rewrite_history(trained, validation_accuracy=[0.1] * 3, test_accuracy=[0.0974] * 3)
    assert shown().set_index("name")["findings"][trained.name] == "no better than chance"
    app = lab.open("runs", runs_search="better than chance")
    assert listed(app) == [trained.name]
    assert "It learned nothing" in words(lab.open("runs", runs=trained.id))


def test_runs_are_searched_filtered_and_sorted_by_address_too(lab: Lab, zebras: list[Run]) -> None:
    plain, half, quarter = zebras
    app = lab.open("runs", runs_search="zebra")
    assert listed(app) == NAMES[::-1]
    app.text_input(key="runs_search").set_value("zebra two").run()
    assert listed(app) == [half.name]

    link = {"runs_filters": "Dropout", "runs_sort": "Dropout"}
    app = lab.open("runs", **link)
    assert listed(app) == [half.name, quarter.name, plain.name]
    app.number_input(key="runs_at_least_dropout").set_value(0.2).run()
    assert listed(app) == [half.name, quarter.name]
    app = lab.open("runs", **link, runs_at_least_dropout="0.2")
    assert listed(app) == [half.name, quarter.name]


def test_a_filter_stays_though_no_run_is_like_it(lab: Lab, zebras: list[Run]) -> None:
    *_, quarter = zebras
    filters = {"runs_is_state": "failed", "runs_is_name": "zebra gone"}
    app = lab.open("runs", runs_filters=["State", "Name"], **filters)
    assert [info.value for info in app.info] == ["No run is like this."]
    assert app.multiselect(key="runs_is_state").value == ["failed"]
    assert app.multiselect(key="runs_is_name").value == ["zebra gone"]

    app = lab.open("runs", runs_search="zebra", runs_filters="State", runs_is_state="finished")
    assert listed(app) == NAMES[::-1]
    app.text_input(key="runs_search").set_value("no such run").run()
    assert [info.value for info in app.info] == ["No run is like this."]
    assert app.multiselect(key="runs_is_state").value == ["finished"]
    quarter.write_status(quarter.status.model_copy(update={"state": State.STOPPED}))
    app.text_input(key="runs_search").set_value("zebra").run()
    assert listed(app) == NAMES[1::-1]


def test_a_run_is_chosen_renamed_noted_and_pinned(lab: Lab, zebras: list[Run]) -> None:
    plain, half, quarter = zebras
    app = select(lab.open("runs"), 2)
    assert headings(app) == [plain.name]
    assert chosen(app) == [plain.id]

    app.button(key="edit_run").click().run()
    (name,) = [field for field in app.text_input if field.label == "Name"]
    (note,) = app.text_area
    assert (name.value, note.value) == (plain.name, "")
    name.set_value("zebra *renamed*")
    note.set_value("# a note <script>")
    app.button(key="save_label").click().run()
    assert (plain.name, plain.label.note) == ("zebra *renamed*", "# a note <script>")
    assert headings(app) == [text.escape("zebra *renamed*")]
    assert [one.value for one in app.text] == ["# a note <script>"]
    assert not app.text_area

    app.button(key="pin_runs").click().run()
    assert app.button(key="pin_runs").label == "Unpin"
    assert listed(app) == ["zebra *renamed*", quarter.name, half.name]
    assert headings(app) == [text.escape("zebra *renamed*")]
    app.button(key="pin_runs").click().run()
    assert listed(app) == [quarter.name, half.name, "zebra *renamed*"]


def test_a_link_chooses_runs_and_deleting_asks_first(lab: Lab, zebras: list[Run]) -> None:
    plain, half, quarter = zebras
    app = lab.open("runs", runs=f"{plain.id},{quarter.id}")
    assert headings(app) == ["2 runs chosen"]
    app.button(key="delete_runs").click().run()
    assert dialog_names(app) == [f"- {text.escape(run.name)}" for run in (plain, quarter)]
    app.button(key="cancel_delete").click().run()
    assert dialog_names(app) == []
    assert headings(app) == ["2 runs chosen"]
    assert plain.path.is_dir()

    app.button(key="delete_runs").click().run()
    app.button(key="confirm_delete").click().run()
    assert listed(app) == [half.name]
    assert dialog_names(app) == []
    assert [run.id for run in lab.runs.list()] == [half.id]
    assert "runs" not in app.query_params


def test_a_run_that_trains_is_stopped_before_it_is_deleted(lab: Lab, zebras: list[Run]) -> None:
    run = lab.runs.create(RunConfig(), name="zebra that trains", state=State.RUNNING)
    app = lab.open("runs", runs=run.id)
    app.button(key="delete_runs").click().run()
    assert [warning.value for warning in app.warning] == ["What still trains is stopped first."]
    app.button(key="confirm_delete").click().run()
    assert not run.path.exists()
    assert listed(app) == NAMES[::-1]


def test_a_dialog_about_a_run_that_another_deletes_is_closed(lab: Lab, zebras: list[Run]) -> None:
    plain, half, quarter = zebras
    app = lab.open("runs", runs=half.id)
    app.button(key="edit_run").click().run()
    lab.runs.create(RunConfig(seed=1), name="zebra new", state=State.FINISHED)
    app.run()
    assert app.button(key="save_label").label == "Save"  # it stays while others come
    lab.runs.delete(half.id)
    app.run()
    assert listed(app) == ["zebra new", quarter.name, plain.name]
    assert headings(app) == []
    assert not [button for button in app.button if button.key == "save_label"]


# --- while the table moves: what the browser sends is about the rows that it shows


def test_a_press_on_a_table_that_has_moved_since_is_about_the_same_run(
    lab: Lab, zebras: list[Run]
) -> None:
    plain, half, _ = zebras
    app = lab.open("runs", runs=half.id)
    for seed in range(1, 3):  # a sweep is under way; the page has followed it, not the browser
        lab.runs.create(RunConfig(seed=seed), state=State.FINISHED)
        app.run()
    app.button(key="delete_runs").click()
    select(app, 1)
    assert headings(app) == [half.name]
    assert chosen(app) == [half.id]
    assert dialog_names(app) == [f"- {half.name}"]
    app.button(key="confirm_delete").click()
    select(app, 3)
    assert not half.path.exists()
    assert plain.path.is_dir()


def test_a_row_ticked_in_a_table_that_has_moved_since_is_that_row(
    lab: Lab, zebras: list[Run]
) -> None:
    plain, _, quarter = zebras
    app = lab.open("runs", runs=plain.id)
    for seed in range(1, 3):
        lab.runs.create(RunConfig(seed=seed), state=State.FINISHED)
        app.run()
    select(app, 0, 2)
    assert chosen(app) == [plain.id, quarter.id]
    select(app, 2, 4, 1)  # by now the browser shows the five
    assert chosen(app) == [plain.id, quarter.id, lab.runs.list()[1].id]
    select(app)
    assert headings(app) == []


def test_rows_are_those_of_the_latest_table_once_another_choice_was_made(
    lab: Lab, zebras: list[Run]
) -> None:
    _, half, quarter = zebras
    app = lab.open("runs", runs=half.id)
    lab.runs.create(RunConfig(seed=1), name="zebra new", state=State.FINISHED)
    app.run()
    select(app)
    assert headings(app) == []
    select(app, 1)  # as `half` was in the first table
    assert chosen(app) == [quarter.id]


def test_rows_that_are_there_no_more_choose_nothing(lab: Lab, zebras: list[Run]) -> None:
    plain, half, _ = zebras
    app = lab.open("runs", runs=f"{plain.id},{half.id}")
    lab.runs.delete(plain.id)
    app.run()
    assert headings(app) == [half.name]
    select(app, 1, 2)
    assert chosen(app) == [half.id]


# --- sweeps


@pytest.fixture
def swept(lab: Lab, zebras: list[Run]) -> Sweep:
    """A sweep of four trials, of which #0 learns best, between the zebras and a later run."""
    base = RunConfig(training_images=1_000, epochs=1, hidden=(8,))
    vary = {"dropout": Range(low=0, high=0.6, points=4)}
    config = SweepConfig(base=base, vary=vary, sampler="grid")
    sweep = SweepStore(lab.runs).create(config, name="a sweep")
    drive(sweep, lab.runs)
    assert sweep.status.best_trial == 0
    lab.runs.create(RunConfig(), name="later", state=State.FINISHED)
    return sweep


def trial(lab: Lab, number: int) -> Run:
    return next(run for run in lab.runs.list() if run.name == f"a sweep #{number}")


def press(app: AppTest, row: int) -> AppTest:
    """Have the browser say that the row's button, in the column of trials, was pressed."""
    states = app._tree.get_widget_states()
    click = json.dumps({"row": row, "label": table(app).value["trials"].iloc[row]})
    states.widgets.add(id=table(app).proto.button_click_widgets["trials"]).MergeFrom(
        WidgetState(string_trigger_value=StringTriggerValue(data=click))
    )
    return app._run(states)


def ticked(app: AppTest) -> list[str]:
    """The names in the rows that have a tick, in the table's order."""
    rows = sorted(app.session_state["runs_table"]["selection"]["rows"])
    return [listed(app)[row].strip() for row in rows]


FOLDED = ["later", "a sweep", *NAMES[::-1]]
OPENED = [
    "later",
    "a sweep",
    *(f"\u2003a sweep #{number}" for number in (3, 2, 1, 0)),
    *NAMES[::-1],
]


def test_a_sweep_has_one_row_which_shows_its_best(lab: Lab, swept: Sweep) -> None:
    app = lab.open("runs")
    assert listed(app) == FOLDED
    row = table(app).value.iloc[1]
    assert row["trials"] == ":material/chevron_right: 4 trials, best #0"
    best = trial(lab, 0)
    assert row["highest_validation_accuracy"] == 100 * best.history["validation_accuracy"].max()
    assert row["dropout"] == best.config.dropout == 0
    assert list(table(app).value["trials"].drop(row.name)) == [""] * 4


def test_a_press_shows_the_trials_and_another_folds_them(lab: Lab, swept: Sweep) -> None:
    app = press(lab.open("runs"), 1)
    assert listed(app) == OPENED
    assert table(app).value["trials"].iloc[1] == ":material/expand_more: 4 trials, best #0"
    assert app.query_params["opened_sweeps"] == swept.id
    assert listed(lab.open("runs", opened_sweeps=swept.id)) == OPENED
    assert listed(press(app, 1)) == FOLDED
    assert "opened_sweeps" not in app.query_params
    assert listed(press(app, 0)) == FOLDED  # a run by itself has no button


def test_a_press_in_a_table_that_has_moved_since_is_of_that_sweep(lab: Lab, swept: Sweep) -> None:
    app = lab.open("runs")
    before = app._tree
    lab.runs.create(RunConfig(), name="latest", state=State.FINISHED)
    app.run()
    assert listed(app)[:3] == ["latest", *FOLDED[:2]]
    app._tree = before  # what the browser still shows
    press(app, 1)
    assert listed(app) == ["latest", *OPENED]


def test_a_trial_that_a_link_chooses_is_shown(lab: Lab, swept: Sweep) -> None:
    run = trial(lab, 2)
    app = lab.open("runs", runs=run.id)
    assert listed(app) == ["later", "a sweep", "\u2003a sweep #2", *NAMES[::-1]]
    assert ticked(app) == ["a sweep #2"]
    assert headings(app) == [text.escape("a sweep #2")]
    (link,) = [link.proto for link in app.page_link if link.proto.page == "sweep"]
    assert link.query_string == f"sweep={swept.id}"


def test_a_tick_of_a_sweep_chooses_all_its_runs(lab: Lab, swept: Sweep) -> None:
    app = select(lab.open("runs"), 0, 1)
    later, *others = (run.id for run in lab.runs.list() if "zebra" not in run.name)
    assert chosen(app) == [later, *others]
    assert listed(app) == OPENED  # what is chosen is shown
    assert ticked(app) == [name.strip() for name in OPENED[:6]]
    select(app, 0, 1, 2, 4, 5)  # one of them is let go
    assert chosen(app) == [later, *(run for run in others if run != trial(lab, 2).id)]
    assert ticked(app) == ["later", "a sweep #3", "a sweep #1", "a sweep #0"]
    select(app, 0, 1, 2, 3, 4)
    assert set(chosen(app)) == {later, *others}
    select(app, 0, *range(2, 6))  # all are let go with their sweep
    assert chosen(app) == [later]
    assert listed(app) == FOLDED


def test_what_a_search_finds_of_a_sweep_is_shown(lab: Lab, swept: Sweep) -> None:
    app = lab.open("runs", runs_search="sweep #3")
    assert listed(app) == ["a sweep", "\u2003a sweep #3"]
    assert list(table(app).value["trials"]) == ["1 of 4", ""]
    assert listed(press(app, 0)) == ["a sweep", "\u2003a sweep #3"]
    assert "opened_sweeps" not in app.query_params
    app.text_input(key="runs_search").set_value("a sweep").run()
    assert listed(app) == ["a sweep"]
    link = {"runs_filters": "Dropout", "runs_at_least_dropout": "0.3", "runs_sort": "Dropout"}
    app = lab.open("runs", **link)
    assert listed(app) == ["a sweep", "\u2003a sweep #3", "\u2003a sweep #2", NAMES[1]]


def test_sweeps_are_folded_only_where_that_is_wanted(lab: Lab, swept: Sweep) -> None:
    app = lab.open("runs", runs_fold="false")
    names = [f"a sweep #{number}" for number in (3, 2, 1, 0)]
    assert listed(app) == ["later", *names, *NAMES[::-1]]
    assert "trials" not in table(app).value
    app.toggle(key="runs_fold").set_value(True).run()
    assert listed(app) == FOLDED


def test_a_sweep_that_was_deleted_has_its_row_still(lab: Lab, swept: Sweep) -> None:
    shutil.rmtree(swept.path)
    app = lab.open("runs", runs=trial(lab, 1).id)
    assert listed(app)[1:3] == ["a deleted sweep", "\u2003a sweep #1"]
    assert table(app).value["trials"].iloc[1] == ":material/chevron_right: 4 trials"
    assert [link for link in app.page_link if link.proto.page == "sweep"] == []


def test_controls_offer_the_best_of_a_sweep_and_what_is_chosen(lab: Lab, swept: Sweep) -> None:
    def names(options: list[str]) -> list[str]:
        return [option.split(" · ")[0] for option in options]

    best = ["later", "a sweep #0", *NAMES[::-1]]
    app = lab.open("evaluate")
    (run,) = [control for control in app.selectbox if control.label == "Run"]
    assert names(run.options) == best
    assert run.options[1].endswith(" · best of its sweep")
    app = lab.open("evaluate", run=trial(lab, 2).id)
    (run,) = [control for control in app.selectbox if control.label == "Run"]
    assert names(run.options) == [*best, "a sweep #2"]
    assert run.value == trial(lab, 2).id
    app = lab.open("compare", runs=f"{trial(lab, 1).id},{trial(lab, 3).id}")
    (runs,) = [control for control in app.multiselect if control.label == "Runs"]
    assert runs.value == [trial(lab, 1).id, trial(lab, 3).id]
    assert names(runs.options) == ["a sweep #1", "a sweep #3", *best]


# ---


def test_a_run_is_duplicated_into_the_form(lab: Lab, zebras: list[Run]) -> None:
    *_, quarter = zebras
    app = lab.open("train", hidden="8-8-8")
    assert app.number_input(key="config_hidden_2").value == 8
    go(app, "runs", runs=quarter.id)
    (link,) = [link for link in app.page_link if link.value == "Duplicate into the form"]
    assert link.proto.page == "train"
    go(app, "train", **dict(parse_qsl(link.proto.query_string)))
    assert app.number_input(key="config_hidden_0").value == 64
    assert app.slider(key="config_dropout").value == 0.25
    assert app.query_params["dropout"] == "0.25"
    assert "config_hidden_1" not in [field.key for field in app.number_input]


def test_a_run_can_be_opened_on_every_page_that_shows_one(lab: Lab, zebras: list[Run]) -> None:
    run = zebras[0]
    app = lab.open("runs", runs=run.id)
    links = [link.proto for link in app.page_link if link.value != "Duplicate into the form"]
    pages = ["train", "draw", "data", "curves", "evaluate", "layers", "features"]
    assert [link.page for link in links] == pages
    assert {link.query_string for link in links} == {f"run={run.id}"}


def test_a_run_is_taken_away_as_far_as_it_has_come(
    lab: Lab, zebras: list[Run], trained: Run
) -> None:
    for run, is_representative in ((trained, True), (zebras[0], False)):
        app = lab.open("runs", runs=run.id)
        offered = {button.label: not button.proto.disabled for button in app.download_button}
        assert offered == {
            "Network (.keras)": is_representative,
            "History (CSV)": True,
            "Configuration (JSON)": True,
            "Script (.py)": is_representative,
            "Notebook (.ipynb)": is_representative,
        }


def test_a_link_to_runs_that_are_gone_says_so(lab: Lab, zebras: list[Run]) -> None:
    app = lab.open("runs", runs=f"../../etc,{zebras[0].id}")
    (warning,) = app.warning
    assert (
        warning.value == text.escape("there is no run '../../etc'") + "; it may have been deleted."
    )
    assert headings(app) == ["zebra one"]
    assert len(protos(app, "page_link")) == 8
