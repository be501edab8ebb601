"""A map as it stands, in the chosen colours, after the chosen epoch, with the selected images."""

from typing import Any, NamedTuple

import pandas as pd
import streamlit as st

from core.data import load_mnist
from core.maps.request import MapRequest, MapStatus
from core.runs import Run
from dashboard import text
from dashboard.app_pages.features.growing_map_chart import draw_growing_map
from dashboard.charts.feature_map import MAP_HEIGHT, WRONG, Coloring, draw_map
from dashboard.charts.images import draw_image_grid
from dashboard.parts.controls import choose
from dashboard.parts.data_image import mark_disputed
from dashboard.session.queries import read_test_probabilities

_CHART = "map"
_CHOSEN = "map_chosen"
_MAX_IMAGES = 60
_COLORINGS = {
    Coloring.TRUE: "true label",
    Coloring.PREDICTED: "predicted label",
    Coloring.CORRECT: "right or wrong",
    Coloring.CONFIDENCE: "confidence",
}


class _Selection(NamedTuple):
    """The selected points. A new colouring makes a new figure, which must begin with the same
    selection.
    """

    map: tuple[str, str]
    """The run's id and the map's key."""
    figure: tuple[Coloring, int]
    rows: tuple[int, ...] = ()
    shown: tuple[int, ...] = ()
    """The points that were selected before the figure was drawn: it shows them as selected."""
    cleared: int = 0
    """How often the selection was cleared: each time makes another figure, with none."""


def render_map_view(
    run: Run, request: MapRequest, status: MapStatus, points: pd.DataFrame, epoch: int
) -> None:
    """Draw the map's points, coloured by the answers after `epoch`, and what was chosen of them."""
    left, right = st.columns([3, 2], gap="medium")
    with right:
        coloring = _pick_coloring()
        points = _with_answers_after(points, run, epoch, status.epoch)
        wrong = int((points["true"] != points["predicted"]).sum())
        elsewhere = f" The points lie as after epoch {status.epoch}."
        st.caption(
            f"The network after epoch {epoch}, {len(points):,} {request.split} images, "
            f"{wrong:,} of them answered wrongly.{elsewhere if epoch != status.epoch else ''}"
        )
    alt = f"Map of {len(points):,} {request.split} images, coloured by {_COLORINGS[coloring]}"
    if status.state.is_active:
        options = draw_growing_map(points, coloring)
        left.echarts_chart(options, key="growing_map", height=MAP_HEIGHT, alt=alt)
        return
    chosen = _restore_selection((run.id, request.key), (coloring, epoch))
    with left:
        figure = draw_map(points, coloring, request.method, chosen.shown)
        st.plotly_chart(
            figure.update_layout(meta=chosen.cleared),
            key=_CHART,
            on_select=_choose,
            selection_mode=("points", "lasso"),
            config={
                "displayModeBar": True,
                "modeBarButtonsToRemove": ["zoomIn2d", "zoomOut2d", "autoScale2d"],
            },
            alt=alt,
        )
    with right:
        _render_agreement(status)
        _render_images(request, points.iloc[list(chosen.rows)])


def _with_answers_after(points: pd.DataFrame, run: Run, epoch: int, map_epoch: int) -> pd.DataFrame:
    """The points, of test images, with what the network answered after `epoch`."""
    if epoch == map_epoch:
        return points
    probabilities = read_test_probabilities(run, epoch)[points["index"]]
    return points.assign(
        predicted=probabilities.argmax(axis=1), confidence=probabilities.max(axis=1)
    )


def _restore_selection(shown_map: tuple[str, str], figure: tuple[Coloring, int]) -> _Selection:
    """The selection in this map, for a figure that may be a new one."""
    chosen = st.session_state.get(_CHOSEN)
    if not isinstance(chosen, _Selection) or chosen.map != shown_map:
        chosen = _Selection(shown_map, figure)
    elif chosen.figure != figure or _CHART not in st.session_state:
        chosen = chosen._replace(figure=figure, shown=chosen.rows)
    st.session_state[_CHOSEN] = chosen
    return chosen


def _choose() -> None:
    points = st.session_state[_CHART].selection.points
    rows = tuple(sorted({int(point["customdata"][0]) for point in points}))
    st.session_state[_CHOSEN] = st.session_state[_CHOSEN]._replace(rows=rows)


def _clear_selection() -> None:
    chosen: _Selection = st.session_state[_CHOSEN]
    st.session_state[_CHOSEN] = chosen._replace(rows=(), shown=(), cleared=chosen.cleared + 1)


def _pick_coloring() -> Coloring:
    return choose(
        "Colour by",
        _COLORINGS,
        "map_color",
        "Wrongly answered images are outlined diamonds, whatever the colours say.",
        wrap=True,
    )


def _render_agreement(status: MapStatus) -> None:
    st.markdown(
        "**The ten nearest neighbours share a point's class**",
        help="How often, on average over all points; 10 % would be chance. Where the map's share "
        "is lower than that of the features, flattening to two dimensions has torn apart what the "
        "layer keeps together.",
    )
    with st.grid(2, min_column_width=130):
        for where, share in (
            ("in the map", status.map_agreement),
            ("in the features", status.feature_agreement),
        ):
            st.metric(where, text.NO_VALUE if share is None else text.percent(share))


def _render_images(request: MapRequest, chosen: pd.DataFrame) -> None:
    """Draw the images of the chosen points, the wrongly answered first."""
    if chosen.empty:
        st.caption(
            "Click a point to see its image here; or take the lasso above the map and draw a loop "
            "around several."
        )
        return
    is_wrong = chosen["true"] != chosen["predicted"]
    shown = chosen.loc[is_wrong.sort_values(ascending=False, kind="stable").index][:_MAX_IMAGES]
    count = text.number_of(len(chosen), "image")
    first = f", the first {_MAX_IMAGES} here" if len(chosen) > _MAX_IMAGES else ""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(
            f"**{count}**, {is_wrong.sum():,} wrong{first}: true → predicted.", width="stretch"
        )
        st.button(
            "Let go",
            icon=":material/deselect:",
            key="let_go",
            on_click=_clear_selection,
            help="Choose none of the points.",
        )
    images = load_mnist().x_test if request.split == "test" else load_mnist().x_train
    st.plotly_chart(
        draw_image_grid(
            images[shown["index"]],
            [_caption(row, request.split) for row in shown.itertuples()],
            columns=6,
            colors=[WRONG if row.true != row.predicted else None for row in shown.itertuples()],
        ),
        key="map_images",
        config={"displayModeBar": False},
        alt=f"{count} selected in the map",
    )


def _caption(row: Any, split: str) -> str:
    return mark_disputed(f"{row.true} → {row.predicted}", row.index, split)
