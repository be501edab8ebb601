"""A map of features: asked for, watched while it grows, stopped; then looked into."""

from contextlib import suppress
from typing import Any

import pandas as pd
import streamlit as st

from core.analysis.maps import ITERATIONS, MapRequest, MapStatus
from core.analysis.metrics import DISPUTED_TEST_LABELS
from core.runs import DamagedRunError, Run, RunError, RunNotFoundError
from core.status import State
from dashboard import text
from dashboard.charts.feature_map import MAP_HEIGHT, WRONG, Coloring, draw_growing_map, draw_map
from dashboard.charts.images import draw_image_grid
from dashboard.resources import mnist, start_map

_EVERY = 0.5  # seconds between two looks at a map that grows
_MOST_IMAGES = 60
_COLORINGS = {
    Coloring.TRUE: "true label",
    Coloring.PREDICTED: "predicted label",
    Coloring.CORRECT: "right or wrong",
    Coloring.CONFIDENCE: "confidence",
}


def render_map(run: Run, request: MapRequest) -> None:
    """Draw the map as it stands, with what one may ask of it; again and again while it grows."""
    status = run.map_status(request.key)
    watching = status is not None and status.state.is_active
    st.fragment(_render, run_every=_EVERY if watching else None)(run, request, watching)


def _render(run: Run, request: MapRequest, watching: bool) -> None:
    try:
        status = run.map_status(request.key)
        if watching != (status is not None and status.state.is_active):
            st.rerun()  # starts or ends the timer
        _render_head(run, request, status)
        if status is None or (status.state.is_active and not status.iteration):
            return
        if status.state is not State.FAILED:
            points = run.map_points(request.key)
            _render_map(request, status, points)
    except RunNotFoundError:
        st.warning("This run was deleted.", icon=":material/delete:")
    except DamagedRunError as error:
        st.error(
            text.plain(error), title="This map cannot be shown", icon=":material/broken_image:"
        )
        _ask("Make it again", run, request)


def _render_head(run: Run, request: MapRequest, status: MapStatus | None) -> None:
    """Say how far the map is, and offer what may be asked."""
    if status is None:
        _ask("Make the map", run, request)
        st.info(
            "Nobody has asked for this map yet. Once made it is kept with the run and opens at "
            "once.",
            icon=":material/scatter_plot:",
        )
    elif status.state.is_active:
        _render_progress(run, request, status)
    elif status.state is State.FAILED:
        st.error(text.plain(status.error), title="There is no such map", icon=":material/error:")
        _ask("Try again", run, request)
    elif status.epoch != run.network_epoch:
        st.warning(
            f"This map is of the network after epoch {status.epoch}. It has since gone on to "
            f"epoch {run.network_epoch}.",
            icon=":material/history:",
        )
        _ask(f"Make it again after epoch {run.network_epoch}", run, request)
    elif status.state is State.STOPPED:
        st.warning(
            f"Stopped after {status.iteration} of {ITERATIONS} iterations.",
            icon=":material/stop:",
        )
        _ask("Make it whole", run, request)


def _render_progress(run: Run, request: MapRequest, status: MapStatus) -> None:
    if status.is_silent:
        st.warning(
            "The worker that makes this map gives no sign of life. It may have died: ask again.",
            icon=":material/heart_broken:",
        )
        _ask("Ask again", run, request)
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Stop",
            icon=":material/stop:",
            key="stop_map",
            on_click=run.ask_map_to_stop,
            args=(request.key,),
            disabled=run.is_map_to_stop(request.key),
            help="Keep the map as it is then.",
        )
        words = "Waiting for a worker …" if status.state is State.QUEUED else "Preparing …"
        if status.iteration:
            words = f"Iteration {status.iteration} of {ITERATIONS} · after epoch {status.epoch}"
        st.progress(status.iteration / ITERATIONS, words)


