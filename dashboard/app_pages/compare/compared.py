"""The runs that are compared: two to eight, each with a letter and a colour of its own."""

from contextlib import suppress
from typing import NamedTuple

import pandas as pd
import streamlit as st

from core.config import RunConfig
from core.runs import Run
from core.runs.errors import RunError, RunNotFoundError
from core.runs.summary import Summary
from dashboard import text
from dashboard.charts.colors import RUN_COLORS, run_colors
from dashboard.parts.run_header import say_no_epoch, say_nothing_trained
from dashboard.parts.run_picker import dated_label, tell_apart
from dashboard.session import linked
from dashboard.session.follow import follow
from dashboard.session.queries import read_history
from dashboard.session.server import server

_MOST = 200
_LETTERS = "ABCDEFGH"


class Compared(NamedTuple):
    """One of the runs: `letter` is what charts, tables and sentences call it."""

    letter: str
    color: str
    run: Run
    summary: Summary
    config: RunConfig
    history: pd.DataFrame
    """With at least one epoch."""

    @property
    def title(self) -> str:
        """Letter and name, such as "A · 512-256"."""
        return f"{self.letter} · {self.summary.name}"

    @property
    def epoch(self) -> int:
        """The epoch whose weights the network has."""
        return self.summary.status.final_epoch or len(self.history)


def require_compared(runs: list[Summary]) -> list[Compared]:
    """Let the reader choose two to eight runs; with fewer, say what to do and end the page."""
    if not runs:
        say_nothing_trained()
    chosen = _pick({run.id: run for run in runs})
    found = []
    for summary in chosen:
        with suppress(RunNotFoundError):  # deleted since they were listed
            found.append((server().store.get(summary.id), summary))
    follow(*(run for run, _ in found))
    readable = []
    for run, summary in found:
        try:
            readable.append((run, summary, run.config, read_history(run)))
        except RunError as error:
            st.warning(f"{text.plain(error)}.", icon=":material/broken_image:")
    for run, summary, _, history in readable:
        if history.empty:
            say_no_epoch(run, text.plain(summary.name))
    readable = [found for found in readable if len(found[3])]
    if len(readable) < 2:
        st.info("Choose two runs or more to compare.", icon=":material/compare_arrows:")
        st.page_link(
            "app_pages/runs/page.py", label="Find runs in the table", icon=":material/table:"
        )
        st.stop()
    colors = run_colors(run.id for run, *_ in readable)
    return [
        Compared(letter, colors[found[0].id], *found)
        for letter, found in zip(_LETTERS, readable, strict=False)
    ]


def pick_pair(compared: list[Compared]) -> tuple[Compared, Compared]:
    """The two that are compared closely: with more than two, the reader says which."""
    if len(compared) == 2:
        return compared[0], compared[1]
    by_letter = {one.letter: one for one in compared}
    letters = list(by_letter)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        first, second = (
            st.segmented_control(
                label,
                letters,
                default=letters[place],
                required=True,
                key=f"compare_{place + 1}",
                bind="query-params",
            )
            for place, label in enumerate(("Compare", "with"))
        )
    if first == second:
        st.info("Choose two different runs.", icon=":material/compare_arrows:")
        st.stop()
    return by_letter[first], by_letter[second]


def _pick(runs: dict[str, Summary]) -> list[Summary]:
    ids = [run.id for run in linked.chosen_runs() if run.id in runs][: len(RUN_COLORS)]
    offered = list(dict.fromkeys([*ids, *list(runs)[:_MOST]]))
    labels = tell_apart({run_id: _label(runs[run_id]) for run_id in offered})
    st.multiselect(
        "Runs",
        offered,
        format_func=labels.__getitem__,
        max_selections=len(RUN_COLORS),
        key=linked.RUNS.show(ids),
        on_change=lambda: linked.choose_runs(linked.RUNS.picked),
        placeholder="choose two to eight",
        help="The newest runs; older ones are found on the page Runs. The first is A, the next B.",
    )
    return [runs[run_id] for run_id in ids]


def _label(summary: Summary) -> str:
    return dated_label(summary.name, summary.record) if summary.record else summary.name
