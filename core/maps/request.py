"""Which map of a network's features is requested, and what comes back; needs no Keras.

`embedding.compute_map` turns the one into the other, on a worker; `job` keeps it with the run.
"""

import time
from contextlib import suppress
from enum import StrEnum
from typing import Annotated, Literal, NamedTuple, Self

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, model_validator

from core.config import Bounds, ControlKind, RunConfig
from core.config.hyperparameter import Traits
from core.data.browsing import DigitImages, load_digits, select_indices
from core.runs.status import State

EARLY_ITERATIONS, MAIN_ITERATIONS = 250, 500  # openTSNE's defaults
ITERATIONS = EARLY_ITERATIONS + MAIN_ITERATIONS
"""At most this many iterations of t-SNE: a map of few points is done sooner."""

POINT_COLUMNS = ("index", "true", "predicted", "confidence", "x", "y")
"""The columns of a map's points: see `FeatureMap`."""

# A job gives a sign of life every five; but one that is queued waits this long for a worker.
_SILENT_AFTER = 30.0  # seconds


class MapMethod(StrEnum):
    """How features become two dimensions: PCA alone, or PCA and then t-SNE."""

    TSNE = "tsne"
    PCA = "pca"


class MapRequest(BaseModel):
    """A map of a run's features, validated and frozen. The defaults are the notebook's."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    layer: str = Field(
        pattern=r"^[a-z0-9_]+$",
        title="Features",
        description="Which layer's activations are mapped. The deeper the layer, the better it "
        "keeps the classes apart; the pixels show where it all starts from.",
    )
    """A hidden layer's name, or `architecture.PIXELS_LAYER`."""
    split: Literal["train", "validation", "test"] = Field(
        "train",
        title="Images",
        description="From which split. The network learned from the training images only.",
    )
    points: Annotated[
        int,
        Bounds(100, 10_000, logarithmic=True),
        Traits(control=ControlKind.ONE_TWO_FIVE),
    ] = Field(
        1_000,
        title="How many",
        description="The first so many images of the split. 1,000 take seconds, 10,000 a minute "
        "or so.",
    )
    method: MapMethod = Field(
        MapMethod.TSNE,
        title="Method",
        description="PCA keeps the directions in which the features vary most. t-SNE, started from "
        "20 of them, keeps neighbours together; far distances then mean little.",
    )
    pca_components: Annotated[int, Bounds(2, 100)] = 20
    perplexity: Annotated[
        int,
        Bounds(2, 200, logarithmic=True),
        Traits(control=ControlKind.SLIDER),
    ] = Field(
        30,
        title="Perplexity",
        description="How many neighbours a point tries to keep, roughly. Small shows fine "
        "structure, large the coarse; at most a third of the points.",
    )
    seed: Annotated[int, Bounds(0, 2**31 - 1)] = Field(
        0,
        title="Seed of the map",
        description="The same seed gives the same map; another one shows what is chance in it.",
    )

    @model_validator(mode="after")
    def _limit_perplexity(self) -> Self:
        if self.method is MapMethod.TSNE:
            check_perplexity(self.perplexity, self.points)
        return self

    @property
    def key(self) -> str:
        """The map's file name: all that it depends on except the network."""
        parts = [self.method, self.layer, self.split, self.points]
        if self.method is MapMethod.TSNE:
            parts += [self.pca_components, self.perplexity, self.seed]
        return "-".join(map(str, parts))


def parse_map_key(key: str) -> MapRequest | None:
    """Parse a map's `key`; None for any other text."""
    names = ("method", "layer", "split", "points", "pca_components", "perplexity", "seed")
    with suppress(ValueError):
        request = MapRequest.model_validate(dict(zip(names, key.split("-"), strict=False)))
        if request.key == key:
            return request
    return None


class FeatureMap(NamedTuple):
    """A map, or a stage of one that is still growing."""

    points: pd.DataFrame
    """A row an image: index, true, predicted, confidence (of the prediction), x, y.

    The index is into all 60,000 training images, or into the 10,000 test images.
    """
    iteration: int = 0
    """Iterations of t-SNE done; 0 for PCA."""
    feature_agreement: float | None = None
    """How often the ten nearest neighbours share a point's class, in the layer's own space; None
    while the map grows."""
    map_agreement: float | None = None
    """The same in the map."""
    epoch: int = 0
    """The epoch whose weights the network had."""
    is_stopped: bool = False
    """Whether `on_progress` stopped it before it was done."""


class MapStatus(BaseModel):
    """How far a map is that a run keeps: what its job tells the page, every few iterations."""

    model_config = ConfigDict(frozen=True, allow_inf_nan=False)

    state: State
    epoch: int = 0
    """The epoch whose weights the network had; 0 until that is known."""
    iteration: int = 0
    """Iterations of t-SNE done; 0 for PCA."""
    feature_agreement: float | None = None
    map_agreement: float | None = None
    heartbeat: float = Field(default_factory=time.time)
    """Unix time of writing."""
    error: str | None = None
    """Why the map failed: a sentence."""
    owner: str | None = None
    """The name of the user who requested it."""

    @property
    def is_silent(self) -> bool:
        """Whether a map that should be growing, or about to, has given no sign of life for long."""
        return self.state.is_active and abs(time.time() - self.heartbeat) > _SILENT_AFTER

    def is_current(self, epoch: int) -> bool:
        """Whether no new job is needed: one is under way, or done for the network of `epoch`."""
        if self.state.is_active:
            return not self.is_silent
        return self.state is State.FINISHED and self.epoch == epoch


def check_perplexity(perplexity: float, points: int) -> None:
    """Raise ValueError unless a map of `points` points can have this perplexity.

    t-SNE looks at three times as many neighbours as its perplexity.
    """
    if not 1 <= perplexity <= (points - 1) / 3:
        raise ValueError(
            f"perplexity {perplexity:g} does not suit {points} points; "
            f"choose 1 to {(points - 1) // 3}, a third of the points"
        )


def select_images(config: RunConfig, request: MapRequest) -> DigitImages:
    """The requested images of the run's split."""
    indices = select_indices(config, request.split)[: request.points]
    return load_digits(request.split, indices)
