"""What is found inside a network, as plain arrays; needs no Keras, so that a page can hold it."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from core.data import Floats


class FirstLayer(NamedTuple):
    """The first layer's weights as pictures, the unit with the largest norm first."""

    images: Floats
    """float32 (units, 28, 28); no bounds, zero is neutral."""
    units: npt.NDArray[np.int64]
    """The number of each unit in its layer, from 0."""
    norms: Floats
    """The Euclidean norm of each unit's weights, falling."""
