"""The compared runs: two to eight, each with a letter and a colour; and two of them closely."""

from collections.abc import Sequence
from contextlib import suppress
from typing import NamedTuple

import pandas as pd
import streamlit as st

from core.config import RunConfig
from core.data import ByteLabels, Indices, Mask, load_mnist
from core.runs import Run
from core.runs.errors import DamagedRunError, RunError
from core.runs.summary import Summary, summarize
from dashboard import text
from dashboard.charts.colors import RUN_COLORS, run_colors
from dashboard.parts.controls import choose
from dashboard.parts.messages import render_damage
from dashboard.parts.run_header import render_no_epoch, stop_without_runs
from dashboard.parts.run_picker import pick_runs
from dashboard.session import linked
from dashboard.session.cache import cached
from dashboard.session.follow import follow
from dashboard.session.queries import read_history, read_test_probabilities
from dashboard.session.trials import offered_runs

_LETTERS = "ABCDEFGH"


class ComparedRun(NamedTuple):
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


class Pair(NamedTuple):
    """Two compared runs and their current networks' answers to the test images, each (10000,)."""

    a: ComparedRun
    b: ComparedRun
    labels: ByteLabels
    predicted_a: Indices
    predicted_b: Indices
    right_a: Mask
    right_b: Mask


def require_compared() -> list[ComparedRun]:
    """Let the user choose two to eight runs; with fewer, say what to do and end the page."""
    newest = offered_runs()
    if not newest:
        stop_without_runs()
    if linked.RUNS.read_ids() is None:  # into the address, which shows others the same
        linked.choose_runs(run.id for run in _find_newest_pair(newest))
    chosen = pick_runs(
        "Runs",
        [*linked.chosen_runs(), *newest],
        name=linked.RUNS.name,
        limit=len(RUN_COLORS),
        placeholder="choose two to eight",
        help="The newest runs, and of a sweep the best; all others are found on the page Runs. The "
        "first is A, the next B.",
    )
    follow(*chosen)
    readable = []
    for run in chosen:
        try:
            summary, history = cached(summarize, run), read_history(run)
            if history.empty:
                render_no_epoch(run, text.escape(summary.name))
            else:
                readable.append((run, summary, run.config, history))
        except RunError as error:
            st.warning(f"{text.escape(error)}.", icon=":material/broken_image:")
    if len(readable) < 2:
        st.info("Choose two runs or more to compare.", icon=":material/compare_arrows:")
        st.page_link(
            "app_pages/runs/page.py", label="Find runs in the table", icon=":material/table:"
        )
        st.page_link("app_pages/train/page.py", label="Train another", icon=":material/play_arrow:")
        st.stop()
    colors = run_colors(run.id for run, *_ in readable)
    return [
        ComparedRun(letter, colors[found[0].id], *found)
        for letter, found in zip(_LETTERS, readable, strict=False)
    ]


def _find_newest_pair(runs: Sequence[Run]) -> list[Run]:
    """The two newest runs with an epoch that differ in a hyperparameter, the older one first."""
    found: list[Run] = []
    for run in runs:
        with suppress(RunError):
            if run.epochs_done and not (found and run.config == found[0].config):
                found.insert(0, run)
        if len(found) == 2:
            break
    return found


def pick_pair(compared: list[ComparedRun]) -> Pair:
    """The two that are compared closely: of more than two, those that the user chooses.

    If their answers cannot be read, say why and end the page.
    """
    a, b = compared if len(compared) == 2 else _pick_two(compared)
    try:
        predicted = [read_test_probabilities(one.run, one.epoch).argmax(axis=1) for one in (a, b)]
    except DamagedRunError as error:
        render_damage(error, "These runs cannot be shown")
        st.stop()
    labels = load_mnist().y_test
    return Pair(a, b, labels, *predicted, *(answers == labels for answers in predicted))


def _pick_two(compared: list[ComparedRun]) -> list[ComparedRun]:
    by_letter = {one.letter: one for one in compared}
    letters = list(by_letter)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        first, second = (
            choose(label, letters, f"compare_{place + 1}", default=letters[place])
            for place, label in enumerate(("Compare", "with"))
        )
    if first == second:
        st.info("Choose two different runs.", icon=":material/compare_arrows:")
        st.stop()
    return [by_letter[first], by_letter[second]]
