"""The best trial of a sweep so far, and new runs of it that tell whether it was lucky."""

import pandas as pd
import streamlit as st

from core.config import hyperparameter
from core.runs import Run
from core.runs.errors import RunError
from core.runs.seed_siblings import siblings
from core.runs.status import State
from core.runs.summary import Summary
from core.sweep.store import Sweep
from dashboard import text
from dashboard.access.visitor import visitor
from dashboard.parts.metrics import render_metric
from dashboard.parts.start import start_seeds
from dashboard.session.queries import summaries
from dashboard.session.server import server

_SEEDS = 5


def render_best(sweep: Sweep, trials: pd.DataFrame) -> None:
    """Draw the best trial's accuracy and values, with links, and a button to train it again."""
    status = sweep.status
    best = trials.set_index("number").loc[status.best_trial]
    with st.grid(4, min_column_width=150):
        render_metric(
            "Best validation accuracy",
            text.percent(best["value"]),
            f"trial {status.best_trial}",
            "Of the network that the run ended with, averaged over the trial's seeds. The "
            "best of many is a little lucky; other seeds show how much.",
        )
        for name in sweep.config.vary:
            value = best[name]
            if isinstance(value, int | float):
                value = text.short_number(float(f"{value:.3g}"))
            st.metric(hyperparameter(name).title, value)
    try:
        run = server().store.get(best["runs"][0])
        repeats = _find_repeats(sweep, run)
    except RunError:
        st.caption("The best run was deleted.")
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.page_link(
            "app_pages/evaluate/page.py",
            label="Open the best run",
            icon=":material/emoji_events:",
            query_params={"run": run.id},
        )
        if not any(_is_own_and_unfinished(repeat) for repeat in repeats):
            used = [*sweep.config.seed_numbers, *(one.config.seed for one in repeats if one.config)]
            st.button(
                "Train the best with five seeds",
                icon=":material/casino:",
                key="train_best",
                on_click=start_seeds,
                args=([run.config], used, _SEEDS, f"Best of {sweep.name}"),
                help="Five new runs that differ from the best in their seed only. None of them was "
                "chosen for its result, so their mean is an honest one.",
            )
    if repeats:
        _render_repeats(repeats)


def _find_repeats(sweep: Sweep, best: Run) -> list[Summary]:
    """The runs of the best configuration from other seeds than the sweep's. Raises RunError."""
    own = sweep.config.seed_numbers
    found = siblings(best.config, summaries())
    return [repeat for repeat in found if repeat.config and repeat.config.seed not in own]


def _is_own_and_unfinished(repeat: Summary) -> bool:
    """Whether the run is the visitor's own and has not ended yet."""
    is_ours = repeat.record is not None and repeat.record.owner == visitor().name
    return is_ours and repeat.status.state.is_active


def _render_repeats(repeats: list[Summary]) -> None:
    finished = [one.results for one in repeats if one.status.state is State.FINISHED]
    waiting = sum(one.status.state.is_active for one in repeats)
    parts = [f"**The best again, from {len(repeats)} other seeds**: {len(finished)} finished"]
    if waiting:
        parts.append(f"{waiting} to come")
    test = pd.Series([result.test_accuracy for result in finished], dtype=float)
    if len(test):
        spread = f" ± {100 * test.std():.2f}" if len(test) > 1 else ""
        parts.append(f"test accuracy {100 * test.mean():.2f}{spread} %")
    st.caption(
        ", ".join(parts) + ".",
        help="Mean and standard deviation over these seeds.",
    )
