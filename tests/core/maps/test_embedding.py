from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import openTSNE
import pandas as pd
import pytest
from sklearn.decomposition import PCA
from sklearn.manifold import trustworthiness

from core.data import load_mnist, scale_images, split_indices
from core.maps import embedding
from core.maps.embedding import compute_map, neighbour_agreement, pca, place_on_map, tsne
from core.maps.job import compute_and_keep_map
from core.maps.request import MapRequest, select_images
from core.maps.store import StoredMap, list_maps
from core.network.load import layer_features, load_network
from core.runs import Run
from core.runs.errors import RunError

X_TEST, Y_TEST = load_mnist().x_test, load_mnist().y_test


@pytest.fixture(scope="module")
def features(trained: Run) -> np.ndarray:
    return layer_features(trained, "hidden_2", X_TEST[:150])


# --- features


@pytest.mark.parametrize("layer", ["hidden_1", "hidden_2", "output"])
def test_features_are_the_full_networks_activations(trained: Run, layer: Any) -> None:
    model, values = load_network(trained), scale_images(X_TEST)
    for step in model.layers:
        values = step(values, training=False)
        if step.name == layer:
            break
    features = layer_features(trained, layer, X_TEST)
    assert features.dtype == np.float32
    np.testing.assert_allclose(features, values.numpy(), atol=1e-6)


def test_features_by_the_formula(trained: Run) -> None:
    first, second, _ = (layer.get_weights() for layer in load_network(trained).layers)
    values = X_TEST[:100].reshape(-1, 784) / 255
    for kernel, bias in (first, second):
        values = np.maximum(values @ kernel.astype(float) + bias, 0)
    features = layer_features(trained, "hidden_2", X_TEST[:100])
    np.testing.assert_allclose(features, values, atol=1e-5)


def test_the_pixels_as_a_layer(trained: Run) -> None:
    np.testing.assert_array_equal(
        layer_features(trained, "pixels", X_TEST[:5]), scale_images(X_TEST[:5])
    )


