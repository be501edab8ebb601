"""In what the compared runs differ, and what each achieved."""

from contextlib import suppress

import pandas as pd
import streamlit as st

from core.analysis.histories import BEST_EPOCH
from core.config import RunConfig, field_text
from core.runs.errors import RunError
from core.runs.table import describe_drawings, varying_fields
from dashboard import text
from dashboard.app_pages.compare.compared import ComparedRun
from dashboard.parts.findings import name_findings
from dashboard.session.queries import read_findings

_COLOR_HELP = (
    "A run has the same colour on every page, unless an older one beside it has it too: then the "
    "younger takes another."
)

_EPOCH_HELP = "The epoch whose network the run ended with: the test accuracy and loss are of it."

_FIRST_LAYER_HELP = (
    "Whether the weights of the first layer, of up to 32 of its units, are those of another run: "
    "the same configuration and seed repeat a run exactly, another seed draws weights of its own."
)

_BEST_HELP = f"{BEST_EPOCH} In brackets the test accuracy after it."


def render_compare_table(compared: list[ComparedRun]) -> None:
    """Draw a row a run: the hyperparameters in which they differ, and the results."""
    fields = varying_fields(one.config for one in compared)
    table = pd.DataFrame([_row(one, fields) for one in compared])
    place = table.columns.get_loc("What happened")
    table.insert(place, "First layer", _describe_first_layers(compared))
    for place, (title, values) in enumerate(_describe_origins(compared).items(), start=2):
        table.insert(place, title, values)
    colors = [one.color for one in compared]
    st.dataframe(
        table.style.apply(lambda _: [f"color: {color}" for color in colors], subset=["●"]),
        hide_index=True,
        height="content",
        column_config={
            "●": st.column_config.TextColumn("", width=30, help=_COLOR_HELP),
            "Run": st.column_config.TextColumn(width="large"),
            "After epoch": st.column_config.TextColumn(help=_EPOCH_HELP),
            "Best epoch": st.column_config.TextColumn(help=_BEST_HELP),
            "First layer": st.column_config.TextColumn(help=_FIRST_LAYER_HELP),
            "What happened": st.column_config.TextColumn(
                width="large", help="Most important first; the page Train explains it."
            ),
        },
        alt="The compared runs: hyperparameters that differ, and results",
    )
    if not fields:
        same = "Their hyperparameters are the same."
        origins = {_origin(one) for one in compared}
        differ = " They differ in what they started from, or learned from beside MNIST."
        st.caption(same + (differ if len(origins) > 1 else ""))


def _row(one: ComparedRun, fields: list[str]) -> dict[str, str]:
    results, status = one.summary.results, one.summary.status
    settings = {
        str(RunConfig.model_fields[name].title): field_text(getattr(one.config, name)) or "none"
        for name in fields
    }
    return {
        "●": "●",
        "Run": one.title,
        **settings,
        "Test accuracy": text.percent(results.test_accuracy or 0),
        "What happened": _name_findings(one),
        "After epoch": f"{one.epoch} of {len(one.history)}",
        "Best epoch": f"{results.best_epoch} "
        f"({text.percent(results.best_epoch_test_accuracy or 0)})",
        "95 % interval": text.percent_range(results.test_low or 0, results.test_high or 0),
        "Test loss": f"{one.history['test_loss'].iloc[one.epoch - 1]:.4f}",
        "Highest validation accuracy": f"{text.percent(results.highest_validation_accuracy or 0)}, "
        f"epoch {results.highest_epoch}",
        "Time": text.duration(status.seconds),
    }


def _origin(one: ComparedRun) -> tuple[str, str]:
    """The id of the run that it started from, and the drawings that it learned from."""
    record = one.run.record
    return record.parent.run if record.parent else "", describe_drawings(record.drawings)


def _describe_origins(compared: list[ComparedRun]) -> dict[str, list[str]]:
    """What the runs started from, by the headings of the columns; only what some run has."""
    letters = {one.run.id: one.letter for one in compared}
    parents, drawings = [], []
    for one in compared:
        parent = one.run.record.parent
        letter = f"{letters[parent.run]} · " if parent and parent.run in letters else ""
        parents.append(f"{letter}{parent.name}, epoch {parent.epoch}" if parent else "")
        drawings.append(describe_drawings(one.run.record.drawings))
    columns = {"Trained on from": parents, "Drawings": drawings}
    return {title: values for title, values in columns.items() if any(values)}


def _describe_first_layers(compared: list[ComparedRun]) -> list[str]:
    """For each run the letter of the first one whose first layer is equal, as the notebook asks."""
    letters: dict[bytes, str] = {}
    described = []
    for one in compared:
        try:
            weights = one.run.first_layer(one.epoch).tobytes()
        except (RunError, IndexError):  # older than the file, damaged, or deleted meanwhile
            described.append(text.NO_VALUE)
            continue
        letter = letters.setdefault(weights, one.letter)
        described.append("its own" if letter == one.letter else f"equal to {letter}'s")
    return described


def _name_findings(one: ComparedRun) -> str:
    with suppress(RunError):  # deleted meanwhile
        return name_findings(read_findings(one.run))
    return ""
