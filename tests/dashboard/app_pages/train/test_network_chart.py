import pytest

from core.config import PRESETS, RunConfig
from dashboard.app_pages.train.network_chart import describe_network, draw_network


def labels(config: RunConfig) -> list[str]:
    nodes = draw_network(config)["series"][0]["data"]
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


@pytest.mark.parametrize("dropout", [0.0, 0.2, 0.5, 0.9])
def test_dropout_greys_out_its_share_of_the_hidden_circles(dropout: float) -> None:
    nodes = draw_network(RunConfig(hidden=(2048,), dropout=dropout))["series"][0]["data"]
    colors = [node["itemStyle"]["color"] for node in nodes if node["name"].startswith("1/")]
    plain = draw_network(RunConfig(hidden=(2048,)))["series"][0]["data"][0]["itemStyle"]["color"]
    dropped = sum(color != plain for color in colors)
    assert dropped == int(dropout * len(colors) + 1e-9)


def test_the_picture_in_words() -> None:
    assert describe_network(RunConfig(hidden=(64,), activation="tanh")) == (
        "Network with the layers 784 pixels, 64 tanh, 10 softmax"
    )
