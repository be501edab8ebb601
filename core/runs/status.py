"""What the small files of a run directory say: the documents that training and page exchange."""

import time
from enum import StrEnum
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from core.config import RunConfig, bounds
from core.config.settings import settings

# Within these bounds a damaged file can still be shown; beyond them it is reported.
Count = Annotated[int, Field(ge=0, le=10**9)]
Seconds = Annotated[float, Field(ge=0, le=1e11)]


class State(StrEnum):
    """Where a run stands. `damaged` is never stored: it is how an unreadable run is reported."""

    QUEUED = "queued"
    RUNNING = "running"
    PAUSED = "paused"
    STOPPING = "stopping"
    FINISHED = "finished"
    STOPPED = "stopped"
    FAILED = "failed"
    DAMAGED = "damaged"

    @property
    def is_active(self) -> bool:
        """Whether the run is still to train: queued, running, paused or stopping."""
        return self in {State.QUEUED, State.RUNNING, State.PAUSED, State.STOPPING}


class Status(BaseModel):
    """What `status.json` says: how far the training is, several times a second."""

    model_config = ConfigDict(frozen=True, allow_inf_nan=False)

    state: State
    epoch: Count = 0
    """The epoch under way, from 1; after the end, the last one."""
    batch: Count = 0
    """Batches done in this epoch."""
    running_loss: float | None = None
    """What Keras reports while it fits: the mean of the epoch so far, dropout on, with penalty."""
    running_accuracy: Annotated[float, Field(ge=0, le=1)] | None = None
    learning_rate: float | None = None
    """The rate of the latest batch."""
    base_learning_rate: float | None = None
    """The rate before the schedule: what the learning-rate slider sets."""
    seconds: Seconds = 0.0
    """Time spent training, without pauses."""
    overhead_seconds: Seconds | None = None
    """Time spent beside the epochs, to prepare the network and the images and to write results, of
    a run that trained to its end in one process."""
    seconds_per_epoch: Seconds | None = None
    seconds_left: Seconds | None = None
    heartbeat: Seconds = Field(default_factory=time.time)
    """Unix time of writing."""
    final_epoch: Count | None = None
    """The epoch whose weights `model.keras` holds, once the run has ended."""
    host: str = ""
    error: str | None = None
    """Why the run failed, or why it cannot be read: a sentence."""

    @property
    def is_silent(self) -> bool:
        """Whether a run that should be training has given no sign of life for `silent_seconds`.

        Training writes its status several times a second. A paused run is never silent: its worker
        leaves it after a while, until it is resumed.
        """
        working = self.state in {State.RUNNING, State.STOPPING}
        return working and self.seconds_since_written > settings().silent_seconds

    @property
    def seconds_since_written(self) -> float:
        """Seconds since it was written; positive even if the clock was set back."""
        return abs(time.time() - self.heartbeat)


class Request(StrEnum):
    """What may be requested of a training."""

    RUN = "run"
    PAUSE = "pause"
    STOP = "stop"


class Control(BaseModel):
    """What `control.json` says: the latest request, and a new base learning rate if one was."""

    model_config = ConfigDict(frozen=True)

    request: Request = Request.RUN
    learning_rate: Annotated[float, bounds("learning_rate")] | None = None


class Trial(BaseModel):
    """What a sweep began a run for."""

    model_config = ConfigDict(frozen=True)

    sweep: str
    """The sweep's id."""
    number: Count
    """The number of the trial within the sweep, from 0."""
    seed: Count = 0
    """The place of the run's seed among the trial's, from 0."""


class Parent(BaseModel):
    """The run whose network another one started from."""

    model_config = ConfigDict(frozen=True)

    run: str
    """Its id; it may have been deleted."""
    name: str
    """What it was called then."""
    epoch: Count
    """The epoch whose weights that network has."""
    epochs_before: Count
    """The epochs that went into that network, those of the parent's parents too."""
    seconds_before: Seconds = 0.0
    """The time spent training them."""
    learned_drawings: bool = False
    """Whether that network had learned from drawings."""


class LearnedDrawings(BaseModel):
    """The drawings that a run learns from beside MNIST."""

    model_config = ConfigDict(frozen=True)

    owner: str | None
    """Whose they are; None: everybody's."""
    count: Count
    share: Annotated[float, Field(gt=0, lt=1)]
    """Of what the run learns from in an epoch."""


class Record(BaseModel):
    """What `config.json` says: the configuration, and the run's name, owner and creation."""

    model_config = ConfigDict(frozen=True)

    name: str
    owner: str
    created: AwareDatetime
    config: RunConfig
    trial: Trial | None = None
    """None for a run that no sweep began."""
    parent: Parent | None = None
    """None for a run that starts from random weights."""
    drawings: LearnedDrawings | None = None
    """None for a run that learns from MNIST alone."""


class Label(BaseModel):
    """What `label.json` says: how people mark a run, apart from what it is."""

    model_config = ConfigDict(frozen=True)

    name: str | None = None
    """What the run is called now; None for the name it was created with."""
    note: str = ""
    pinned: bool = False
    """Whether it stands above the other runs."""
