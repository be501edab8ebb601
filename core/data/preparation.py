"""How digits are prepared for a network: the notebook's steps one by one, and its other scaler."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from sklearn.preprocessing import MinMaxScaler

from core.config import IMAGE_SIDE, PIXELS, RunConfig
from core.data.mnist import Array, Floats, Images, load_mnist, one_hot, scale_images, split_indices


class ArrayFacts(NamedTuple):
    """An array in short."""

    shape: tuple[int, ...]
    dtype: str
    low: float
    high: float


class PreparationStep(NamedTuple):
    """One step: its name, whether it is done to `images` or `labels`, and what it does to them."""

    name: str
    array: str
    before: ArrayFacts
    after: ArrayFacts


class ScalerDifference(NamedTuple):
    """What a min-max scaler fitted to each pixel does that a division by 255 does not."""

    stretch: Floats
    """The factor by which the scaler enlarges each pixel, (28, 28). NaN for pixels that are 0 in
    every training image: their values stay 0 to 255."""
    values_above_one: int
    """Values of the test images that the scaler puts above 1."""
    image_index: int
    """Index of the test image that the two treat most differently, by the sum over its pixels."""
    divided: Floats
    """That image over 255, (28, 28)."""
    rescaled: Floats
    """The same from the scaler."""

    @property
    def stretched_pixels(self) -> int:
        """Pixels that the scaler stretches: inked in some training image, but never up to 255."""
        return int((self.stretch > 1).sum())

    @property
    def blank_pixels(self) -> int:
        """Pixels that are 0 in every training image."""
        return int(np.isnan(self.stretch).sum())


def describe_arrays() -> pd.DataFrame:
    """The data set as it comes, a row an array: array, shape, dtype, low, high."""
    return pd.DataFrame(
        [
            {"array": name, **_facts(array)._asdict()}
            for name, array in load_mnist()._asdict().items()
        ]
    )


def preparation_steps(config: RunConfig) -> tuple[PreparationStep, ...]:
    """Flatten, float32, scale and one-hot of the 60,000 training images, and the run's split.

    The numbers are measured. The test images take the same steps except the split.
    """
    images, labels = load_mnist().x_train, load_mnist().y_train
    train, validation = (images[indices] for indices in split_indices(config))
    rows = _extremes(images)
    flat, floats = _row_facts(rows, images), _row_facts(rows.astype(np.float32), images)
    whole, fitted, held_out = (
        _row_facts(scale_images(_extremes(part)), part) for part in (images, train, validation)
    )
    return (
        PreparationStep("flatten", "images", _facts(images), flat),
        PreparationStep("float32", "images", flat, floats),
        PreparationStep("scale", "images", floats, whole),
        PreparationStep("one-hot", "labels", _facts(labels), _facts(one_hot(labels))),
        PreparationStep("split: train", "images", whole, fitted),
        PreparationStep("split: validation", "images", whole, held_out),
    )


def scaler_difference() -> ScalerDifference:
    """Compare scikit-learn's MinMaxScaler, fitted to the training images, with dividing by 255."""
    mnist = load_mnist()
    extremes = _extremes(mnist.x_train)
    scaler = MinMaxScaler().fit(extremes)  # all that a fit to the 60,000 would look at
    test = mnist.x_test.reshape(-1, PIXELS).astype(np.float32)
    rescaled, divided = scaler.transform(test), test / np.float32(255)
    image = int(np.abs(rescaled - divided).sum(axis=1).argmax())
    stretch = np.where(extremes[1] == 0, np.nan, scaler.scale_ * 255)
    return ScalerDifference(
        _as_image(stretch),
        int((rescaled > 1).sum()),
        image,
        _as_image(divided[image]),
        _as_image(rescaled[image]),
    )


def _extremes(images: Images) -> Images:
    """The smallest and the largest value of each pixel, uint8 (2, 784)."""
    return np.stack([images.min(axis=0), images.max(axis=0)]).reshape(2, PIXELS)


def _row_facts(extremes: Array, images: Images) -> ArrayFacts:
    """Facts of `images` as rows (n, 784), by their extremes: as floats all rows take 188 MB."""
    return _facts(extremes)._replace(shape=(len(images), PIXELS))


def _facts(array: Array) -> ArrayFacts:
    return ArrayFacts(array.shape, str(array.dtype), float(array.min()), float(array.max()))


def _as_image(pixels: Array) -> Floats:
    return pixels.reshape(IMAGE_SIDE, IMAGE_SIDE).astype(np.float32)
