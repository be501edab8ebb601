"""Probabilities kept in half the room: rounded to float16 so that the answers stay, and read back.

Near 1 the steps of float16 are 5e-4 wide, near 0 they are tiny: what a network is unsure of is kept
well, and what it is sure of is 1 less the rest.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from core.data import Floats


def round_probabilities(probabilities: Floats) -> npt.NDArray[np.float16]:
    """Probabilities (n, classes) as float16, each row's argmax as it was.

    Rounding keeps the order but makes ties, of which argmax takes the lowest class: where that
    would be another, it is lowered by one step.
    """
    rounded = probabilities.astype(np.float16)
    winners = probabilities.argmax(axis=1)[:, None]
    is_lower = np.arange(probabilities.shape[1]) < winners
    ties = is_lower & (rounded == np.take_along_axis(rounded, winners, axis=1))
    rounded[ties] = np.nextafter(rounded[ties], np.float16(0))
    return rounded


def restore_winners(stored: npt.NDArray[np.floating[Any]]) -> Floats:
    """Float16 probabilities (n, classes) as float32, each row's largest as 1 less the others.

    Unless it then were no longer the largest, for the others' own rounding.
    """
    values = stored.astype(np.float64)
    winners = values.argmax(axis=1)[:, None]
    others = values.copy()
    np.put_along_axis(others, winners, 0, axis=1)
    restored = 1 - others.sum(axis=1, keepdims=True)
    kept = np.take_along_axis(values, winners, axis=1)
    # As float32, for that is how they will be compared.
    is_largest = restored.astype(np.float32) > others.max(axis=1, keepdims=True)
    np.put_along_axis(values, winners, np.where(is_largest, restored, kept), axis=1)
    return values.astype(np.float32)
