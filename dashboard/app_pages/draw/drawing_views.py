"""What explains an answer to a drawing: the network's inside, neighbours, epochs, other runs."""

from collections.abc import Callable

import streamlit as st

from core.data import Floats, load_mnist
from core.drawing.answers import Neighbours, Reading
from core.engine import calls
from core.maps.request import MapRequest
from core.maps.store import StoredMap, list_maps
from core.runs import Run
from core.runs.status import State
from dashboard.app_pages.draw.canvas import SCENE
from dashboard.app_pages.draw.drawing_charts import mark_place
from dashboard.app_pages.draw.other_runs import render_other_runs
from dashboard.charts.answer import draw_answer_history
from dashboard.charts.feature_map import Coloring, draw_map
from dashboard.charts.images import enlarge
from dashboard.live.components import render_mind
from dashboard.parts.evidence import render_evidence
from dashboard.parts.tabs import render_tabs
from dashboard.session.cache import call_worker_uncached


def render_views(run: Run, epoch: int, image: Floats, reading: Reading) -> None:
    """Draw the view that is open, of the network after `epoch` and an image (28, 28)."""
    views: dict[str, Callable[[], None]] = {
        "Pixels that mattered": lambda: _render_evidence(reading),
        "What would change its mind?": lambda: render_mind(SCENE),
        "Neighbours": lambda: _render_neighbours(run, epoch, image),
        "Epoch by epoch": lambda: _render_epochs(run, epoch, image),
        "Other runs": lambda: render_other_runs(run, image),
    }
    render_tabs(views, "drawing_view")


def _render_evidence(reading: Reading) -> None:
    render_evidence(reading.evidence, int(reading.probabilities.argmax()))


def _render_neighbours(run: Run, epoch: int, image: Floats) -> None:
    found: Neighbours = call_worker_uncached(calls.nearest_images, run, epoch, image)
    where = "in the last hidden layer" if run.config.hidden else "by their pixels"
    st.markdown(f"The five training images nearest {where}, of {found.searched:,}")
    labels = load_mnist().y_train[found.indices]
    with st.container(horizontal=True):
        for index, label, distance in zip(found.indices, labels, found.distances, strict=True):
            st.image(
                enlarge(load_mnist().x_train[index], 4),
                caption=f"a {label}, distance {distance:.2f}",
                alt=f"Training image {index}, a {label}",
            )
    _render_place(run, image)


def _render_place(run: Run, image: Floats) -> None:
    """Draw a map that the run keeps, with the place of an image (28, 28) on it."""
    requests = _finished_maps(run)
    if not requests:
        st.caption("No map of this run's features was made yet, on which the drawing has a place.")
        st.page_link("app_pages/features/page.py", label="Make one", icon=":material/scatter_plot:")
        return
    request = st.selectbox(
        "Map",
        requests,
        format_func=_describe,
        key="drawing_map",
        help="The drawing lies at the median of the 15 images of the map nearest to it in the "
        "layer that was mapped.",
    )
    place = call_worker_uncached(calls.place_on_map, run, request, image)
    figure = draw_map(StoredMap(run, request).read_points(), Coloring.TRUE, request.method)
    st.plotly_chart(
        mark_place(figure, *place),
        key="drawing_place",
        config={"displayModeBar": False},
        alt="The drawing's place on the map",
    )


def _finished_maps(run: Run) -> list[MapRequest]:
    found = []
    for request in reversed(list_maps(run)):  # t-SNE before PCA
        status = StoredMap(run, request).status
        if status and status.state in {State.FINISHED, State.STOPPED}:
            found.append(request)
    return found


def _describe(request: MapRequest) -> str:
    return f"{request.method.upper()} of {request.layer}, {request.points:,} {request.split} images"


def _render_epochs(run: Run, epoch: int, image: Floats) -> None:
    epochs, history = call_worker_uncached(calls.answers_by_epoch, run, image)
    if not len(epochs):
        st.info(
            "This run was trained before the weights of each epoch were kept.",
            icon=":material/history:",
        )
        return
    st.markdown("What this network would have said after each epoch")
    st.echarts_chart(
        draw_answer_history(history, epoch, epochs),
        key="drawn_history",
        height=280,
        alt="Ten probabilities of the drawing by epoch",
    )
    st.caption("The slider above shows everything on this page as it was after one of them.")
