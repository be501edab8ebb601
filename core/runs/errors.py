"""What can be wrong with a run; each message is a sentence that a page shows."""


class RunError(RuntimeError):
    """Something is wrong with a run; the message is a sentence that a page shows."""


class RunNotFoundError(RunError):
    """There is no such run, or no longer."""


class DamagedRunError(RunError):
    """A file of the run is missing or cannot be read."""


class RunBusyError(RunError):
    """Another process is training the run, or computing the map."""


class RunNotWritableError(OSError, RunError):  # in this order it can be pickled with its traceback
    """The run cannot be written: the disk is full, or not ours to write. It can go on later."""


class NoNetworkError(RunError):
    """The run has no network yet, for its first epoch has not ended."""


def describe_failure(
    error: Exception, expected: tuple[type[Exception], ...], if_out_of_memory: str
) -> str:
    """The sentence for a status that says why a job failed.

    The message of an `expected` error says it; of any other, its type is named too.
    """
    if isinstance(error, expected):
        words = str(error)
        return f"{words[:1].upper()}{words[1:]}."
    if isinstance(error, MemoryError) or type(error).__name__ == "ResourceExhaustedError":
        return f"The machine ran out of memory. {if_out_of_memory}"
    return f"An error that Digit Lab did not expect: {type(error).__name__}: {error}"
