"""Ctrl-C on the command line: obeyed where nothing is half done."""

import signal
from collections.abc import Callable


def on_interrupt(act: Callable[[], object]) -> None:
    """Let the next Ctrl-C of this process call `act` where it would raise KeyboardInterrupt.

    The one after it raises, wherever the program then is. Raised in the midst of anything, the
    exception may be lost: pydantic, for one, makes an error of its own of it while it serialises.
    """

    def handle(*_: object) -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        act()

    signal.signal(signal.SIGINT, handle)
