"""Runs a coroutine within a test."""

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any


def run_async(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """What the coroutine returns, run in a thread of its own.

    Where a browser test ran before in this process, Playwright's event loop runs in the main one.
    """
    with ThreadPoolExecutor(1) as executor:
        return executor.submit(asyncio.run, coroutine).result()
