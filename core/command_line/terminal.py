"""What a command shows and obeys on the terminal: plain words, a progress bar, and Ctrl-C."""

import logging
import os
import signal
from collections.abc import Callable

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text


def plain(words: str) -> Text:
    """What a user typed, to be shown as typed: no markup, emoji codes or control characters."""
    return Text(printable(words))


def printable(words: str) -> str:
    """The words with a \ufffd in place of what is no character to print, such as an escape."""
    return "".join(one if one.isprintable() or one == "\n" else "\ufffd" for one in words)


def progress_bar() -> Progress:
    """A bar whose tasks have a field `detail`; both it and the description are shown as they are.

    Silences TensorFlow, if that is imported later.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.fields[detail]}", markup=False),
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
