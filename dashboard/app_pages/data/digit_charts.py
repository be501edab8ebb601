"""The digits before any network, as Plotly figures: grey values, counts, the notebook's scaler."""

import numpy as np
import pandas as pd
import plotly.express as px
import plotly.graph_objects as go

from core.data import AnyFloats, Images
from core.data.preparation import ScalerDifference
from dashboard.charts.colors import NEUTRAL, SPLIT_COLORS
from dashboard.charts.images import without_axes
from dashboard.charts.plotly_layout import LEGEND, LEGEND_HEIGHT, percent

GREY_VALUES_SIZE = 700
"""Width and height of the table of grey values: below this, its numbers get hard to read."""


def draw_grey_values(image: Images) -> go.Figure:
    """The 28x28 numbers of an image, each on its own grey."""
    axis = {
        "dtick": 1,
        "tickfont": {"size": 9, "color": NEUTRAL},
        "showgrid": False,
        "zeroline": False,
        "ticks": "",
        "fixedrange": True,
    }
    return go.Figure(  # as `px.imshow` draws it, thirty times as quick
        go.Heatmap(
            z=image,
            colorscale="gray",
            zmin=0,
            zmax=255,
            showscale=False,
            texttemplate="%{z}",
            textfont={"size": 10},
            hovertemplate="row %{y}, column %{x}: %{z}<extra></extra>",
            xgap=1,
            ygap=1,
        ),
        {
            "width": GREY_VALUES_SIZE,
            "height": GREY_VALUES_SIZE,
            "margin": {"l": 22, "r": 2, "t": 22, "b": 2},
            "plot_bgcolor": NEUTRAL,
            "paper_bgcolor": "rgba(0,0,0,0)",
            "xaxis": axis | {"side": "top"},
            "yaxis": axis | {"autorange": "reversed"},
        },
    )


def draw_class_counts(counts: pd.DataFrame) -> go.Figure:
    """Bars of `class_counts`: a group a digit, a bar a split."""
    shares = 100 * counts / counts.sum()
    figure = go.Figure(
        [
            go.Bar(
                x=counts.index,
                y=counts[split],
                name=split.title(),
                marker_color=SPLIT_COLORS[split],
                customdata=shares[split],
                hovertemplate=f"%{{y:,}} images, {percent('customdata')} of the split",
            )
            for split in counts
        ]
    )
    figure.update_xaxes(title="digit", dtick=1)
    figure.update_yaxes(title="images", tickformat=",")
    figure.update_layout(
        height=340,
        bargap=0.25,
        hovermode="x unified",
        margin={"l": 0, "r": 0, "t": LEGEND_HEIGHT, "b": 0},
        legend=LEGEND,
    )
    return figure


def draw_stretch(difference: ScalerDifference) -> go.Figure:
    """How many times the notebook's scaler enlarges each pixel, by colour on a log scale."""
    figure = px.imshow(np.log10(difference.stretch), zmin=0)
    figure.update_traces(
        customdata=difference.stretch,
        hovertemplate="row %{y}, column %{x}: %{customdata:.2f} times<extra></extra>",
        hoverongaps=False,
    )
    ticks = [1, 2, 5, 10, 20]
    figure.update_coloraxes(
        colorbar={"tickvals": np.log10(ticks), "ticktext": [f"×{tick}" for tick in ticks]}
    )
    return without_axes(figure, height=300, plot_bgcolor=NEUTRAL)


def as_picture(values: AnyFloats) -> Images:
    """Values from 0 to 1 as grey values; whatever is above 1 is white."""
    grey: AnyFloats = np.rint(255 * values.clip(0, 1))
    return grey.astype(np.uint8)
