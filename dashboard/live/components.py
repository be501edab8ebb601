"""Mounts the parts of a page that the browser draws by itself, as it runs the network itself.

Parts of one scene show the same network and picture, wherever on the page they are.
"""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypedDict

import numpy as np
import streamlit as st

from core.config import RunConfig
from core.config.architecture import LayerKind, describe_layers
from core.data import AnyFloats, Images
from core.drawing import DrawingSteps
from core.runs import Run
from dashboard.charts.colors import CLASS_COLORS
from dashboard.live.kept_drawing import drawing_key
from dashboard.live.routes import MAX_BYTES, VERSION, weights_bytes, weights_path

PICTURE_HELP = (
    "Every unit is a tile: red where its activation is above zero, blue below, the stronger the "
    "further from it. The lines are the strongest contributions, activation times weight: red adds "
    "to a unit, blue takes away. It is computed in your browser, also while the pen is down."
)

_LOAD = (Path(__file__).parent / "load.js").read_text("utf-8").replace("VERSION", VERSION)
# It is sent with each run of a page: so it only loads the rest.
_component = st.components.v2.component("digit_lab_live", js=_LOAD)


class NetworkInBrowser(TypedDict):
    """What `scene.js` needs to know of a run's network after an epoch."""

    run: str
    epoch: int | None
    hidden: list[int]
    activation: str
    url: str | None
    """Where its weights are, from the module's folder; None if the browser cannot run it."""
    problem: str
    """Why not, as a sentence; "" if it can."""


class Served(NamedTuple):
    """The server's answer to an image, (28, 28)."""

    image: AnyFloats | Images
    probabilities: AnyFloats
    activations: Mapping[str, AnyFloats]
    """Of each hidden layer by its name, in order, (units,)."""


def render_answer(
    scene: str,
    run: Run,
    epoch: int,
    served: Served | None,
    *,
    empty: str = "",
    steps: DrawingSteps | None = None,
    chosen: int = 0,
    true: int | None = None,
) -> None:
    """Draw what the network reads: a heading and ten bars.

    With `steps` they follow the square on the page, prepared so, as it is drawn on; of several
    digits the one at the place `chosen`. Without, they are of `served`. `empty` is said where there
    is nothing to read; the bar of the `true` digit is named.
    """
    network = describe_network(run, epoch)
    _mount(
        "answer",
        scene,
        network=network,
        served=served and _pack_served(served, with_activations=bool(network["problem"])),
        empty=empty,
        has_square=steps is not None,
        steps=steps and vars(steps),
        chosen=chosen,
        true_digit=true,
        colors=CLASS_COLORS,
    )


def render_picture(
    scene: str,
    config: RunConfig,
    *,
    network: NetworkInBrowser | None = None,
    digits: Images | None = None,
    key: str | None = None,
) -> None:
    """Draw the network of `config`, with each of its units, and what it makes of a picture.

    `network` is that of the scene, unless another part says so. With `digits`, uint8 (n, 28, 28),
    they go in one after another, and the user's own last drawing; and as long as there is no
    network, dropout flickers. Of one `key` the scene may change.
    """
    _mount(
        "picture",
        scene,
        key,
        hidden=list(config.hidden),
        activation=config.activation.value,
        dropout=config.dropout,
        input_dropout=config.input_dropout,
        parameters=_count_incoming_parameters(config),
        network=network,
        digits=None if digits is None else _pack_images(digits),
        drawing_key=drawing_key(),
        colors=CLASS_COLORS,
    )


def render_strip(
    scene: str, network: NetworkInBrowser, digits: Images, probabilities: AnyFloats, training: bool
) -> None:
    """Draw the probabilities, (10, 10), of ten images, uint8 (10, 28, 28), a column an image.

    And those of the user's own last drawing, if there is one. While the run is `training`, the
    browser leaves out epochs that come too fast for its connection.
    """
    _mount(
        "strip",
        scene,
        network=network,
        digits=_pack_images(digits),
        probabilities=_as_numbers(probabilities),
        drawing_key=drawing_key(),
        is_training=training,
    )


def render_steps(scene: str) -> None:
    """Draw how the square of `render_answer` is prepared, step by step, as it is drawn on."""
    _mount("steps", scene)


def render_mind(scene: str) -> None:
    """Draw what would change the network's mind about the scene's picture."""
    _mount("mind", scene)


def describe_network(run: Run, epoch: int | None) -> NetworkInBrowser:
    """A run's network after an epoch, as the browser's module takes it.

    With None it is that of the run, after whichever epoch another part says.
    """
    config = run.config
    size = weights_bytes(config)
    problem = ""
    if size > MAX_BYTES:
        problem = (
            f"This network is too large for the browser: {size / 1e6:.1f} MB of weights, of at "
            f"most {MAX_BYTES / 1e6:.0f}. The answers are the server's, after each stroke."
        )
    return NetworkInBrowser(
        run=run.id,
        epoch=epoch,
        hidden=list(config.hidden),
        activation=config.activation.value,
        url=weights_path(run.id, epoch) if epoch and not problem else None,
        problem=problem,
    )


def _count_incoming_parameters(config: RunConfig) -> list[int]:
    """The parameters between two layers each: weights, biases, and those of batch normalisation."""
    counts: list[int] = []
    for layer in describe_layers(config):
        if layer.kind is LayerKind.DENSE:
            counts.append(layer.parameters)
        elif layer.parameters:
            counts[-1] += layer.parameters
    return counts


def _mount(part: str, scene: str, key: str | None = None, **data: Any) -> None:
    _component(key=key or f"{scene}_{part}", data={"part": part, "scene": scene, **data})


def _pack_served(served: Served, *, with_activations: bool) -> dict[str, Any]:
    """As JSON has it; with the activations only where the browser does not compute them."""
    image = served.image
    grey = image if image.dtype == np.uint8 else np.rint(255 * image).astype(np.uint8)
    layers = served.activations.values() if with_activations else ()
    return {
        "image": _pack_images(grey),
        "probabilities": _as_numbers(served.probabilities),
        "activations": [_as_numbers(values) for values in layers],
    }


def _pack_images(images: AnyFloats | Images) -> str:
    return b64encode(images.tobytes()).decode()


def _as_numbers(probabilities: AnyFloats) -> Sequence[Any]:
    """As lists, in no more digits than are seen; what is no number is 0, as JSON has none."""
    numbers: Sequence[Any] = np.nan_to_num(probabilities.astype(np.float64)).round(5).tolist()
    return numbers
