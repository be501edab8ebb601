"""Functions that a worker runs for a page, most on a run's network, typed: for `Engine.submit`.

Each imports what it calls where it runs, so that a page which names it loads no Keras.
"""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from core.config import RunConfig
from core.data import Array, Doubles, Floats, Images, Indices, Mask
from core.drawing.answers import Neighbours, Reading, RunAnswer
from core.maps.request import MapRequest
from core.runs import Run


def bfloat16_speed() -> float:
    """`core.training.precision.bfloat16_speed`"""
    from core.training import precision

    return precision.bfloat16_speed()


def draw_variants(config: RunConfig, image: Images, count: int, epoch: int) -> Images:
    """`core.training.variants.draw_variants`"""
    from core.training import variants

    return variants.draw_variants(config, image, count, epoch)


def layer_table(run: Run) -> pd.DataFrame:
    """`core.network.inspect.layer_table`"""
    from core.network import inspect

    return inspect.layer_table(run)


def layer_configs(run: Run) -> dict[str, dict[str, Any]]:
    """`core.network.inspect.layer_configs`"""
    from core.network import inspect

    return inspect.layer_configs(run)


def first_layer_weights(
    run: Run, epoch: int, first: int, count: int
) -> tuple[Floats, Indices, Doubles]:
    """`core.network.inspect.first_layer_weights`"""
    from core.network import inspect

    return inspect.first_layer_weights(run, epoch, first, count)


def weight_histograms(run: Run, epoch: int) -> pd.DataFrame:
    """`core.network.inspect.weight_histograms`"""
    from core.network import inspect

    return inspect.weight_histograms(run, epoch)


def dropout_losses(run: Run) -> tuple[int, int, float, Doubles]:
    """`core.network.dropout_losses.dropout_losses`"""
    from core.network import dropout_losses

    return dropout_losses.dropout_losses(run)


def load_weights(run: Run, epoch: int) -> Floats:
    """`core.network.load.load_weights`"""
    from core.network import load

    return load.load_weights(run, epoch)


def dead_units(run: Run, epoch: int) -> pd.DataFrame:
    """`core.network.inspect.dead_units`"""
    from core.network import inspect

    return inspect.dead_units(run, epoch)


def predict(run: Run, images: Array, epoch: int | None = None) -> Floats:
    """`core.drawing.reading.predict`"""
    from core.drawing import reading

    return reading.predict(run, images, epoch)


def predict_before(run: Run, images: Array) -> Floats:
    """`core.drawing.reading.predict_before`"""
    from core.drawing import reading

    return reading.predict_before(run, images)


def right_before(run: Run) -> Mask:
    """`core.drawing.reading.right_before`"""
    from core.drawing import reading

    return reading.right_before(run)


def read_image(run: Run, epoch: int, image: Array, digit: int | None = None) -> Reading:
    """`core.drawing.reading.read_image`"""
    from core.drawing import reading

    return reading.read_image(run, epoch, image, digit)


def answers_by_run(runs: Sequence[Run], image: Floats) -> tuple[RunAnswer, ...]:
    """`core.drawing.reading.answers_by_run`"""
    from core.drawing import reading

    return reading.answers_by_run(runs, image)


def answers_by_epoch(run: Run, image: Floats) -> tuple[Indices, Floats]:
    """`core.drawing.reading.answers_by_epoch`"""
    from core.drawing import reading

    return reading.answers_by_epoch(run, image)


def nearest_images(run: Run, epoch: int, image: Floats) -> Neighbours:
    """`core.drawing.reading.nearest_images`"""
    from core.drawing import reading

    return reading.nearest_images(run, epoch, image)


def place_on_map(run: Run, request: MapRequest, image: Floats) -> tuple[float, float]:
    """`core.maps.embedding.place_on_map`"""
    from core.maps import embedding

    return embedding.place_on_map(run, request, image)


def compute_and_keep_map(run: Run, request: MapRequest) -> None:
    """`core.maps.job.compute_and_keep_map`"""
    from core.maps import job

    job.compute_and_keep_map(run, request)
