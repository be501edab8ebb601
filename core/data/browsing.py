"""What the images themselves are like, class by class, before any network."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from core.config import CLASSES, TEST_SET, RunConfig
from core.data.mnist import Array, ByteLabels, Floats, Images, Indices, load_mnist, split_indices

SPLITS = ("train", "validation", "test")


class ClassImages(NamedTuple):
    """Mean and standard deviation of each pixel over the images of each digit.

    Both float32 (10, 28, 28), 0 to 255.
    """

    mean: Floats
    spread: Floats


class DigitImages(NamedTuple):
    """Images of a run with labels and indices.

    Indices of the test split point into the 10,000 test images, all others into the 60,000 training
    images.
    """

    indices: Indices
    images: Images
    """uint8 (n, 28, 28)"""
    labels: ByteLabels
    """uint8 (n,)"""


def select_indices(config: RunConfig, split: str, classes: Sequence[int] = ()) -> Indices:
    """Indices of the images of a run's split, in its order; only those of `classes`, if any.

    Raises KeyError unless the split is train, validation or test.
    """
    train, validation = split_indices(config)
    indices = {"train": train, "validation": validation, "test": np.arange(TEST_SET)}[split]
    _, labels = _images_and_labels(split)
    return indices[np.isin(labels[indices], classes)] if classes else indices


def load_digits(split: str, indices: Indices) -> DigitImages:
    """The images and labels of these indices of a split."""
    images, labels = _images_and_labels(split)
    return DigitImages(indices, images[indices], labels[indices])


def class_counts(config: RunConfig) -> pd.DataFrame:
    """Images of each digit in the run's splits: a row a digit, columns train, validation, test."""
    counts = {
        split: np.bincount(
            _images_and_labels(split)[1][select_indices(config, split)], minlength=CLASSES
        )
        for split in SPLITS
    }
    return pd.DataFrame(counts).rename_axis("digit")


def training_class_images(config: RunConfig) -> ClassImages:
    """`class_images` of all that the run trains on."""
    _, images, labels = load_digits("train", select_indices(config, "train"))
    return class_images(images, labels)


def class_images(images: Images, labels: Array) -> ClassImages:
    """Average the images, uint8 (n, 28, 28), of each class of `labels`, (n,); all must occur."""
    groups = [images[labels == digit] for digit in range(CLASSES)]
    return ClassImages(
        np.stack([group.mean(axis=0, dtype=np.float32) for group in groups]),
        np.stack([group.std(axis=0, dtype=np.float32) for group in groups]),
    )


def _images_and_labels(split: str) -> tuple[Images, ByteLabels]:
    """The images and labels that a split's indices point into."""
    mnist = load_mnist()
    return (mnist.x_test, mnist.y_test) if split == "test" else (mnist.x_train, mnist.y_train)
