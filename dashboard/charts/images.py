"""Pictures of digits in a grid, as a Plotly figure whose pictures can be clicked."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.express as px
import plotly.graph_objects as go

from core.config import IMAGE_SIDE
from core.data import Images

_GAP = 4
_CELL = IMAGE_SIDE + _GAP
_CAPTION = 10
"""Rows of pixels left free below a picture for each line of its caption."""

GRID_CONFIG = {"displayModeBar": False, "doubleClickDelay": 0}
"""Plotly's configuration of a grid in which images are clicked.

Two clicks in quick succession, on two images, are not the double click that clears both.
"""


def draw_image_grid(
    images: Images,
    captions: Sequence[str] | None = None,
    columns: int = 10,
    colors: Sequence[str | None] | None = None,
    size: int = 72,
) -> go.Figure:
    """The images, uint8 (n, 28, 28), white on black, row by row, with a caption below each.

    A caption may have several lines, with `<br>` between. `size` is a picture's largest width on
    the screen, its gap included.

    Over each picture lies an unseen point whose `customdata` is its place, from 0, so that a click
    selects it. `colors` are those of the captions, the theme's where None.
    """
    columns = min(columns, max(len(images), 1))
    lines = max((caption.count("<br>") + 1 for caption in captions or ()), default=0)
    caption_height = lines * _CAPTION * 72 // size
    height = _CELL + caption_height
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
        marker={"size": size // 3, "symbol": "square", "opacity": 0},
        selected={"marker": {"opacity": 0.35}},
        unselected={"marker": {"opacity": 0}},
        showlegend=False,
    )
    figure.update_xaxes(range=(-_GAP, columns * _CELL), constraintoward="left")
    figure.update_yaxes(range=(rows * height, -_GAP), constraintoward="top")
    return without_axes(
        figure,
        # All at once: adding them one by one takes a second for a hundred.
        annotations=[
            _caption(
                x[place], y[place] + IMAGE_SIDE / 2, caption, colors[place] if colors else None
            )
            for place, caption in enumerate(captions or ())
        ],
        height=rows * (height * size // _CELL) + 8,
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
    )


def without_axes(figure: go.Figure, **layout: Any) -> go.Figure:
    """The figure as a picture: without axes, margins and zoom, and with this `layout`."""
    figure.update_xaxes(visible=False, fixedrange=True)
    figure.update_yaxes(visible=False, fixedrange=True)
    margin = {"l": 0, "r": 0, "t": 0, "b": 0}
    return figure.update_layout(margin=margin, dragmode=False, **layout)


def _caption(x: float, top: float, caption: str, color: str | None) -> dict[str, Any]:
    font = {"size": 12} | ({"color": color} if color else {})
    place = {"x": x, "y": top, "yanchor": "top", "showarrow": False}
    return place | {"text": caption, "font": font}


def enlarge(image: Images, zoom: int = 10) -> Images:
    """The image with every pixel a square of `zoom` by `zoom`, so that no browser blurs it."""
    return image.repeat(zoom, axis=0).repeat(zoom, axis=1)
