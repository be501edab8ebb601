"""MNIST as it comes, and as a run trains on it: flattened, scaled, one-hot, split by the seed."""

import hashlib
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from sklearn.model_selection import train_test_split

from core.config import CLASSES, PIXELS, TRAINING_SET, RunConfig

MNIST_PATH = Path(__file__).parent / "mnist.npz"

# SHA-256 of each array's bytes. The MD5 of the IDX file that the training images came from is
# 6bbc9ace898e44ae57da46a324031adb.
SHA256 = {
    "x_train": "741c988805d008ac6e4c904b69001ba184c24b2c540a4ef403f4c71b676cf757",
    "y_train": "1feba77c54802fa5339a11837ea4b2866434b83314ec45192930f1df69120c13",
    "x_test": "6d87418db22cc8025d05968bec9bd5c3932904b23485740db143a061a2c9d161",
    "y_test": "ddeff807876a9661a1110d45c266c86239a3a1b7d37da0c3716a7a683c852ff5",
}

DISPUTED_TEST_LABELS = (
    947, 1621, 1901, 2130, 2462, 2597, 2654, 3520, 3558, 5937, 6651, 6783, 8527, 9679, 9729
)  # fmt: skip
"""Indices of the test images whose labels people found wrong: Northcutt, Athalye and Mueller 2021,
"Pervasive Label Errors in Test Sets Destabilize Machine Learning Benchmarks", labelerrors.com."""

Array = npt.NDArray[Any]
Images = npt.NDArray[np.uint8]
ByteLabels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
AnyFloats = npt.NDArray[np.floating[Any]]
Doubles = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


class DataError(RuntimeError):
    """The bundled data set is missing or damaged; the message says how to restore it."""


class Mnist(NamedTuple):
    """The whole data set, read-only: images uint8 (n, 28, 28), labels uint8 (n,) from 0 to 9."""

    x_train: Images
    y_train: ByteLabels
    x_test: Images
    y_test: ByteLabels


class Split(NamedTuple):
    """Prepared images, float32 (n, 784) in [0, 1], and one-hot labels, float32 (n, 10)."""

    x: Floats
    y: Floats


class Splits(NamedTuple):
    """What a run trains on, is judged by, and is tested on."""

    train: Split
    validation: Split
    test: Split


@cache
def load_mnist(path: Path = MNIST_PATH) -> Mnist:
    """Load 60,000 training and 10,000 test images with labels, checked against their SHA-256.

    Raises DataError if the file is missing or is not, to the byte, the MNIST that we bundle.
    """
    restore = "restore it with `git checkout -- core/data/mnist.npz`, or install Digit Lab again"
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            arrays = {key: archive[key] for key in SHA256}
    except FileNotFoundError:
        raise DataError(f"the data set {path} is missing; {restore}") from None
    except Exception as error:  # a damaged archive raises almost anything
        raise DataError(
            f"the data set {path} cannot be read ({error}); expected an .npz archive with "
            f"the arrays {', '.join(SHA256)}; {restore}"
        ) from error
    for key, expected in SHA256.items():
        found = hashlib.sha256(arrays[key].tobytes()).hexdigest()
        if found != expected:
            raise DataError(
                f"the data set {path} is damaged: array {key} has SHA-256 {found}, "
                f"expected {expected}; {restore}"
            )
        arrays[key].setflags(write=False)
    return Mnist(**arrays)


def scale_images(images: Images) -> Floats:
    """Flatten uint8 (n, 28, 28) to float32 (n, 784), divided by 255 to lie in [0, 1].

    The notebook fits a min-max scaler to each pixel instead; a plain division prepares a drawn
    digit and a test digit alike.
    """
    return images.reshape(-1, PIXELS).astype(np.float32) / np.float32(255)


def one_hot(labels: ByteLabels) -> Floats:
    """Labels uint8 (n,) from 0 to 9 to float32 (n, 10)."""
    return np.eye(CLASSES, dtype=np.float32)[labels]


def split_indices(config: RunConfig) -> tuple[Indices, Indices]:
    """Indices into the training set of the images trained on and of those held out.

    Drawn from the run's seed; of the first, `training_images` are kept.
    """
    train, validation = train_test_split(
        np.arange(TRAINING_SET), test_size=config.validation_size, random_state=config.seed
    )
    return train[: config.training_size], validation


def prepare_splits(config: RunConfig) -> Splits:
    """The three splits of a run; the test split is always all 10,000 test images."""
    mnist = load_mnist()
    train, validation = split_indices(config)
    return Splits(
        train=Split(scale_images(mnist.x_train[train]), one_hot(mnist.y_train[train])),
        validation=Split(
            scale_images(mnist.x_train[validation]), one_hot(mnist.y_train[validation])
        ),
        test=Split(scale_images(mnist.x_test), one_hot(mnist.y_test)),
    )
