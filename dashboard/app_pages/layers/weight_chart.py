"""A histogram of a layer's weights, as a Plotly figure."""

import pandas as pd
import plotly.graph_objects as go

from dashboard.charts.colors import SPLIT_COLORS


def draw_weight_histogram(bins: pd.DataFrame) -> go.Figure:
    """Bars of one array of `weight_histograms`: low, high, count."""
    width = bins["high"] - bins["low"]
    figure = go.Figure(
        go.Bar(
            x=bins["low"] + width / 2,
            y=bins["count"],
            width=width,
            marker={"color": SPLIT_COLORS["train"], "line": {"width": 0}},
            customdata=bins[["low", "high"]],
            hovertemplate="%{customdata[0]:.4f} to %{customdata[1]:.4f}: %{y:,}<extra></extra>",
        )
    )
    figure.update_layout(height=190, margin={"l": 0, "r": 0, "t": 4, "b": 0}, bargap=0)
    figure.update_xaxes(title="value", zeroline=True, exponentformat="none")
    few = bins["count"].max() < 5  # Plotly would else put ticks at halves
    figure.update_yaxes(title="count", tickformat="~s", dtick=1 if few else None)
    return figure
