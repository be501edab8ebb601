"""The dashboard within this process: its pages as Streamlit's AppTest runs them, on a folder of
runs of their own. What a worker would answer is computed at once, here.
"""

import base64
import io
import json
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import numpy.typing as npt
from google.protobuf.message import Message
from PIL import Image
from streamlit.components.v2.component_manager import BidiComponentManager
from streamlit.runtime.media_file_manager import MediaFileManager
from streamlit.runtime.media_file_storage import MediaFileStorage
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Block, Element, Node
from streamlit.util import calc_hash

from core.runs import Run, RunStore

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
    address(app, page, **query).run()
    assert not app.exception, app.exception[0].value
    return app


def address(app: AppTest, page: str, **query: str | list[str]) -> AppTest:
    """Have the next run be of this page: `switch_page` knows its address after a first run only."""
    app.query_params.update(query)
    app._page_hash = calc_hash(page)
    return app


@cache
def _components() -> BidiComponentManager:
    """The installed components: to look for them anew takes longer than to run most pages."""
    manager = BidiComponentManager()
    manager.discover_and_register_components(start_file_watching=False)
    return manager


def call_here(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Future[Any]:
    """What the engine's `submit` would give, computed at once."""
    future: Future[Any] = Future()
    try:
        future.set_result(function(*args, **kwargs))
    except Exception as error:
        future.set_exception(error)
    return future


def rewrite_history(run: Run, **columns: list[float]) -> None:
    """Have the run's history say these values of its epochs."""
    run.write_history(run.history.assign(**columns).to_dict("records"))


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


def components(app: AppTest) -> dict[str, Any]:
    """The messages of the components on the page, by their keys."""
    found = [node.proto for node in nodes(app) if node.type == "bidi_component"]
    return {proto.id.rpartition("-")[2]: proto for proto in found}


def component_data(app: AppTest, key: str) -> dict[str, Any]:
    """What the component of this key is given."""
    proto = components(app)[key]
    data: dict[str, Any] = json.loads(proto.json or proto.mixed.json)
    return data


def chart(app: AppTest, key: str) -> Any:
    """The message of the chart of this key, Plotly's or ECharts'."""
    kinds = {"plotly_chart", "echarts_chart"}
    (found,) = [node.proto for node in nodes(app) if node.type in kinds and node.key == key]
    return found


def spec(app: AppTest, key: str) -> dict[str, Any]:
    """What the chart of this key is to draw, as the browser gets it; Plotly's arrays as NumPy's."""
    return json.loads(chart(app, key).spec, object_hook=_decode_array)


def captions(app: AppTest, key: str) -> list[str]:
    """The captions of a grid of images, with `<br>` between their lines."""
    return [annotation["text"] for annotation in spec(app, key)["layout"]["annotations"]]


def select(app: AppTest, key: str, **selection: object) -> AppTest:
    """Select in the chart or table of this key what a browser would say was clicked, and run."""
    (element,) = [node for node in nodes(app) if isinstance(node, Element) and node.key == key]
    states = app._tree.get_widget_states()
    value = json.dumps({"selection": selection})
    states.widgets.add(id=element.proto.id, string_value=value)
    app._run(states)
    assert not app.exception, app.exception[0].value
    return app


def _decode_array(found: dict[str, Any]) -> Any:
    if "bdata" not in found:
        return found
    values = np.frombuffer(base64.b64decode(found["bdata"]), found["dtype"])
    return values.reshape([int(length) for length in str(found.get("shape", -1)).split(",")])


class Media:
    """The pictures and downloads of the page that was run last, as a browser would fetch them."""

    def serve(self, storage: MediaFileStorage) -> MediaFileManager:
        """What AppTest is to have its pages put them into."""
        self._manager = MediaFileManager(storage)
        return self._manager

    def picture(self, app: AppTest, alt: str) -> npt.NDArray[np.uint8]:
        """The only picture with this alternative text: (height, width) or with channels."""
        (url,) = [img.url for image in app.image for img in image.proto.imgs if img.alt == alt]
        return np.asarray(Image.open(io.BytesIO(self._read(url))))

    def download(self, app: AppTest, key: str) -> bytes:
        """What a press of this button, whose file is made only then, downloads."""
        (proto,) = [button.proto for button in app.download_button if button.key == key]
        return self._read(self._manager.execute_deferred(proto.deferred_file_id))

    def _read(self, url: str) -> bytes:
        file = self._manager.read_file(PurePosixPath(url).name)
        assert file is not None, f"{url} is not there"
        return file.content