def _ask(label: str, run: Run, request: MapRequest) -> None:
    st.button(
        label,
        key="make_map",
        type="primary",
        icon=":material/scatter_plot:",
        on_click=_start,
        args=(run, request),
    )


def _start(run: Run, request: MapRequest) -> None:
    with suppress(RunError):  # the page then says what is wrong with the run
        start_map(run, request)


def _render_map(request: MapRequest, status: MapStatus, points: pd.DataFrame) -> None:
    left, right = st.columns([3, 2], gap="medium")
    with right:
        coloring = _pick_coloring()
        wrong = int((points["true"] != points["predicted"]).sum())
        st.caption(
            f"The network after epoch {status.epoch}, {len(points):,} {request.split} images, "
            f"{wrong:,} of them answered wrongly."
        )
    alt = f"Map of {len(points):,} {request.split} images, coloured by {_COLORINGS[coloring]}"
    with left:
        if status.state.is_active:
            options = draw_growing_map(points, coloring)
            st.echarts_chart(options, key="growing_map", height=MAP_HEIGHT, alt=alt)
            return
        event = st.plotly_chart(
            draw_map(points, coloring, request.method),
            key="map",
            on_select="rerun",
            selection_mode=("points", "lasso"),
            config={
                "displayModeBar": True,
                "modeBarButtonsToRemove": ["zoomIn2d", "zoomOut2d", "autoScale2d"],
            },
            alt=alt,
        )
    with right:
        _render_agreement(status)
        rows = sorted({int(point["customdata"][0]) for point in event.selection.points})
        _render_images(request, points.iloc[rows])


def _pick_coloring() -> Coloring:
    return st.segmented_control(
        "Colour by",
        list(Coloring),
        default=Coloring.TRUE,
        required=True,
        format_func=_COLORINGS.__getitem__,
        key="map_color",
        wrap=True,
        bind="query-params",
        help="Wrongly answered images are diamonds, whatever the colours say.",
    )


def _render_agreement(status: MapStatus) -> None:
    st.markdown(
        "**The ten nearest neighbours share a point's class**",
        help="How often, on average over all points; 10 % would be chance. Where the map's share "
        "is lower than that of the features, flattening to two dimensions has torn apart what the "
        "layer keeps together.",
    )
    with st.grid(2, min_column_width=130):
        st.metric("in the map", _share(status.map_agreement))
        st.metric("in the features", _share(status.feature_agreement))


def _share(value: float | None) -> str:
    return "–" if value is None else text.percent(value)


def _render_images(request: MapRequest, chosen: pd.DataFrame) -> None:
    """Draw the images of the rows that were selected, the wrongly answered first."""
    if chosen.empty:
        st.caption(
            "Click a point to see its image here; or take the lasso above the map and draw a loop "
            "around several. A double click lets go of them."
        )
        return
    is_wrong = chosen["true"] != chosen["predicted"]
    shown = chosen.loc[is_wrong.sort_values(ascending=False, kind="stable").index][:_MOST_IMAGES]
    count = "1 image" if len(chosen) == 1 else f"{len(chosen):,} images"
    first = f", the first {_MOST_IMAGES} here" if len(chosen) > _MOST_IMAGES else ""
    st.caption(f"**{count}**, {is_wrong.sum():,} wrong{first}: true → predicted.")
    is_test = request.split == "test"
    images = mnist().x_test if is_test else mnist().x_train
    st.plotly_chart(
        draw_image_grid(
            images[shown["index"]],
            [_caption(row, is_test) for row in shown.itertuples()],
            columns=6,
            colors=[WRONG if row.true != row.predicted else None for row in shown.itertuples()],
        ),
        key="map_images",
        config={"displayModeBar": False},
        alt=f"{count} selected in the map",
    )


def _caption(row: Any, is_test: bool) -> str:
    labels = f"{row.true} → {row.predicted}"
    disputed = is_test and row.index in DISPUTED_TEST_LABELS
    return f"{labels}<br>label disputed" if disputed else labels
