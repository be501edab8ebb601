"""What ECharts options have in common: how a chart moves, its legend, axes, lines and marks."""

from typing import Any

from dashboard.charts.colors import NEUTRAL

LEGEND_HEIGHT = 30
"""Pixels at the top of a chart that its legend takes."""


def options(update: int = 200, **rest: Any) -> dict[str, Any]:
    """Options of a chart that appears at once and whose changes take `update` milliseconds."""
    return {"animationDuration": 0, "animationDurationUpdate": update, **rest}


def legend(**rest: Any) -> dict[str, Any]:
    """The legend, which stands at the top right of every chart; clicks in it do nothing."""
    place = {"top": 0, "right": 0, "selectedMode": False, "itemWidth": 22}
    return place | {"itemStyle": {"opacity": 0}} | rest  # no dots: they would hide the dashes


def grid(**rest: Any) -> dict[str, Any]:
    """The room for axes, lines and the axes' labels and names, which all stay within it."""
    room = {"left": 4, "right": 16, "top": LEGEND_HEIGHT, "bottom": 4}
    return room | {"outerBoundsMode": "same", "outerBoundsContain": "all"} | rest


def named_axis(name: str, gap: int, **rest: Any) -> dict[str, Any]:
    """An axis without grid lines, its name in its middle, `gap` pixels away."""
    axis = {"type": "value", "name": name, "nameLocation": "middle", "nameGap": gap}
    return axis | {"splitLine": {"show": False}} | rest


def left_axis(name: str, **rest: Any) -> dict[str, Any]:
    """A vertical axis with its name along it, left of its numbers."""
    return {"type": "value", "name": name, "nameLocation": "middle", "nameGap": 34} | rest


def line(
    key: str, x: str, y: str, color: str, dash: str | list[int] = "solid", **rest: Any
) -> dict[str, Any]:
    """A line through the columns `x` and `y` of the dataset; `dash` is a type of ECharts' lines."""
    style = {"width": 2, "type": dash}
    encoded = {"id": key, "encode": {"x": x, "y": y}, "color": color, "lineStyle": style}
    return {"type": "line"} | encoded | rest


def mark_line(places: list[dict[str, Any]]) -> dict[str, Any]:
    """Thin lines across the chart at `places`, which cannot be hovered.

    Without a label, unless the place has one of its own.
    """
    return {
        "symbol": "none",
        "silent": True,
        "animation": False,
        "lineStyle": {"color": NEUTRAL, "type": "solid", "width": 1},
        "label": {"show": False},
        "data": places,
    }
