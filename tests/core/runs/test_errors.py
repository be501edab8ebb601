"""What a worker raises reaches the server as what it is, and not as a bare Exception."""

from collections.abc import Iterator

import pytest
from distributed.core import clean_exception, error_message

from core.runs.errors import NoNetworkError, RunError, RunNotWritableError


def subclasses(error: type[Exception]) -> Iterator[type[Exception]]:
    yield error
    for narrower in error.__subclasses__():
        yield from subclasses(narrower)


@pytest.mark.parametrize("error", sorted(set(subclasses(RunError)), key=str))
def test_an_error_of_a_run_is_sent_by_dask_as_it_is(error: type[RunError]) -> None:
    try:
        try:
            raise IsADirectoryError(21, "Is a directory", "weights.npy")
        except OSError as cause:
            raise error("run 7 cannot be written") from cause
    except RunError as raised:
        sent = error_message(raised)
    kind, exception, _ = clean_exception(sent["exception"].data)
    assert kind is error
    assert str(exception) == "run 7 cannot be written"


def test_the_errors_of_a_run_are_all_looked_at() -> None:
    assert {NoNetworkError, RunNotWritableError} < set(subclasses(RunError))
