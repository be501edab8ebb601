"""A picture of the network, as ECharts options: a column of circles for each layer."""

import math
from typing import Any

from core.config import PIXELS, RunConfig
from core.config.architecture import Layer, LayerKind, describe_layers
from core.data import Images
from dashboard.app_pages.train.ten_digits_chart import picture_url
from dashboard.charts.colors import NEUTRAL, SPLIT_COLORS
from dashboard.charts.echarts import options

_MAX_CIRCLES = 10
_DROPPED = "#C8CFD6"
_FONT = {"fontSize": 13, "lineHeight": 17}


def draw_network(config: RunConfig, digits: Images) -> dict[str, Any]:
    """ECharts options: layers with their widths, and the parameters of each step between them.

    `digits`, uint8 (n, 28, 28), stand where the pixels go in. A layer of many units shows ten
    circles, fewer for narrower layers, by the logarithm of its width; dropout greys out its share
    of them.
    """
    columns = _columns(config)
    nodes: list[dict[str, Any]] = []
    links: list[dict[str, Any]] = []
    previous: list[str] = []
    for number, (title, units, parameters, dropout) in enumerate(columns):
        circles = units if units <= _MAX_CIRCLES else min(_MAX_CIRCLES, 4 + units.bit_length() // 2)
        circles = circles if number else len(digits)
        names = [f"{number}/{circle}" for circle in range(circles)]
        for circle, name in enumerate(names):
            height = (len(names) - 1) / 2 - circle
            dropped = math.floor((circle + 1) * dropout) > math.floor(circle * dropout)
            color = _DROPPED if dropped else SPLIT_COLORS["train"]
            node = {"name": name, "value": [number, height], "itemStyle": {"color": color}}
            nodes.append(node | ({} if number else _picture(digits[circle])))
        links += [{"source": a, "target": b} for a in previous for b in names]
        nodes.append(_text(f"title {number}", number, -7.4, title))
        if parameters:
            low = -6.0 if len(columns) < 6 or number % 2 else -5.4
            nodes.append(_text(f"parameters {number}", number - 0.5, low, f"{parameters:,}"))
        previous = names
    return options(
        update=300,
        tooltip={"show": False},
        grid={"left": 0, "right": 0, "top": 0, "bottom": 0},
        xAxis={"type": "value", "show": False, "min": -0.5, "max": len(columns) - 0.5},
        yAxis={"type": "value", "show": False, "min": -8.8, "max": 5.4},
        series=[
            {
                "type": "graph",
                "coordinateSystem": "cartesian2d",
                "symbolSize": 11,
                "silent": True,
                "data": nodes,
                "links": links,
                "lineStyle": {"color": NEUTRAL, "opacity": 0.22, "width": 0.8},
            }
        ],
    )


def describe_network(config: RunConfig) -> str:
    """The picture in words, for a screen reader."""
    layers = ", ".join(title.replace("\n", " ") for title, *_ in _columns(config))
    return f"Network with the layers {layers}"


def _columns(config: RunConfig) -> list[tuple[str, int, int, float]]:
    """Title, units, incoming parameters and dropout of the input and of each dense layer."""
    columns = [(f"{PIXELS}\npixels", PIXELS, 0, 0.0)]
    parameters = 0
    for layer in describe_layers(config):
        parameters += layer.parameters
        if layer.kind is LayerKind.DENSE:
            columns.append((_title(layer, config), layer.units, parameters, 0.0))
            parameters = 0
        elif layer.kind is LayerKind.BATCH_NORMALIZATION:
            title, units, before, dropout = columns[-1]
            columns[-1] = (title, units, before + parameters, dropout)
            parameters = 0
        elif layer.kind is LayerKind.DROPOUT:
            columns[-1] = (*columns[-1][:3], layer.rate)
    return columns


def _title(layer: Layer, config: RunConfig) -> str:
    return f"{layer.units}\n{'softmax' if layer.name == 'output' else config.activation.value}"


def _picture(image: Images) -> dict[str, Any]:
    return {"symbol": f"image://{picture_url(image)}", "symbolSize": 17}


def _text(name: str, x: float, y: float, label: str) -> dict[str, Any]:
    return {
        "name": name,
        "value": [x, y],
        "symbolSize": 0,
        "label": {"show": True, "formatter": label, "color": NEUTRAL} | _FONT,
    }
