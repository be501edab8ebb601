"""Where hyperparameters are found of which nothing is known but their fields: run in a copy of the
project by tests/test_new_hyperparameter.py, which adds them.
"""

import argparse
import json
from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from core.command_line.options import add_config_options, read_config
from core.config import Rebuilt, RunConfig, hyperparameter
from core.export import export_script
from core.runs import RunStore
from core.runs.status import State
from core.runs.summary import summarize
from core.runs.table import run_table
from core.sweep.space import Choices, Range, parse_vary
from core.sweep.store import SweepStore
from core.training import train
from tests.dashboard.app_pages.lab import Lab

NEW = {
    "label_smoothing": 0.12,
    "gradient_noise": 0.01,
    "averaged_epochs": 3,
    "nesterov": True,
    "decay": "cosine",
}
TEXTS = {name: "on" if value is True else str(value) for name, value in NEW.items()}
TITLES = ["Label smoothing", "Gradient noise", "Averaged epochs", "Nesterov", "Decay"]
RANGES = {
    "label_smoothing": Range(low=0, high=0.3),
    "gradient_noise": Range(low=1e-4, high=1, log=True),
    "averaged_epochs": Range(low=1, high=20),
    "nesterov": Choices(values=("off", "on")),
    "decay": Choices(values=("constant", "cosine")),
}


def controls(app: AppTest) -> dict[str, object]:
    return {
        "label_smoothing": app.slider(key="config_label_smoothing"),
        "gradient_noise": app.select_slider(key="config_gradient_noise"),
        "averaged_epochs": app.number_input(key="config_averaged_epochs"),
        "nesterov": app.toggle(key="config_nesterov"),
        "decay": app.selectbox(key="config_decay"),
    }


def test_the_form_has_a_control_for_each_and_writes_it_into_the_address(lab: Lab) -> None:
    app = lab.open("train")
    assert [control.label for control in controls(app).values()] == TITLES
    slider = app.slider(key="config_label_smoothing")
    assert (slider.min, slider.max) == (0, 0.3)
    assert slider.help == "Share of certainty that is not asked for."
    for name, value in NEW.items():
        controls(app)[name].set_value(value).run()
    assert {name: app.query_params[name] for name in NEW} == TEXTS
    app.button(key="train").click().run()
    (run,) = lab.runs.list()
    assert run.config == RunConfig(**NEW)


def test_an_address_fills_the_form(lab: Lab) -> None:
    app = lab.open("train", **TEXTS)
    assert {name: control.value for name, control in controls(app).items()} == NEW
    assert not app.error
    app = lab.open("train", label_smoothing="3")
    said = [error.value.replace("\\", "") for error in app.error]
    assert said == ["Label smoothing: 3 is out of range; choose 0 to 0.3."]


def test_the_command_line_has_an_option_for_each() -> None:
    parser = argparse.ArgumentParser()
    add_config_options(parser)
    options = [f"--{name.replace('_', '-')}={value}" for name, value in TEXTS.items()]
    assert read_config(parser.parse_args(options), parser) == RunConfig(**NEW)
    assert "--label-smoothing 0-to-0.3" in parser.format_help()


def test_a_sweep_over_each_is_begun_from_the_form(lab: Lab) -> None:
    app = lab.open("sweep", vary=TITLES)
    assert not app.error
    app.button(key="start_sweep").click().run()
    (sweep,) = SweepStore(lab.runs).list()
    assert sweep.config.vary == RANGES
    app = lab.open("sweep", vary=TITLES, sweep_sampler="grid")
    assert app.number_input(key="points_label_smoothing").value == 5


@pytest.mark.parametrize(
    ("text", "space"),
    [
        ("label_smoothing=0:0.2", Range(low=0, high=0.2)),
        ("gradient-noise=1e-4:1:log", RANGES["gradient_noise"]),
        ("nesterov=off,on", RANGES["nesterov"]),
    ],
)
def test_a_sweep_of_the_command_line_varies_them(text: str, space: Range | Choices) -> None:
    assert parse_vary(text)[1] == space


def test_the_table_of_runs_has_a_column_where_they_differ(lab: Lab) -> None:
    runs = [lab.runs.create(RunConfig(), state=State.FINISHED) for _ in range(2)]
    stored = json.loads((runs[0].path / "config.json").read_text())
    for name in NEW:
        del stored["config"][name]
    (runs[0].path / "config.json").write_text(json.dumps(stored))  # of a run from before
    runs.append(lab.runs.create(RunConfig(**NEW), state=State.FINISHED))
    table = run_table(map(summarize, lab.runs.list()))
    assert list(table["label_smoothing"]) == [0.12, 0, 0]
    assert list(table["nesterov"]) == ["on", "off", "off"]
    app = lab.open("runs")
    columns = json.loads(app.dataframe(key="runs_table").proto.columns)
    assert [columns[name]["label"] for name in NEW] == TITLES
    app = lab.open("runs", runs_filters="Label smoothing", runs_at_least_label_smoothing="0.1")
    assert len(app.dataframe(key="runs_table").value) == 1


def test_a_run_is_trained_and_exported_with_them(
    store: RunStore, small: Callable[..., RunConfig]
) -> None:
    run = store.create(small(epochs=1, **NEW))
    assert train(run).state is State.FINISHED
    program = export_script(run)
    assert "\nLABEL_SMOOTHING = 0.12\n" in program
    assert "\nDECAY = 'cosine'\n" in program


def test_no_kept_graph_or_images_are_shared_between_their_values() -> None:
    for name in NEW:
        assert hyperparameter(name).traits.rebuilds == Rebuilt.GRAPH | Rebuilt.IMAGES
