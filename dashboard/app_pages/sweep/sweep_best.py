"""The best trial of a sweep so far, and how to tell whether it is good or was lucky."""

import pandas as pd
import streamlit as st

from core.config import RunConfig
from core.runs import Run
from core.runs.errors import RunError
from core.runs.seed_siblings import next_seeds, siblings
from core.runs.status import State
from core.runs.summary import Summary
from core.sweep.store import Sweep
from dashboard import text
from dashboard.access.visitor import owner
from dashboard.parts.start import start_runs
from dashboard.session.queries import summaries
from dashboard.session.server import server

_SEEDS = 5


def render_best(sweep: Sweep, trials: pd.DataFrame) -> None:
    """Draw the best trial's accuracy and values, with links, and a button to train it again."""
    status = sweep.status
    best = trials.set_index("number").loc[status.best_trial]
    with st.grid(4, min_column_width=150):
        st.metric(
            "Best validation accuracy",
            text.percent(status.best_value),
            f"trial {status.best_trial}",
            delta_color="off",
            delta_arrow="off",
            help="Of the network that the run ended with, averaged over the trial's seeds. The "
            "best of many is a little lucky; other seeds show how much.",
        )
        for name in sweep.config.vary:
            st.metric(RunConfig.model_fields[name].title or name, _figure(best[name]))
    try:
        run = server().store.get(best["runs"][0])
        repeats = find_repeats(sweep, trials)
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
        if not _are_under_way(repeats):
            st.button(
                "Train the best with five seeds",
                icon=":material/casino:",
                key="train_best",
                on_click=_train_again,
                args=(sweep, run, [repeat.config.seed for repeat in repeats if repeat.config]),
                help="Five new runs that differ from the best in their seed only. None of them was "
                "chosen for its result, so their mean is an honest one.",
            )
    if repeats:
        _render_repeats(repeats)


def find_repeats(sweep: Sweep, trials: pd.DataFrame) -> list[Summary]:
    """The runs of the best configuration that are none of the trial's own, the first seed first.

    Raises RunError if the best run is there no more, or damaged.
    """
    number, own = sweep.status.best_trial, sweep.config.seed_numbers
    if number is None:
        return []
    config = server().store.get(trials.set_index("number").loc[number, "runs"][0]).config
    found = [
        one for one in siblings(config, summaries()) if one.config and one.config.seed not in own
    ]
    return sorted(found, key=lambda one: one.config.seed if one.config else 0)


def _are_under_way(repeats: list[Summary]) -> bool:
    """Whether some that who is looking has asked for are still to train."""
    return any(
        repeat.status.state.is_active and repeat.record and repeat.record.owner == owner()
        for repeat in repeats
    )


def _train_again(sweep: Sweep, run: Run, used: list[int]) -> None:
    """Queue five runs like `run` from seeds that neither the sweep nor `used` has."""
    start_runs(
        [
            (
                run.config.model_copy(update={"seed": seed}),
                f"Best of {sweep.name}, seed {seed}",
            )
            for seed in next_seeds([*sweep.config.seed_numbers, *used], _SEEDS)
        ]
    )


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


def _figure(value: float | str) -> str:
    return text.rate(float(f"{value:.3g}")) if isinstance(value, int | float) else str(value)
