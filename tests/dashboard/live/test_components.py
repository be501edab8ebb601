"""What the parts of a page in the browser are given."""

import base64

import numpy as np
import pytest

from core.config import PRESETS, RunConfig
from core.config.architecture import count_parameters
from core.runs import Run
from dashboard.live.components import (
    Served,
    _count_incoming_parameters,
    _pack_served,
    describe_network,
)
from dashboard.live.routes import MAX_BYTES
from tests.dashboard.app_pages.lab import Lab


def test_a_run_is_described_with_the_address_of_its_weights(trained: Run) -> None:
    assert describe_network(trained, 2) == {
        "run": trained.id,
        "epoch": 2,
        "hidden": [32, 16],
        "activation": "relu",
        "url": f"../../weights/{trained.id}/2",
        "problem": "",
    }


@pytest.mark.parametrize(
    ("hidden", "fits"),
    [((1024, 1024, 1024), True), ((2048, 1792, 376), True), ((2048, 2048, 2048), False)],
)
def test_a_network_of_more_than_12_mb_stays_with_the_server(
    lab: Lab, hidden: tuple[int, ...], fits: bool
) -> None:
    config = RunConfig(hidden=hidden)
    network = describe_network(lab.runs.create(config), 1)
    assert (2 * count_parameters(config) <= MAX_BYTES) is fits
    assert (network["url"] is not None) is fits
    assert ("too large for the browser" in network["problem"]) is not fits


def test_parameters_between_two_layers() -> None:
    assert _count_incoming_parameters(PRESETS["notebook-baseline"]) == [401_920, 131_328, 2_570]
    assert _count_incoming_parameters(RunConfig(hidden=())) == [7_850]
    normalized = RunConfig(hidden=(100,), batch_normalization=True)
    assert _count_incoming_parameters(normalized)[0] == 785 * 100 + 4 * 100


def test_an_answer_is_packed_with_what_json_can_say() -> None:
    image = np.linspace(0, 1, 784, dtype=np.float32).reshape(28, 28)
    probabilities = np.array([0.123456789, np.nan, *[0.0] * 8], np.float32)
    served = Served(image, probabilities, {"hidden_1": np.array([1.5, -2.0], np.float32)})
    packed = _pack_served(served, with_activations=True)
    grey = np.frombuffer(base64.b64decode(packed["image"]), np.uint8)
    np.testing.assert_allclose(grey / 255, image.ravel(), atol=0.002)
    assert packed["probabilities"][:2] == [0.12346, 0.0]
    assert packed["activations"] == [[1.5, -2.0]]
    assert _pack_served(served, with_activations=False)["activations"] == []
