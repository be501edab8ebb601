"""Pictures of digits in a grid, as a Plotly figure whose pictures can be clicked."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import plotly.express as px
import plotly.graph_objects as go

from core.config import IMAGE_SIDE

_GAP = 4
_CELL = IMAGE_SIDE + _GAP
_CAPTION = 10
"""Rows of pixels left free below a picture for its caption."""


def draw_image_grid(
    images: npt.NDArray[np.uint8],
    captions: Sequence[str] | None = None,
    columns: int = 10,
    colors: Sequence[str] | None = None,
) -> go.Figure:
    """The images, uint8 (n, 28, 28), white on black, row by row, with a caption below each.

    Over each picture lies an unseen point whose `customdata` is its place, from 0, so that a click
    selects it. `colors` are those of the captions; the theme's by default.
    """
    columns = min(columns, max(len(images), 1))
    height = _CELL + (_CAPTION if captions else 0)
    rows = -(-len(images) // columns)
    canvas = np.zeros((rows * height, columns * _CELL, 4), np.uint8)
    places = [divmod(place, columns) for place in range(len(images))]
    for image, (row, column) in zip(images, places, strict=True):
        spot = canvas[row * height :, column * _CELL :][:IMAGE_SIDE, :IMAGE_SIDE]
        spot[..., :3], spot[..., 3] = image[..., None], 255
    figure = px.imshow(canvas, binary_string=True)
    figure.update_traces(hoverinfo="skip", hovertemplate=None)
    x = [column * _CELL + IMAGE_SIDE / 2 for _, column in places]
    y = [row * height + IMAGE_SIDE / 2 for row, _ in places]
    figure.add_scatter(
        x=x,
        y=y,
        customdata=list(range(len(images))),
        hovertext=captions,
        hoverinfo="text" if captions else "none",
        mode="markers",
        marker={"size": 24, "symbol": "square", "opacity": 0},
        selected={"marker": {"opacity": 0.35}},
        unselected={"marker": {"opacity": 0}},
        showlegend=False,
    )
    for place, caption in enumerate(captions or ()):
        figure.add_annotation(
            x=x[place],
            y=y[place] + IMAGE_SIDE / 2 + _CAPTION / 2,
            text=caption,
            showarrow=False,
            font={"size": 12} | ({"color": colors[place]} if colors else {}),
        )
    figure.update_xaxes(visible=False, range=(-_GAP, columns * _CELL), fixedrange=True)
    figure.update_yaxes(visible=False, range=(rows * height, -_GAP), fixedrange=True)
    figure.update_layout(
        margin={"l": 0, "r": 0, "t": 0, "b": 0},
        height=rows * (height * 72 // _CELL) + 8,
        dragmode=False,
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
    )
    return figure
