import base64
import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

from core.config import PRESETS, RunConfig
from core.data import load_mnist
from dashboard.app_pages.train.network_chart import describe_network, draw_network

DIGITS = load_mnist().x_test[:3]


def draw_nodes(config: RunConfig) -> list[dict[str, Any]]:
    nodes: list[dict[str, Any]] = draw_network(config, DIGITS)["series"][0]["data"]
    return nodes


def labels(config: RunConfig) -> list[str]:
    nodes = draw_nodes(config)
    return [node["label"]["formatter"] for node in nodes if "label" in node]


def test_layers_and_parameters_of_the_notebooks_network() -> None:
    assert labels(PRESETS["notebook-baseline"]) == [
        "784\npixels", "512\nrelu", "401,920", "256\nrelu", "131,328", "10\nsoftmax", "2,570",
    ]  # fmt: skip


def test_batch_normalisation_counts_with_its_layer() -> None:
    config = RunConfig(hidden=(100,), batch_normalization=True)
    assert "78,900" in labels(config)  # 785 * 100 + 4 * 100


def test_a_linear_network_has_two_columns() -> None:
    assert labels(RunConfig(hidden=())) == ["784\npixels", "10\nsoftmax", "7,850"]


def test_the_digits_stand_where_the_pixels_go_in_the_first_on_top() -> None:
    nodes = [node for node in draw_nodes(RunConfig()) if node["name"].startswith("0/")]
    heights = [node["value"][1] for node in nodes]
    assert heights == sorted(heights, reverse=True)
    for node, digit in zip(nodes, DIGITS, strict=True):
        data = node["symbol"].removeprefix("image://data:image/png;base64,")
        np.testing.assert_array_equal(Image.open(io.BytesIO(base64.b64decode(data))), digit)


@pytest.mark.parametrize("dropout", [0.0, 0.2, 0.5, 0.9])
def test_dropout_greys_out_its_share_of_the_hidden_circles(dropout: float) -> None:
    nodes = draw_nodes(RunConfig(hidden=(2048,), dropout=dropout))
    colors = [node["itemStyle"]["color"] for node in nodes if node["name"].startswith("1/")]
    plain = draw_nodes(RunConfig(hidden=(2048,)))[0]["itemStyle"]["color"]
    dropped = sum(color != plain for color in colors)
    assert dropped == int(dropout * len(colors) + 1e-9)


def test_the_picture_in_words() -> None:
    assert describe_network(RunConfig(hidden=(64,), activation="tanh")) == (
        "Network with the layers 784 pixels, 64 tanh, 10 softmax"
    )
