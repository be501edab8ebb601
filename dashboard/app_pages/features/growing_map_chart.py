"""A map of features while it grows, as ECharts options."""

from typing import Any

import pandas as pd

from dashboard.charts.echarts import LEGEND_HEIGHT, options
from dashboard.charts.feature_map import Coloring, group_points, point_sizes


def draw_growing_map(points: pd.DataFrame, coloring: Coloring) -> dict[str, Any]:
    """ECharts options: every point moves on to its new place."""
    groups, places = group_points(points, coloring)
    frame = pd.DataFrame({"x": points["x"], "y": points["y"], "group": places})
    axis = {"type": "value", "show": False, "scale": True}
    return options(
        update=400,
        animationThreshold=len(points) + 1,
        grid={"left": 8, "right": 8, "top": LEGEND_HEIGHT, "bottom": 8},
        dataset={"source": frame},
        xAxis=axis,
        yAxis=axis,
        visualMap={
            "type": "piecewise",
            "dimension": 2,
            "orient": "horizontal",
            "right": 0,
            "top": 0,
            "itemGap": 6,
            "itemSymbol": "circle",
            "itemWidth": 10,
            "selectedMode": False,
            "pieces": [
                {"value": place, "label": group.name, "color": group.color}
                for place, group in enumerate(groups)
            ],
        },
        series=[
            {
                "type": "scatter",
                "symbolSize": point_sizes(points)[0],
                "silent": True,
                "encode": {"x": "x", "y": "y"},
            }
        ],
    )
