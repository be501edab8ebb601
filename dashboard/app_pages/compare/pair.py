"""Two of the compared runs and what each answered to the test images."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import streamlit as st

from core.data import load_mnist
from core.runs.errors import DamagedRunError
from dashboard import text
from dashboard.app_pages.compare.compared import Compared
from dashboard.session.queries import test_probabilities


class Pair(NamedTuple):
    """A and B, whatever their letters are, as their networks stand."""

    a: Compared
    b: Compared
    labels: npt.NDArray[np.uint8]
    """(10000,), as all answers are."""
    predicted_a: npt.NDArray[np.int64]
    predicted_b: npt.NDArray[np.int64]

    @property
    def right_a(self) -> npt.NDArray[np.bool_]:
        """Which images A gets right."""
        right: npt.NDArray[np.bool_] = self.predicted_a == self.labels
        return right

    @property
    def right_b(self) -> npt.NDArray[np.bool_]:
        """Which images B gets right."""
        right: npt.NDArray[np.bool_] = self.predicted_b == self.labels
        return right


def load_pair(a: Compared, b: Compared) -> Pair:
    """The answers of both; if they cannot be read, say why and end the page."""
    try:
        predicted = [
            test_probabilities(one.run, one.epoch).argmax(axis=1).astype(np.int64) for one in (a, b)
        ]
    except DamagedRunError as error:
        st.error(
            text.plain(error), title="These runs cannot be shown", icon=":material/broken_image:"
        )
        st.stop()
    return Pair(a, b, load_mnist().y_test, *predicted)
