"""A layer's activations, as a Plotly figure."""

import numpy as np
import plotly.graph_objects as go

from core.data import Floats
from dashboard.charts.images import without_axes

_STRIP = 128
"""At most this many units are drawn side by side; a wider layer has several rows."""
_ROW = 16
"""Height of a row in pixels."""
_SCALE = [
    [0, "rgba(43, 135, 209, 1)"],
    [0.5, "rgba(43, 135, 209, 0)"],
    [0.5, "rgba(224, 57, 62, 0)"],
    [1, "rgba(224, 57, 62, 1)"],
]
"""From blue to red; zero is the background, of either theme."""


def draw_activations(values: Floats) -> go.Figure:
    """A layer's activations, (units,), as cells in rows: red positive, blue negative.

    What is not finite is left out.
    """
    columns = min(len(values), _STRIP)
    rows = -(-len(values) // columns)
    cells = np.full(rows * columns, np.nan)
    cells[: len(values)] = np.where(np.isfinite(values), values, np.nan)
    largest = float(np.nanmax(np.abs(cells), initial=0)) or 1.0
    figure = go.Figure(
        go.Heatmap(
            z=cells.reshape(rows, columns),
            customdata=np.arange(rows * columns).reshape(rows, columns),
            hovertemplate="unit %{customdata}: %{z:.4f}<extra></extra>",
            hoverongaps=False,
            colorscale=_SCALE,
            zmin=-largest,
            zmax=largest,
            showscale=False,
            xgap=1,
            ygap=1,
        )
    )
    return without_axes(figure.update_yaxes(autorange="reversed"), height=rows * _ROW)
