from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from core.config import RunConfig
from core.data import load_mnist, split_indices
from core.maps.request import (
    MapMethod,
    MapRequest,
    check_perplexity,
    parse_map_key,
    select_images,
)


def test_the_defaults_are_the_notebooks() -> None:
    request = MapRequest(layer="hidden_2")
    assert (request.points, request.pca_components, request.perplexity) == (1_000, 20, 30)
    assert (request.split, request.method) == ("train", MapMethod.TSNE)


def test_keys_name_all_that_a_map_depends_on() -> None:
    assert MapRequest(layer="hidden_2").key == "tsne-hidden_2-train-1000-20-30-0"
    changes = [
        {"layer": "pixels"},
        {"split": "test"},
        {"points": 500},
        {"method": "pca"},
        {"pca_components": 10},
        {"perplexity": 50},
        {"seed": 1},
    ]
    keys = {MapRequest(**{"layer": "hidden_2", **change}).key for change in [{}, *changes]}
    assert len(keys) == 1 + len(changes)


def test_a_pca_map_does_not_depend_on_what_only_tsne_uses() -> None:
    keys = {MapRequest(layer="pixels", method="pca", seed=seed).key for seed in (0, 1)}
    assert keys == {"pca-pixels-train-1000"}


def test_a_key_gives_its_request_back() -> None:
    for request in (
        MapRequest(layer="hidden_1"),
        MapRequest(layer="pixels", method=MapMethod.PCA, split="test", points=500),
        MapRequest(layer="activation_2", perplexity=10, seed=3),
    ):
        assert parse_map_key(request.key) == request
    for key in ("", "x-y", "tsne-hidden_1-train-9-20-30-0", "tsne-hidden_1-train-01000-20-30-0"):
        assert parse_map_key(key) is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"layer": "../../elsewhere"},
        {"layer": ""},
        {"split": "all"},
        {"points": 20_000},
        {"points": 100, "perplexity": 40},
        {"perplexity": 0},
        {"method": "umap"},
        {"colour": "red"},
    ],
)
def test_wrong_requests_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        MapRequest(**{"layer": "hidden_1", **wrong})


def test_perplexity_is_at_most_a_third_of_the_points() -> None:
    check_perplexity(33, 100)
    with pytest.raises(ValueError, match="perplexity 34 does not suit 100 points; choose 1 to 33"):
        check_perplexity(34, 100)


@pytest.mark.parametrize("split", ["train", "validation", "test"])
def test_images_are_the_first_of_the_runs_split(split: Any) -> None:
    config, mnist = RunConfig(seed=3), load_mnist()
    indices, images, labels = select_images(config, MapRequest(layer="pixels", split=split))
    train, validation = split_indices(config)
    expected = {"train": train, "validation": validation, "test": np.arange(10_000)}[split][:1_000]
    x, y = (mnist.x_test, mnist.y_test) if split == "test" else (mnist.x_train, mnist.y_train)
    np.testing.assert_array_equal(indices, expected)
    np.testing.assert_array_equal(images, x[expected])
    np.testing.assert_array_equal(labels, y[expected])


def test_a_small_split_gives_all_it_has() -> None:
    config = RunConfig(training_images=1_000)
    indices, _, _ = select_images(config, MapRequest(layer="pixels", points=5_000))
    assert len(indices) == 1_000
