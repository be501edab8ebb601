"""Where a drawing lies on a map of the run's features."""

import numpy as np
import numpy.typing as npt
import streamlit as st

from core.engine import calls
from core.maps.request import MapRequest
from core.maps.store import StoredMap, list_maps
from core.runs import Run
from core.runs.status import State
from dashboard.app_pages.draw.drawing_charts import mark_place
from dashboard.charts.feature_map import Coloring, draw_map
from dashboard.session.sharing import ask_worker_anew


def render_place(run: Run, image: npt.NDArray[np.float32]) -> None:
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
    place = ask_worker_anew(calls.place_on_map, run, request, image)
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
