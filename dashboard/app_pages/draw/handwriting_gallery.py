"""The kept drawings as a gallery, in which some can be chosen and deleted."""

import numpy as np
import numpy.typing as npt
import streamlit as st

from core.drawing.collection import Drawing, as_arrays
from dashboard.access.visitor import visitor
from dashboard.charts.feature_map import WRONG
from dashboard.charts.images import GRID_CONFIG, draw_image_grid
from dashboard.session.server import server

_PER_PAGE = 60


def render_gallery(kept: list[Drawing], answers: npt.NDArray[np.int64]) -> None:
    """Draw the drawings, newest first, each with its digit and the run's answer."""
    pages = -(-len(kept) // _PER_PAGE)
    page = st.pagination(pages, key=f"drawings_page_{pages}") if pages > 1 else 1
    shown = slice((page - 1) * _PER_PAGE, page * _PER_PAGE)
    images, labels = as_arrays(kept[shown])
    wrong = labels != answers[shown]
    st.caption(f"{len(kept):,} drawings: what it was → what this run says. Click one to choose it.")
    event = st.plotly_chart(
        draw_image_grid(
            images,
            [f"{label} → {answer}" for label, answer in zip(labels, answers[shown], strict=True)],
            columns=8,
            colors=[WRONG if is_wrong else None for is_wrong in wrong],
        ),
        key="drawings_gallery",
        on_select="rerun",
        selection_mode="points",
        config=GRID_CONFIG,
        alt="The kept drawings",
    )
    places = [int(point["point_index"]) for point in event.selection.points]
    chosen = [kept[shown][place] for place in places if place < len(images)]
    _offer_deletion(chosen)


def _offer_deletion(chosen: list[Drawing]) -> None:
    """Delete what is chosen, if it is the reader's own, or the reader is a teacher."""
    looking = visitor()
    mine = [
        drawing.id
        for drawing in chosen
        if looking and (looking.is_teacher or drawing.owner == looking.name)
    ]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Delete the chosen one" if len(mine) < 2 else f"Delete the {len(mine)} chosen",
            icon=":material/delete:",
            key="delete_drawings",
            disabled=not mine,
            on_click=server().drawings.delete,
            args=(mine,),
            help="For good. Hold Shift while clicking to choose several.",
        )
        if len(mine) < len(chosen):
            st.caption("Drawings of others are theirs to delete.")
