"""What a page that was run within a test leaves behind is put right; points of a map."""

import sys
from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest


@pytest.fixture(autouse=True)
def main_module_as_it_was() -> Iterator[None]:
    """Streamlit makes a script it runs the main module, which a worker started later would run."""
    main = sys.modules["__main__"]
    yield
    sys.modules["__main__"] = main


@pytest.fixture
def points() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "index": [40, 7, 12, 3],
            "true": np.array([5, 5, 2, 9], np.uint8),
            "predicted": [5, 3, 2, 4],
            "confidence": np.array([0.999, 0.45, 0.81, 0.96], np.float32),
            "x": np.array([0, 1, 2, 3], np.float32),
            "y": np.array([3, 2, 1, 0], np.float32),
        }
    )
