"""What a person types is shown as typed, and is never HTML, markdown or a link: on every page.

A browser makes something of every text that a page sends it, but of those in PLAIN; there, what was
typed must be escaped.
"""

import io
import json
import re
import shutil
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import pytest
from google.protobuf.message import Message
from PIL import Image
from streamlit.testing.v1 import AppTest

from core.config import RunConfig
from core.data import load_mnist
from core.runs import Run
from core.runs.status import State
from core.sweep.config import SweepConfig
from core.sweep.store import SweepStore
from dashboard.session.server import server
from dashboard.text import escape
from tests.core.sweep.conftest import drive
from tests.dashboard.app_pages.lab import Lab, go, nodes, words
from tests.dashboard.app_pages.test_every_view import PAGES, views

HOSTILE = "<img src=x onerror=alert(1)> **bold** [a](http://evil.example) $x^2$ a -> b &lt;"
OWNER = f"x@evil.example {HOSTILE}"

# Of these a browser makes nothing but text.
PLAIN = {
    "dataframe.arrow_data.data",
    "dataframe.arrow_data.styler.display_values",
    "multiselect.options",
    "multiselect.raw_values",
    "selectbox.options",
    "selectbox.raw_value",
    "text.body",
    "text_area.default",
    "text_input.default",
    "text_input.value",
    "echarts_chart.alt",
    "plotly_chart.alt",
    # ECharts draws them on a canvas, and escapes them in its tooltips.
    "echarts_chart.spec.legend.data",
    "echarts_chart.spec.series.name",
}
_MARKDOWN = re.compile(r"(?<!\\)(<img|\*\*bold|\[a|\$x|&lt;)|http://evil|x@evil|a -> b")
_HTML = re.compile("<img")  # the little that Plotly makes something of


class Shown(NamedTuple):
    """A text that a page sends the browser: where it stands, such as `alert.body`."""

    place: str
    text: str

    @property
    def is_raw(self) -> bool:
        """Whether a browser would make something of what was typed."""
        means_something = _HTML if self.place.startswith("plotly_chart.spec") else _MARKDOWN
        return self.place not in PLAIN and bool(means_something.search(self.text))


def read(app: AppTest) -> Iterator[Shown]:
    """All texts of a page, those in charts and tables too."""
    for node in nodes(app):
        if message := getattr(node, "proto", None):
            yield from _read(node.type, message)


def _read(place: str, value: Any) -> Iterator[Shown]:
    if isinstance(value, Message):
        for field, part in value.ListFields():
            yield from _read(f"{place}.{field.name}", part)
    elif isinstance(value, dict):
        for name, part in value.items():
            yield Shown(place, str(name))
            yield from _read(f"{place}.{name}", part)
    elif isinstance(value, str) and place.endswith("_chart.spec"):
        yield from _read(place, json.loads(value))
    elif isinstance(value, str):
        yield Shown(place, value)
    elif isinstance(value, bytes):
        yield Shown(place, value.decode("utf-8", "replace"))
    elif hasattr(value, "__iter__"):
        for part in value:
            yield from _read(place, part)


def assert_nothing_can_be_made_of_it(app: AppTest) -> None:
    assert [shown for shown in read(app) if shown.is_raw] == []


def is_named(app: AppTest) -> bool:
    """Whether the name is to be seen, as it was typed."""
    return any(HOSTILE in shown.text or escape(HOSTILE) in shown.text for shown in read(app))


def texts(app: AppTest, place: str) -> list[str]:
    return [shown.text for shown in read(app) if shown.place == place]


@pytest.fixture
def hostile(lab: Lab, trained: Run) -> list[Run]:
    """Two finished runs that look alike and carry a name that tries everything."""

    def make() -> Run:
        run = lab.runs.create(trained.config, name=HOSTILE, owner=OWNER, state=State.FINISHED)
        shutil.copytree(
            trained.path, run.path, dirs_exist_ok=True, ignore=shutil.ignore_patterns("config.json")
        )
        run.update_label(note=HOSTILE)
        return run

    return [make(), make()]


