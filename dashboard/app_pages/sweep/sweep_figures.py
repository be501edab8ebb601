"""A sweep's trials: a table, and figures in which a click opens the run."""

from collections.abc import Callable
from typing import Any

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from core.config import hyperparameter
from core.runs.errors import RunNotFoundError
from core.sweep.store import Sweep
from core.sweep.study import compute_importances, load_study
from dashboard import text
from dashboard.app_pages.sweep import sweep_charts
from dashboard.session import linked
from dashboard.session.cache import cached
from dashboard.session.queries import sweep_trials
from dashboard.session.server import server

_TABLE = "Trials"
_EXPLANATIONS = {
    "History": "Each trial's validation accuracy, and the best so far. Click a point to open its "
    "run.",
    "Epochs": "Validation accuracy after each epoch, a line a trial; a line that ends early was "
    "cut short. Click a point to open its run.",
    "Parallel": "A line a trial, through its accuracy and its values: where the blue lines bundle, "
    "values are good. Drag along an axis to pick out a part of it.",
    "Importances": "Which hyperparameter sets the good trials apart from the rest (PED-ANOVA). "
    "Shares, which add up to one.",
    "Slices": "Accuracy against one hyperparameter at a time; bluer points are later trials. Click "
    "a point to open its run.",
    "Contour": "Accuracy over two hyperparameters, interpolated between the trials that the points "
    "show. Click one to open its run.",
    "Timeline": "When each trial waited and trained. Click a bar to open its run.",
}
_DRAWINGS: dict[str, Callable[[pd.DataFrame, sweep_charts.Spaces], go.Figure]] = {
    "History": sweep_charts.draw_history,
    "Epochs": sweep_charts.draw_epochs,
    "Parallel": sweep_charts.draw_parallel,
    "Slices": sweep_charts.draw_slices,
    "Contour": sweep_charts.draw_contour,
    "Timeline": sweep_charts.draw_timeline,
}
_TRIALS_PER_HYPERPARAMETER = 10  # below that many, importances mean little: a rule of thumb


def render_figures(sweep: Sweep, trials: pd.DataFrame) -> None:
    """Draw the tabs, and what the open one shows."""
    titles = [_TABLE, *_EXPLANATIONS]
    if len(sweep.config.vary) == 1:
        titles.remove("Contour")
    tabs = st.tabs(titles, default="History", key="sweep_view", bind="query-params")
    for title, tab in zip(titles, tabs, strict=True):
        if tab.open:
            with tab:
                if title == _TABLE:
                    _render_table(sweep, trials)
                else:
                    _render_figure(sweep, trials, title)


def _render_figure(sweep: Sweep, trials: pd.DataFrame, title: str) -> None:
    st.caption(_EXPLANATIONS[title])
    names = tuple(sweep.config.vary)
    complete = int((trials["state"] == "complete").sum())
    if title == "Importances" and complete < _TRIALS_PER_HYPERPARAMETER * len(names):
        st.warning(
            f"With {complete} complete trials, importances over {len(names)} hyperparameters mean "
            "little: they change with every trial that is added. Ten trials for each "
            "hyperparameter are a beginning.",
            icon=":material/warning:",
        )
    if title == "Contour" and len(names) > 2:
        names = _pick_two(names)
        if len(names) < 2:
            return
    try:
        figure = cached(_draw, sweep, title, names)
    except ValueError as error:
        st.info(text.escape(error), icon=":material/hourglass_empty:")
        return
    options: dict[str, Any] = {
        "key": f"sweep_{title.lower()}",
        "config": {"displayModeBar": False},
        "alt": f"{title} of the sweep {sweep.name}",
    }
    if title in {"Parallel", "Importances"}:
        st.plotly_chart(figure, **options)
        return
    event = st.plotly_chart(figure, on_select="rerun", selection_mode="points", **options)
    if event.selection.points:
        number = event.selection.points[0]["customdata"]
        _open_run(trials.set_index("number").loc[int(number), "runs"])


def _draw(sweep: Sweep, title: str, names: tuple[str, ...]) -> go.Figure:
    if title == "Importances":
        return sweep_charts.draw_importances(compute_importances(load_study(sweep), names))
    spaces = {name: sweep.config.vary[name] for name in names}
    return _DRAWINGS[title](sweep_trials(sweep), spaces)


def _pick_two(names: tuple[str, ...]) -> tuple[str, ...]:
    chosen = st.pills(
        "Over",
        names,
        selection_mode="multi",
        default=names[:2],
        format_func=lambda name: hyperparameter(name).title,
        key="contour_over",
    )
    if len(chosen) != 2:
        st.info("Choose two hyperparameters.", icon=":material/tune:")
        return ()
    return tuple(chosen)


def _open_run(run_ids: list[str]) -> None:
    try:
        run = server().store.get(run_ids[0])
    except (IndexError, RunNotFoundError):
        st.toast("The run of this trial was deleted.", icon=":material/delete:")
        return
    linked.RUN.choose(run.id)
    st.switch_page("app_pages/train/page.py", query_params={"run": run.id})


def _render_table(sweep: Sweep, trials: pd.DataFrame) -> None:
    st.caption("Select a trial to open its run.")
    shown = trials.sort_values("number", ascending=False, ignore_index=True)
    states = {state: name for state, (name, _) in sweep_charts.STATES.items()}
    number = st.column_config.NumberColumn
    columns: dict[str, Any] = {
        "number": number("Trial", width="small"),
        "state": st.column_config.TextColumn("State"),
        "value": number("Validation accuracy", format=text.PERCENT_FORMAT),
        "epochs_done": number("Epochs trained", help="Of the trial's first run."),
        "seconds": number("Seconds", format="%.1f", help="From its proposal to its end."),
        **{name: st.column_config.Column(hyperparameter(name).title) for name in sweep.config.vary},
    }
    event = st.dataframe(
        shown.assign(state=shown["state"].map(states), value=100 * shown["value"])[[*columns]],
        key="trials_table",
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
        column_config=columns,
        alt="All trials",
    )
    if event.selection.rows:
        _open_run(shown["runs"].iloc[event.selection.rows[0]])
