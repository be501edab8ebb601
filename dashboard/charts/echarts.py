"""What ECharts options have in common: how a chart moves, its axes, lines and marks."""

from typing import Any

from dashboard.charts.colors import NEUTRAL


def options(update: int = 200, **rest: Any) -> dict[str, Any]:
    """Options of a chart that appears at once and whose changes take `update` milliseconds."""
    return {"animationDuration": 0, "animationDurationUpdate": update, **rest}


def named_axis(name: str, gap: int, **rest: Any) -> dict[str, Any]:
    """An axis without grid lines, its name in its middle, `gap` pixels away."""
    axis = {"type": "value", "name": name, "nameLocation": "middle", "nameGap": gap}
    return axis | {"splitLine": {"show": False}} | rest


def left_axis(name: str, **rest: Any) -> dict[str, Any]:
    """A vertical axis with its name above it, which begins where the axis stands."""
    return {"type": "value", "name": name, "nameTextStyle": {"align": "left"}} | rest


def line(
    key: str, x: str, y: str, color: str, dash: str | list[int] = "solid", **rest: Any
) -> dict[str, Any]:
    """A line through the columns `x` and `y` of the dataset; `dash` is a type of ECharts' lines."""
    style = {"width": 2, "type": dash}
    encoded = {"id": key, "encode": {"x": x, "y": y}, "color": color, "lineStyle": style}
    return {"type": "line"} | encoded | rest


def mark_line(
    places: list[dict[str, Any]], dash: str = "solid", label: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Straight lines across the chart at `places`, which cannot be hovered."""
    return {
        "symbol": "none",
        "silent": True,
        "animation": False,
        "lineStyle": {"color": NEUTRAL, "type": dash, "width": 1},
        "label": label or {"show": False},
        "data": places,
    }
