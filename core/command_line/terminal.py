"""What a command that trains shows and obeys on the terminal: a progress bar, and Ctrl-C."""

import logging
import os
import signal
from collections.abc import Callable

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn


def progress_bar() -> Progress:
    """A bar whose tasks have a field `detail`. Silences TensorFlow, if that is imported later."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[detail]}"),
        TimeElapsedColumn(),
        console=Console(stderr=True),
    )


def on_interrupt(act: Callable[[], object]) -> None:
    """Let the next Ctrl-C of this process call `act` where it would raise KeyboardInterrupt.

    The one after it raises, wherever the program then is. Raised in the midst of anything, the
    exception may be lost: pydantic, for one, makes an error of its own of it while it serialises.
    """

    def handle(*_: object) -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        act()

    signal.signal(signal.SIGINT, handle)