@pytest.mark.parametrize("page", [page for page in PAGES if page != "sweep"])
def test_nothing_can_be_made_of_a_runs_name_in_any_view(
    lab: Lab, hostile: list[Run], page: str
) -> None:
    one, other = (run.id for run in hostile)
    server().drawings.add(np.zeros((28, 28), np.float32), 3, HOSTILE)
    query = {"run": one, "runs": f"{one},{other}", "curves_others": other}
    app = lab.open(page, **query, whose_drawings="Everybody's")
    name, count = PAGES[page] or ("", 0)
    labels = views(app)
    assert len(labels) == count
    for label in labels or [""]:
        go(app, page, **{name: label} if label else {})
        assert is_named(app), label
        assert_nothing_can_be_made_of_it(app)


def test_a_name_is_shown_to_the_letter_where_markdown_is_made(lab: Lab, hostile: list[Run]) -> None:
    one, other = (run.id for run in hostile)
    picker = lab.open("train", run=one).selectbox(key="picked_run")
    assert picker.format_func(one).startswith(HOSTILE)
    app = lab.open("runs", runs=one)
    assert app.header[0].value == escape(HOSTILE)
    assert [note.value for note in app.text] == [HOSTILE]
    rows = app.dataframe[0].value
    assert set(rows["name"]) == {HOSTILE, "a trained run"}
    assert OWNER in set(rows["owner"])
    assert HOSTILE in set(rows["note"])

    app = lab.open("compare", runs=f"{one},{other}", compare="Curves")
    best = [text for text in texts(app, "table.arrow_data.data") if "Best epoch" in text]
    assert [escape(f"{letter} · {HOSTILE}") in best[0] for letter in "AB"] == [True, True]
    assert f"A · {HOSTILE}" in texts(app, "echarts_chart.spec.legend.data")
    go(app, "compare", compare="Ruler")
    ticks = texts(app, "plotly_chart.spec.data.y")
    assert "A · &lt;img src=x onerror=alert(1)&gt; …" in ticks


def test_the_dialogs_about_a_run_show_its_name_as_typed(lab: Lab, hostile: list[Run]) -> None:
    app = lab.open("runs", runs=hostile[0].id)
    app.button(key="edit_run").click().run()
    assert [one.value for one in app.text_input if one.label == "Name"] == [HOSTILE]
    assert [one.value for one in app.text_area] == [HOSTILE]
    assert_nothing_can_be_made_of_it(app)

    app = lab.open("runs", runs=",".join(run.id for run in hostile))
    app.button(key="delete_runs").click().run()
    (dialog,) = [node for node in nodes(app) if node.type == "dialog"]
    assert dialog.markdown[0].value == "\n".join([f"- {escape(HOSTILE)}"] * 2)
    assert_nothing_can_be_made_of_it(app)


def test_a_sweeps_name_is_shown_as_typed(lab: Lab) -> None:
    base = RunConfig(hidden=(16,), training_images=1_000, validation_share=0.05, epochs=1)
    config = SweepConfig(base=base, vary={"dropout": {"low": 0.0, "high": 0.5}}, trials=2)
    sweep = SweepStore(lab.runs).create(config, name=HOSTILE, owner=HOSTILE)
    drive(sweep, lab.runs)
    app = lab.open("sweep", sweep=sweep.id)
    assert "2 of 2 trials" in words(app)
    assert app.header[0].value == escape(HOSTILE)
    (option,) = app.selectbox(key="picked_sweep").options
    assert option.startswith(f"{HOSTILE} · ")
    name, count = PAGES["sweep"]
    labels = views(app)
    assert len(labels) == count
    for label in labels:
        go(app, "sweep", **{name: label})
        assert_nothing_can_be_made_of_it(app)

    app.button(key="train_best").click().run()
    assert lab.runs.list()[0].name.startswith("Best of <img")
    assert "The best again, from 5 other seeds" in words(app)
    assert_nothing_can_be_made_of_it(app)
    go(app, "train", run=lab.runs.list()[0].id)
    assert "Best of <img" in words(app)
    assert_nothing_can_be_made_of_it(app)


def test_the_owner_of_a_run_that_trains_is_named_to_who_watches(
    lab: Lab, come_in: Callable[..., str]
) -> None:
    run = lab.runs.create(RunConfig(), name=HOSTILE, owner=OWNER, state=State.RUNNING)
    come_in("Bert")
    app = lab.open("train", run=run.id)
    watching = f"A run of {escape(OWNER)}: you may watch, not change it."
    assert watching in [caption.value for caption in app.caption]
    assert_nothing_can_be_made_of_it(app)


