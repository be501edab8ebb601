"""A sweep's trials: a table, and Optuna's figures, in which a click opens the run."""

from typing import Any

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from core.config import RunConfig
from core.runs.errors import RunNotFoundError
from core.sweep.figures import FigureKind, is_too_few
from core.sweep.store import Sweep
from dashboard import text
from dashboard.app_pages.sweep.sweep_charts import dress_figure
from dashboard.session import linked
from dashboard.session.queries import sweep_figure
from dashboard.session.server import server
from dashboard.session.sharing import shared

_TABLE = "Trials"
_TITLES = {
    FigureKind.HISTORY: "History",
    FigureKind.EPOCHS: "Epochs",
    FigureKind.PARALLEL: "Parallel",
    FigureKind.IMPORTANCES: "Importances",
    FigureKind.SLICES: "Slices",
    FigureKind.CONTOUR: "Contour",
    FigureKind.TIMELINE: "Timeline",
}
_EXPLANATIONS = {
    FigureKind.HISTORY: "Each trial's validation accuracy, and the best so far. Click a point to "
    "open its run.",
    FigureKind.EPOCHS: "Validation accuracy after each epoch, a line a trial; a line that ends "
    "early was cut short. Click a point to open its run.",
    FigureKind.PARALLEL: "A line a trial, through its accuracy and its values: where the blue "
    "lines bundle, values are good.",
    FigureKind.IMPORTANCES: "Which hyperparameter sets the good trials apart from the rest "
    "(PED-ANOVA). Shares, which add up to one.",
    FigureKind.SLICES: "Accuracy against one hyperparameter at a time; bluer points are later "
    "trials. Click a point to open its run.",
    FigureKind.CONTOUR: "Accuracy over two hyperparameters, interpolated between the trials that "
    "the points show. Click one to open its run.",
    FigureKind.TIMELINE: "When each trial waited and trained. Click a bar to open its run.",
}
_STATES = {
    "complete": "complete",
    "pruned": "cut short",
    "fail": "lost",
    "running": "under way",
}
_CLICKABLE = frozenset(FigureKind) - {FigureKind.PARALLEL, FigureKind.IMPORTANCES}


def render_figures(sweep: Sweep, trials: pd.DataFrame) -> None:
    """Draw the open one of the tabs."""
    kinds = [
        kind for kind in FigureKind if kind is not FigureKind.CONTOUR or len(sweep.config.vary) > 1
    ]
    titles = [_TABLE, *(_TITLES[kind] for kind in kinds)]
    tabs = st.tabs(titles, default="History", key="sweep_view", bind="query-params")
    if tabs[0].open:
        with tabs[0]:
            _render_table(sweep, trials)
    for kind, tab in zip(kinds, tabs[1:], strict=True):
        if tab.open:
            with tab:
                _render_figure(sweep, trials, kind)


def _render_figure(sweep: Sweep, trials: pd.DataFrame, kind: FigureKind) -> None:
    st.caption(_EXPLANATIONS[kind])
    names = tuple(sweep.config.vary)
    complete = int((trials["state"] == "complete").sum())
    if kind is FigureKind.IMPORTANCES and is_too_few(complete, len(names)):
        st.warning(
            f"With {complete} complete trials, importances over {len(names)} hyperparameters mean "
            "little: they change with every trial that is added. Ten trials for each "
            "hyperparameter are a beginning.",
            icon=":material/warning:",
        )
    if kind is FigureKind.CONTOUR and len(names) > 2:
        names = _pick_two(names)
        if len(names) < 2:
            return
    try:
        figure = shared(_draw_figure, sweep, kind, names)
    except ValueError as error:
        st.info(text.plain(error), icon=":material/hourglass_empty:")
        return
    event = st.plotly_chart(
        figure,
        key=f"sweep_{kind}",
        on_select="rerun" if kind in _CLICKABLE else "ignore",
        selection_mode="points",
        config={"displayModeBar": False},
        alt=f"{_TITLES[kind]} of the sweep {sweep.name}",
    )
    if kind in _CLICKABLE and event.selection.points:
        _open_run(trials, event.selection.points[0])


def _draw_figure(sweep: Sweep, kind: FigureKind, names: tuple[str, ...]) -> go.Figure:
    figure, numbers = sweep_figure(sweep, kind, names)
    return dress_figure(figure, kind, numbers)


def _pick_two(names: tuple[str, ...]) -> tuple[str, ...]:
    chosen = st.pills(
        "Over",
        names,
        selection_mode="multi",
        default=names[:2],
        format_func=lambda name: RunConfig.model_fields[name].title,
        key="contour_over",
    )
    if len(chosen) != 2:
        st.info("Choose two hyperparameters.", icon=":material/tune:")
        return ()
    return tuple(chosen)


def _open_run(trials: pd.DataFrame, point: dict[str, Any]) -> None:
    """Go to the run of the trial whose number the point carries, if it carries one."""
    number = point.get("customdata")
    if isinstance(number, list):
        number = number[0] if number else None
    if number is not None:
        _go_to(trials.set_index("number").loc[int(number), "runs"])


def _go_to(run_ids: list[str]) -> None:
    try:
        run = server().store.get(run_ids[0])
    except (IndexError, RunNotFoundError):
        st.toast("The run of this trial was deleted.", icon=":material/delete:")
        return
    linked.choose_run(run)
    st.switch_page("app_pages/train/page.py", query_params={"run": run.id})


def _render_table(sweep: Sweep, trials: pd.DataFrame) -> None:
    st.caption("Select a trial to open its run.")
    shown = trials.sort_values("number", ascending=False, ignore_index=True)
    event = st.dataframe(
        shown.drop(columns=["runs", "error"]).assign(
            state=shown["state"].map(_STATES), value=100 * shown["value"]
        ),
        key="trials_table",
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
        column_config=_columns(sweep),
        alt="All trials",
    )
    if event.selection.rows:
        _go_to(shown["runs"].iloc[event.selection.rows[0]])


def _columns(sweep: Sweep) -> dict[str, object]:
    number = st.column_config.NumberColumn
    titles = {name: RunConfig.model_fields[name].title for name in sweep.config.vary}
    return {
        "number": number("Trial", width="small"),
        "state": st.column_config.TextColumn("State"),
        "value": number("Validation accuracy", format="%.2f %%"),
        "epochs_done": number("Epochs trained", help="Of the trial's first run."),
        "seconds": number("Seconds", format="%.1f", help="From its proposal to its end."),
        **{name: st.column_config.Column(title) for name, title in titles.items()},
    }
