"""What Plotly's figures have in common: where the legend stands, how percentages are written."""

LEGEND_HEIGHT = 36
"""Pixels at the top of a figure that its legend takes."""
LEGEND = {"orientation": "h", "x": 1, "xanchor": "right", "y": 1, "yanchor": "bottom"}
"""The legend stands at the top right of every figure."""


def percent(name: str) -> str:
    """What writes `name`, a value in percent, in a hover text: as `dashboard.text.percent` does."""
    return f"%{{{name}:.2f}} %"
