import numpy as np
import pytest

from core.data import load_mnist
from core.maps.job import compute_and_keep_map
from core.maps.place import place_on_map
from core.maps.request import MapRequest
from core.maps.store import StoredMap, list_maps
from core.runs import Run
from core.runs.errors import RunError

IMAGE = load_mnist().x_test[8] / np.float32(255)


def test_an_image_of_the_map_is_placed_among_its_neighbours(trained: Run) -> None:
    request = MapRequest(layer="pixels", method="pca", points=200)
    with pytest.raises(RunError, match="has no map"):
        place_on_map(trained, request, IMAGE)
    assert StoredMap(trained, request).request()
    compute_and_keep_map(trained, request)
    assert request in list_maps(trained)
    points = StoredMap(trained, request).read_points()
    images = load_mnist().x_train[points["index"]].reshape(-1, 784) / 255.0
    distances = np.linalg.norm(images - IMAGE.reshape(784), axis=1)
    nearest = points.iloc[np.argsort(distances)[:15]]
    assert place_on_map(trained, request, IMAGE) == pytest.approx(
        (nearest["x"].median(), nearest["y"].median())
    )
