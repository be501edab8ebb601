"""A drawing: its ink as a picture, and its place on a map of features."""

import numpy as np
import plotly.graph_objects as go
from PIL import Image

from core.data import AnyFloats, Images
from dashboard.charts.feature_map import OUTLINE


def draw_ink(ink: AnyFloats, side: int = 140) -> Images:
    """Ink from 0 to 1, (h, w), scaled to fit a square: uint8 (side, side, 4), else transparent."""
    height, width = (max(round(side * length / max(ink.shape)), 1) for length in ink.shape)
    grey = Image.fromarray((255 * ink).astype(np.uint8))
    sampling = Image.Resampling.NEAREST if side > max(ink.shape) else Image.Resampling.BOX
    square = Image.new("RGBA", (side, side))
    square.paste(
        grey.resize((width, height), sampling), ((side - width) // 2, (side - height) // 2)
    )
    return np.asarray(square)


def mark_place(figure: go.Figure, x: float, y: float) -> go.Figure:
    """`draw_map`'s figure with a star at a place."""
    figure.add_scatter(
        x=[x],
        y=[y],
        mode="markers",
        name="drawing",
        legendrank=-1,
        marker={
            "symbol": "star",
            "size": 22,
            "color": OUTLINE,
            "line": {"width": 2, "color": "white"},
        },
        hovertemplate="the drawing<extra></extra>",
    )
    return figure