def test_other_runs_are_named_beside_what_they_say_of_a_drawing(
    lab: Lab, hostile: list[Run]
) -> None:
    file = io.BytesIO()
    Image.fromarray(load_mnist().x_test[0]).resize((280, 280)).save(file, "PNG")
    query = {"digit_source": "Picture file", "drawing_view": "Other runs"}
    app = lab.open("draw", run=hostile[0].id, **query)
    app.file_uploader[0].upload("digit.png", file.getvalue()).run()
    (says,) = texts(app, "table.arrow_data.data")
    assert says.count(escape(f"{HOSTILE} · ")) == 2
    assert_nothing_can_be_made_of_it(app)


@pytest.mark.parametrize("name", ["<b>bold</b>.png", "[a](http://evil.example) **bold**.png"])
def test_the_name_of_a_file_is_shown_as_typed(lab: Lab, trained: Run, name: str) -> None:
    app = lab.open("draw", run=trained.id, digit_source="Picture file")
    app.file_uploader[0].upload(name, b"no picture").run()
    assert app.error[0].value.startswith(f"{escape(name)}: ")
    assert_nothing_can_be_made_of_it(app)


@pytest.mark.parametrize(
    "name",
    [
        "<img src=x onerror=alert(1)> **bold**",
        "[a](http://evil.example) $x^2$ a -> b",
        '"><img src=x onerror=alert(1)> &lt;',
        "x@evil.example :material/home: :smile: `",
    ],
)
def test_a_visitors_name_and_the_class_password_are_shown_as_typed(
    lab: Lab, come_in: Callable[..., str], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("DIGITLAB_CLASS_PASSWORD", HOSTILE)
    owner = come_in(name, "open wide")
    assert owner.rpartition(" #")[0] == name
    app = lab.open("classroom")
    assert [heading.value for heading in app.header] == [
        f"Password: {escape(HOSTILE)}",
        escape(owner),
    ]
    assert_nothing_can_be_made_of_it(app)


LINK = "[a](http://evil.example)"


@pytest.mark.parametrize(
    ("page", "query", "quoted"),
    [
        ("train", {"run": LINK}, LINK),
        ("train", {"dropout": LINK}, LINK),
        ("train", {"hidden": "**bold**"}, "**bold**"),
        ("train", {"activation": "<img src=x onerror=alert(1)>"}, "<img src=x"),
        ("curves", {"run": "**bold** <img src=x>"}, "**bold** <img src=x>"),
        ("compare", {"runs": f"**bold**,{LINK}"}, "**bold**"),
        ("sweep", {"sweep": f"{LINK} **bold**"}, f"{LINK} **bold**"),
        ("sweep", {"epochs": LINK}, LINK),
        ("runs", {"run": LINK}, ""),
        ("evaluate", {"epoch": "**bold**", "run": "x"}, "x"),
    ],
)
def test_a_link_is_quoted_as_typed(lab: Lab, page: str, query: dict[str, str], quoted: str) -> None:
    lab.runs.create(RunConfig(), state=State.FINISHED)
    app = lab.open(page, **query)
    assert escape(quoted) in words(app)
    assert_nothing_can_be_made_of_it(app)


@pytest.mark.parametrize(
    "text",
    [HOSTILE, OWNER, "<img", "**bold**", LINK, "x@evil.example", "$x^2$", "a -> b", "&lt;"],
)
def test_what_is_not_escaped_is_found(text: str) -> None:
    for place in ("alert.body", "selectbox.label", "table.arrow_data.data", "a_new_kind.body"):
        assert Shown(place, f"It says {text}.").is_raw
        assert not Shown(place, f"It says {escape(text)}.").is_raw
    assert not Shown("selectbox.options", text).is_raw


def test_the_markup_that_plotly_knows_is_found() -> None:
    assert Shown("plotly_chart.spec.data.y", HOSTILE).is_raw
    assert not Shown("plotly_chart.spec.data.y", "A · &lt;img src=x").is_raw
