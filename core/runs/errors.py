"""What can be wrong with a run; each message is a sentence for the person who asked."""


class RunError(RuntimeError):
    """Something is wrong with a run; the message is a sentence for the person who asked."""


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