def test_many_images_go_through_in_blocks(trained: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = layer_features(trained, "hidden_1", X_TEST[:100])
    monkeypatch.setattr("core.network.load._BLOCK", 33)
    np.testing.assert_allclose(layer_features(trained, "hidden_1", X_TEST[:100]), whole, atol=1e-6)


def test_features_are_those_of_inference_mode(untrained: Callable[..., Run]) -> None:
    run = untrained(dropout=0.9, batch_normalization=True)
    images = X_TEST[:20]
    features = layer_features(run, "activation_1", images)
    assert (layer_features(run, "dropout_1", images) == features).all()
    kernel, bias = load_network(run).layers[0].get_weights()
    plain = scale_images(images) @ kernel + bias  # moving mean 0 and variance 1 to begin with
    np.testing.assert_allclose(features, np.maximum(plain / np.sqrt(1 + 1e-3), 0), atol=1e-5)


def test_unknown_layers_are_refused(trained: Run) -> None:
    with pytest.raises(ValueError, match="hidden_9"):
        layer_features(trained, "hidden_9", X_TEST[:1])


# --- PCA


def test_pca_equals_the_singular_value_decomposition(features: np.ndarray) -> None:
    centred = features.astype(float) - features.mean(axis=0)
    left, values, _ = np.linalg.svd(centred, full_matrices=False)
    reduced = pca(features, 3)
    assert (reduced.shape, reduced.dtype) == ((150, 3), np.float32)
    np.testing.assert_allclose(np.abs(reduced), np.abs(left * values)[:, :3], atol=1e-3)


def test_pca_of_too_few_dimensions_is_filled_with_zeros() -> None:
    reduced = pca(np.arange(5.0)[:, None], 3)
    np.testing.assert_allclose(np.abs(reduced[:, 0]), [2, 1, 0, 1, 2], atol=1e-6)
    assert not reduced[:, 1:].any()


def test_features_that_do_not_vary_are_refused() -> None:
    with pytest.raises(ValueError, match="same for all 50 images"):
        tsne(np.ones((50, 8)), perplexity=10)


# --- t-SNE


def test_tsne_is_reproducible_by_seed(features: np.ndarray) -> None:
    first = tsne(features, seed=1)
    assert (first.shape, first.dtype) == ((150, 2), np.float32)
    np.testing.assert_array_equal(tsne(features, seed=1), first)
    assert not np.allclose(tsne(features, seed=2), first)


def test_tsne_does_not_depend_on_the_number_of_threads(
    features: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    maps = []
    for threads in (1, 2):
        monkeypatch.setattr(embedding, "_threads", partial(int, threads))
        maps.append(tsne(features, on_progress=lambda done, positions: done == 50))
    np.testing.assert_array_equal(*maps)


def test_tsne_takes_several_threads_only_where_they_wait_passively(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 3)
    for policy, threads in [("passive", 3), ("PASSIVE", 3), ("active", 1), ("", 1)]:
        monkeypatch.setenv("OMP_WAIT_POLICY", policy)
        assert embedding._threads() == threads


def test_tsne_sees_the_first_principal_components_only(features: np.ndarray) -> None:
    def early(features: np.ndarray, components: int) -> np.ndarray:
        return tsne(features, components, on_progress=lambda done, positions: True)

    projection = PCA(4, random_state=0).fit(features)
    flattened = projection.inverse_transform(projection.transform(features))
    scale = np.ptp(early(features, 4))
    np.testing.assert_allclose(early(flattened, 4), early(features, 4), atol=1e-3 * scale)
    assert not np.allclose(early(features, 16), early(features, 4), atol=1e-1 * scale)


def test_tsne_keeps_classes_together(trained: Run) -> None:
    images, labels = X_TEST[:300], Y_TEST[:300]
    features = layer_features(trained, "hidden_2", images)
    agreement = neighbour_agreement(tsne(features), labels)
    assert agreement > neighbour_agreement(pca(features), labels) > 0.2  # 0.1 is chance


def test_tsne_reports_and_is_reproducible_while_watched(features: np.ndarray) -> None:
    stages = []
    watched = tsne(features, on_progress=lambda done, positions: stages.append((done, positions)))
    assert [done for done, _ in stages] == list(range(25, stages[-1][0] + 1, 25))
    assert all(positions.shape == (150, 2) for _, positions in stages)
    np.testing.assert_allclose(stages[-1][1], watched, atol=0.1)  # one iteration apart
    assert not np.allclose(stages[0][1], watched, atol=0.1)
    np.testing.assert_array_equal(tsne(features), watched)


def test_tsne_ends_early_with_a_map_as_good_as_the_whole(trained: Run) -> None:
    features = layer_features(trained, "hidden_2", load_mnist().x_train[:1_000])
    stages = []
    positions = tsne(features, on_progress=lambda done, positions: stages.append(done))
    assert stages[-1] < 600
    whole = np.array(openTSNE.TSNE(neighbors="exact", random_state=0).fit(pca(features, 20)))
    ours, theirs = (trustworthiness(features, map_, n_neighbors=10) for map_ in (positions, whole))
    assert ours > theirs - 0.003


@pytest.mark.parametrize("place", [1, -2], ids=["exaggerated", "shortly before its end"])
def test_tsne_stops_when_asked(features: np.ndarray, place: int) -> None:
    """When it ends by itself depends on the network, and so on the processor that trained it."""
    whole: list[int] = []
    tsne(features, on_progress=lambda done, positions: whole.append(done))
    stages = []

    def watch(done: int, positions: np.ndarray) -> bool:
        stages.append((done, positions))
        return done == whole[place]

    stopped = tsne(features, on_progress=watch)
    assert stages[-1][0] == whole[place]
    np.testing.assert_array_equal(stages[-1][1], stopped)


def test_tsne_of_a_layer_of_one_unit_and_of_many_equal_points() -> None:
    features = np.repeat([0.0, 0.0, 0.0, 1.0, 2.0], 20)[:, None]
    positions = tsne(features, perplexity=5)
    assert np.isfinite(positions).all()


def test_tsne_refuses_a_perplexity_that_does_not_suit(features: np.ndarray) -> None:
    with pytest.raises(ValueError, match="choose 1 to 49"):
        tsne(features, perplexity=50)


# --- maps


def test_a_tsne_map_of_a_run(trained: Run) -> None:
    request = MapRequest(layer="hidden_2", split="validation", points=120, perplexity=20, seed=4)
    stages = []
    result = compute_map(trained, request, stages.append)
    points = result.points
    _, validation = split_indices(trained.config)
    np.testing.assert_array_equal(points["index"], validation[:120])
    np.testing.assert_array_equal(points["true"], load_mnist().y_train[validation[:120]])
    _, images, labels = select_images(trained.config, request)
    probabilities = layer_features(trained, "output", images)
    np.testing.assert_array_equal(points["predicted"], probabilities.argmax(axis=1))
    np.testing.assert_array_equal(points["confidence"], probabilities.max(axis=1))
    features = layer_features(trained, "hidden_2", images)
    np.testing.assert_array_equal(points[["x", "y"]], tsne(features, perplexity=20, seed=4))
    assert not result.is_stopped
    assert result.feature_agreement == neighbour_agreement(features, labels)
    assert result.map_agreement == neighbour_agreement(points[["x", "y"]].to_numpy(), labels)
    assert [stage.iteration for stage in stages] == list(range(25, result.iteration + 1, 25))
    pd.testing.assert_frame_equal(stages[-1].points, points, atol=0.1, rtol=0)
    assert stages[0].map_agreement is None


def test_a_map_that_is_stopped(trained: Run) -> None:
    request = MapRequest(layer="pixels", split="test", points=100)
    result = compute_map(trained, request, lambda stage: stage.iteration >= 75)
    assert (result.iteration, result.is_stopped) == (75, True)
    assert result.points["index"].tolist() == list(range(100))
    assert result.map_agreement is not None


def test_a_pca_map_of_a_run(trained: Run) -> None:
    request = MapRequest(layer="hidden_1", split="test", points=100, method="pca")
    result = compute_map(trained, request)
    expected = pca(layer_features(trained, "hidden_1", X_TEST[:100]))
    np.testing.assert_array_equal(result.points[["x", "y"]], expected)
    assert result.iteration == 0


# --- a new point


def test_an_image_of_the_map_is_placed_among_its_neighbours(trained: Run) -> None:
    image = X_TEST[8] / np.float32(255)
    request = MapRequest(layer="pixels", method="pca", points=200)
    with pytest.raises(RunError, match="has no map"):
        place_on_map(trained, request, image)
    assert StoredMap(trained, request).request()
    compute_and_keep_map(trained, request)
    assert request in list_maps(trained)
    points = StoredMap(trained, request).read_points()
    images = load_mnist().x_train[points["index"]].reshape(-1, 784) / 255.0
    distances = np.linalg.norm(images - image.reshape(784), axis=1)
    nearest = points.iloc[np.argsort(distances)[:15]]
    assert place_on_map(trained, request, image) == pytest.approx(
        (nearest["x"].median(), nearest["y"].median())
    )


# --- agreement


def test_neighbour_agreement_by_hand() -> None:
    points = [[0], [1], [2.5], [10], [11.5]]  # nearest: 1, 0, 1, 4, 3
    assert neighbour_agreement(points, [0, 0, 1, 1, 2], neighbours=1) == 2 / 5
    assert neighbour_agreement(points, [5, 5, 5, 5, 5], neighbours=4) == 1


def test_neighbour_agreement_equals_all_distances() -> None:
    generator = np.random.default_rng(0)
    points, labels = generator.normal(size=(60, 3)), generator.integers(0, 3, 60)
    distances = np.linalg.norm(points[:, None] - points, axis=2)
    np.fill_diagonal(distances, np.inf)
    nearest = distances.argsort(axis=1)[:, :10]
    expected = np.mean(labels[nearest] == labels[:, None])
    assert neighbour_agreement(points, labels) == pytest.approx(expected)
