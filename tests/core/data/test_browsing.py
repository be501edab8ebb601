import numpy as np
import pytest

from core.config import RunConfig
from core.data import load_mnist, split_indices
from core.data.browsing import (
    class_counts,
    class_images,
    load_digits,
    select_indices,
    training_class_images,
)


def test_class_counts_of_the_test_set_are_the_notebooks() -> None:
    counts = class_counts(RunConfig())
    assert counts["test"].tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert counts.sum().to_dict() == {"train": 42_000, "validation": 18_000, "test": 10_000}
    assert (counts["train"] + counts["validation"]).tolist() == np.bincount(
        load_mnist().y_train
    ).tolist()


def test_class_counts_follow_the_configuration() -> None:
    counts = class_counts(RunConfig(training_images=1_000, validation_share=0.05))
    assert counts.sum().to_dict() == {"train": 1_000, "validation": 3_000, "test": 10_000}


def test_class_images_by_hand() -> None:
    images = np.zeros((20, 28, 28), np.uint8)
    images[:10] = np.arange(10)[:, None, None]
    images[10:, 5, 6] = 200
    mean, spread = class_images(images, np.tile(np.arange(10), 2))
    for digit in range(10):
        assert mean[digit, 0, 0] == digit / 2
        assert spread[digit, 0, 0] == digit / 2
        assert mean[digit, 5, 6] == (digit + 200) / 2
        assert spread[digit, 5, 6] == (200 - digit) / 2


def test_class_images_of_mnist() -> None:
    mnist = load_mnist()
    mean, spread = class_images(mnist.x_test, mnist.y_test)
    assert mean.shape == spread.shape == (10, 28, 28)
    sevens = mnist.x_test[mnist.y_test == 7].astype(np.float64)
    np.testing.assert_allclose(mean[7], sevens.mean(axis=0), atol=1e-3)
    np.testing.assert_allclose(
        spread[7], np.sqrt(((sevens - sevens.mean(axis=0)) ** 2).mean(axis=0)), atol=1e-3
    )


def test_digits_of_a_split_are_found_in_its_order() -> None:
    config = RunConfig(seed=2)
    train, validation = split_indices(config)
    np.testing.assert_array_equal(select_indices(config, "train"), train)
    np.testing.assert_array_equal(select_indices(config, "test"), np.arange(10_000))
    labels = load_mnist().y_train
    expected = [index for index in validation if labels[index] in (3, 7)]
    np.testing.assert_array_equal(select_indices(config, "validation", [7, 3]), expected)


def test_an_unknown_split_is_refused() -> None:
    with pytest.raises(KeyError, match="holdout"):
        select_indices(RunConfig(), "holdout")


def test_taken_digits_are_those_of_their_set() -> None:
    mnist = load_mnist()
    indices = np.array([5, 3])
    for split, images, labels in (
        ("train", mnist.x_train, mnist.y_train),
        ("validation", mnist.x_train, mnist.y_train),
        ("test", mnist.x_test, mnist.y_test),
    ):
        digits = load_digits(split, indices)
        np.testing.assert_array_equal(digits.images, [images[5], images[3]])
        assert digits.labels.tolist() == [labels[5], labels[3]]


def test_class_images_of_a_run_are_those_of_what_it_trains_on() -> None:
    config = RunConfig(training_images=1_000)
    train, _ = split_indices(config)
    mnist = load_mnist()
    expected = class_images(mnist.x_train[train], mnist.y_train[train])
    np.testing.assert_array_equal(training_class_images(config), expected)
