"""What a page that was run within a test leaves behind is put right."""

import sys
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def main_module_as_it_was() -> Iterator[None]:
    """Streamlit makes a script it runs the main module, which a worker started later would run."""
    main = sys.modules["__main__"]
    yield
    sys.modules["__main__"] = main
