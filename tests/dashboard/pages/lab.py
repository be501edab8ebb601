"""The dashboard within this process: its pages as Streamlit's AppTest runs them, on a folder of
runs of their own. What a worker would answer is computed at once, here.
"""

from collections.abc import Iterator
from concurrent.futures import Future
from functools import cache
from pathlib import Path
from typing import Any

from google.protobuf.message import Message
from streamlit.components.v2.component_manager import BidiComponentManager
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Block, Element, Node

from core.engine.worker import call_by_name
from core.runs import RunStore

MAIN = Path(__file__).parents[3] / "dashboard" / "main.py"


class Lab:
    """A folder of runs, and pages opened on it."""

    def __init__(self, runs: RunStore) -> None:
        self.runs = runs

    def open(self, page: str, **query: str | list[str]) -> AppTest:
        """The page at this address, as a new visitor sees it, run once; it must not fail.

        `go` leads on from there.
        """
        app = AppTest.from_file(str(MAIN), default_timeout=30)
        app._bidi_component_manager = _components()
        return go(app, page, **query)


def go(app: AppTest, page: str, **query: str | list[str]) -> AppTest:
    """Lead a visitor on to another page, or view of it, by its address."""
    app.query_params.update(query)
    app.switch_page(f"app_pages/{page}.py").run()
    assert not app.exception, app.exception[0].value
    assert not any("Sorry" in error.value for error in app.error)
    return app


@cache
def _components() -> BidiComponentManager:
    """The installed components: to look for them anew takes longer than to run most pages."""
    manager = BidiComponentManager()
    manager.discover_and_register_components(start_file_watching=False)
    return manager


def call_here(function: Any, *args: Any) -> Future[Any]:
    """What the engine's `submit` would give, computed at once."""
    future: Future[Any] = Future()
    try:
        call = call_by_name if isinstance(function, str) else lambda f, *a: f(*a)
        future.set_result(call(function, *args))
    except Exception as error:
        future.set_exception(error)
    return future


def nodes(app: AppTest) -> Iterator[Node]:
    """Everything on the page, blocks and elements, in order."""

    def walk(node: Node) -> Iterator[Node]:
        yield node
        if isinstance(node, Block):
            for child in node.children.values():
                yield from walk(child)

    yield from walk(app._tree)


def protos(app: AppTest, kind: str) -> list[Any]:
    """The messages of all elements of this kind, such as `plotly_chart`, that the browser gets."""
    return [node.proto for node in nodes(app) if isinstance(node, Element) and node.type == kind]


def words(app: AppTest) -> str:
    """All that the page would have a browser write, a text a line: markdown as it is written."""
    return "\n".join(text for node in nodes(app) for text in _texts(getattr(node, "proto", None)))


def _texts(message: object) -> Iterator[str]:
    if isinstance(message, Message):
        for _, value in message.ListFields():
            yield from _texts(value)
    elif isinstance(message, str):
        yield message
    elif hasattr(message, "__iter__") and not isinstance(message, bytes | dict):
        for part in message:
            yield from _texts(part)
