"""The ten test digits that the network of the Train page is seen to read."""

import numpy as np

from core.config import CLASSES, IMAGE_SIDE
from core.data import DataError, Images, load_mnist

TEN_DIGITS = [3, 2, 1, 18, 4, 8, 11, 0, 61, 7]
"""The first test image of each digit, 0 to 9."""


def read_ten_digits() -> Images:
    """Their images, uint8 (10, 28, 28); blank if the data set cannot be read."""
    try:
        return load_mnist().x_test[TEN_DIGITS]
    except DataError:  # of which the pages that need more than a decoration say why
        return np.zeros((CLASSES, IMAGE_SIDE, IMAGE_SIDE), np.uint8)
