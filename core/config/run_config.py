"""Every hyperparameter of a run, once: a new one is a field of `RunConfig`.

A field states its type, default, label and help text; a number also its bounds. `Traits` state
what does not follow from these.
"""

import re
from collections.abc import Collection
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    field_validator,
)

from core.config.bounds import Bounds
from core.config.hyperparameter import ControlKind, Group, Hyperparameter, Rebuilt, Traits

IMAGE_SIDE = 28
PIXELS = IMAGE_SIDE * IMAGE_SIDE
CLASSES = 10
TRAINING_SET = 60_000
TEST_SET = 10_000
MAX_HIDDEN_LAYERS = 6


class Activation(StrEnum):
    """Activation functions of the hidden layers, by their Keras names."""

    RELU = "relu"
    TANH = "tanh"
    SIGMOID = "sigmoid"
    ELU = "elu"
    GELU = "gelu"


class Optimizer(StrEnum):
    """Optimizers; `sgd-momentum` is SGD with momentum 0.9."""

    ADAM = "adam"
    SGD = "sgd"
    SGD_MOMENTUM = "sgd-momentum"
    RMSPROP = "rmsprop"


MOMENTUM = 0.9


class Schedule(StrEnum):
    """How the learning rate moves over the run's batches."""

    CONSTANT = "constant"
    COSINE = "cosine"


class Precision(StrEnum):
    """What the network computes in, by Keras's names; its weights are float32 in either."""

    FLOAT32 = "float32"
    BFLOAT16 = "bfloat16"


Width = Annotated[int, Bounds(1, 2048, logarithmic=True)]


def _widths_from_text(value: Any) -> Any:
    """Accept "512-256" and "512 256" (the URL, the command line) as well as a sequence.

    A "-" in front of a width is its sign, and validation refuses it.
    """
    return re.sub(r"\b-\b", " ", value).split() if isinstance(value, str) else value


class RunConfig(BaseModel):
    """One run's hyperparameters, validated and frozen. The defaults are the notebook's network."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    hidden: Annotated[
        tuple[Width, ...],
        BeforeValidator(_widths_from_text),
        Traits(
            rebuilds=Rebuilt.GRAPH,
            group=Group.MAIN,
            control=ControlKind.LAYERS,
            sweep_values=("128", "256-128", "512-256"),
        ),
    ] = Field(
        (512, 256),
        title="Hidden layers",
        description="Units in each hidden layer. More units and layers can express more, "
        "learn more slowly and overfit more easily. None at all is a linear classifier.",
    )
    activation: Annotated[Activation, Traits(rebuilds=Rebuilt.GRAPH)] = Field(
        Activation.RELU,
        title="Activation",
        description="The non-linearity after each hidden layer. ReLU, ELU and GELU keep gradients "
        "alive in deep networks; sigmoid and tanh saturate and learn more slowly.",
    )
    dropout: Annotated[
        float,
        Bounds(0, 0.9),
        Traits(rebuilds=Rebuilt.GRAPH, group=Group.MAIN, step=0.05, sweep_range=(0, 0.7)),
    ] = Field(
        0.0,
        title="Dropout",
        description="Share of each hidden layer's units switched off at random in every training "
        "step. It hinders overfitting, and makes the loss while fitting look worse than it is.",
    )
    input_dropout: Annotated[
        float, Bounds(0, 0.9), Traits(rebuilds=Rebuilt.GRAPH, step=0.05, sweep_range=(0, 0.4))
    ] = Field(
        0.0,
        title="Input dropout",
        description="Share of the pixels switched off at random in every training step: the "
        "network may not rely on any one. A little of it makes large networks more accurate.",
    )
    l2: Annotated[
        float,
        Bounds(1e-6, 1e-1, logarithmic=True, or_zero=True),
        Traits(rebuilds=Rebuilt.GRAPH, group=Group.MAIN, sweep_range=(1e-6, 1e-2)),
    ] = Field(
        0.0,
        title="L2",
        description="Penalty on the squared weights of the hidden layers, added to the loss. "
        "Keeps weights small and the function smooth; too much and the network cannot fit.",
    )
    batch_normalization: Annotated[bool, Traits(rebuilds=Rebuilt.GRAPH)] = Field(
        False,
        title="Batch normalisation",
        description="Standardises each hidden unit's input over the batch. Training tolerates "
        "higher learning rates and deeper networks; small batches make it noisy.",
    )
    optimizer: Annotated[Optimizer, Traits(rebuilds=Rebuilt.GRAPH)] = Field(
        Optimizer.ADAM,
        title="Optimizer",
        description="How gradients become weight changes. Adam and RMSprop adapt the step of each "
        "weight; plain SGD needs a learning rate 10 to 100 times higher; sgd-momentum uses 0.9.",
    )
    learning_rate: Annotated[
        float,
        Bounds(1e-6, 10, logarithmic=True),
        Traits(rebuilds=Rebuilt.NOTHING, group=Group.MAIN, sweep_range=(1e-4, 1e-2)),
    ] = Field(
        1e-3,
        title="Learning rate",
        description="Size of each step down the gradient. Too small learns slowly; too large "
        "jumps about, or diverges. It can be changed while the run trains.",
    )
    schedule: Annotated[Schedule, Traits(rebuilds=Rebuilt.NOTHING)] = Field(
        Schedule.CONSTANT,
        title="Learning-rate schedule",
        description="Constant, or falling to zero along a half cosine over all the epochs, which "
        "usually ends a little more accurate.",
    )
    batch_size: Annotated[
        int,
        Bounds(16, 4096, logarithmic=True),
        Traits(
            rebuilds=Rebuilt.GRAPH,
            group=Group.MAIN,
            control=ControlKind.POWERS_OF_TWO,
            sweep_range=(64, 1024),
        ),
    ] = Field(
        512,
        title="Batch size",
        description="Images per training step. Small batches give more and noisier steps an epoch "
        "and take longer; large ones are quick but often need a higher learning rate.",
    )
    epochs: Annotated[
        int, Bounds(1, 200), Traits(rebuilds=Rebuilt.NOTHING, group=Group.MAIN, sweep_range=(5, 50))
    ] = Field(
        50,
        title="Epochs",
        description="Passes through the training images. Past the best epoch the network only "
        "learns its training images by heart.",
    )
    precision: Annotated[Precision, Traits(rebuilds=Rebuilt.GRAPH)] = Field(
        Precision.FLOAT32,
        title="Precision",
        description="What the network computes in. bfloat16 keeps 8 bits of each number instead of "
        "24: several times as fast on processors made for it, slower on others; the page says "
        "which this one is.",
    )
    early_stopping: Annotated[bool, Traits(rebuilds=Rebuilt.NOTHING)] = Field(
        False,
        title="Early stopping",
        description="Stop when the validation loss has not improved for a while: saves time, and "
        "ends the run before it overfits.",
    )
    patience: Annotated[
        int,
        Bounds(1, 100),
        Traits(rebuilds=Rebuilt.NOTHING, shown_with="early_stopping", sweep_range=(2, 20)),
    ] = Field(
        5,
        title="Patience",
        description="With early stopping: epochs without improvement before the run ends.",
    )
    min_delta: Annotated[
        float,
        Bounds(0, 1),
        Traits(
            rebuilds=Rebuilt.NOTHING,
            control=ControlKind.NUMBER,
            step=1e-4,
            shown_with="early_stopping",
            sweep_range=(0, 0.01),
        ),
    ] = Field(
        0.0,
        title="Least improvement",
        description="With early stopping: a smaller fall of the validation loss does not count.",
    )
    restore_best_weights: Annotated[
        bool,
        Traits(rebuilds=Rebuilt.NOTHING, shown_with="early_stopping"),
    ] = Field(
        True,
        title="Restore best weights",
        description="With early stopping: end with the weights of the epoch with the lowest "
        "validation loss, not with the last ones.",
    )
    validation_share: Annotated[
        float,
        Bounds(0.05, 0.5),
        Traits(
            rebuilds=Rebuilt.IMAGES,
            step=0.05,
            not_swept="trials are compared on the same validation images",
        ),
    ] = Field(
        0.3,
        title="Validation share",
        description="Part of the 60,000 training images held out to judge the network by. More "
        "makes the judgement steadier and leaves fewer images to learn from.",
    )
    training_images: Annotated[
        int,
        Bounds(1_000, TRAINING_SET, logarithmic=True),
        Traits(rebuilds=Rebuilt.IMAGES, step=1_000, sweep_range=(1_000, 50_000)),
    ] = Field(
        TRAINING_SET,
        title="Training images",
        description="At most this many of the images that are not held out are used for training. "
        "With few, a network overfits within seconds.",
    )
    rotation: Annotated[
        float,
        Bounds(0, 45),
        Traits(rebuilds=Rebuilt.GRAPH, group=Group.AUGMENTATION, step=1, sweep_range=(0, 20)),
    ] = Field(
        0.0,
        title="Rotation",
        description="Degrees by which each training image is turned at most, either way, by "
        "another angle in every epoch. The network learns to read slanting digits.",
    )
    zoom: Annotated[
        float,
        Bounds(0, 0.3),
        Traits(rebuilds=Rebuilt.GRAPH, group=Group.AUGMENTATION, step=0.01),
    ] = Field(
        0.0,
        title="Zoom",
        description="Share by which height and width of each training image grow or shrink at "
        "most, each by itself. The network learns that digits are tall and wide, large and small.",
    )
    shear: Annotated[
        float,
        Bounds(0, 0.5),
        Traits(rebuilds=Rebuilt.GRAPH, group=Group.AUGMENTATION, step=0.01, sweep_range=(0, 0.3)),
    ] = Field(
        0.0,
        title="Shear",
        description="How far each training image leans at most, either way, in pixels to the side "
        "for each pixel up. The network learns upright and leaning hands.",
    )
    shift: Annotated[
        float,
        Bounds(0, 4),
        Traits(rebuilds=Rebuilt.GRAPH, group=Group.AUGMENTATION, step=0.25, sweep_range=(0, 3)),
    ] = Field(
        0.0,
        title="Shift",
        description="Pixels by which each training image is moved at most, up or down and to a "
        "side. The network no longer relies on where exactly a stroke lies.",
    )
    elastic: Annotated[
        float,
        Bounds(0, 3),
        Traits(rebuilds=Rebuilt.GRAPH, group=Group.AUGMENTATION, step=0.1, sweep_range=(0, 1.5)),
    ] = Field(
        0.0,
        title="Elastic displacement",
        description="How far each training image is bent, as an unsteady hand would: in each "
        "direction two thirds of its pixels move by less than this many, neighbours alike.",
    )
    seed: Annotated[
        int,
        Bounds(0, 2**31 - 1),
        Traits(
            rebuilds=Rebuilt.IMAGES,
            not_swept="seeds are chance and not a choice; set how many seeds each trial gets",
        ),
    ] = Field(
        0,
        title="Seed",
        description="Decides the split, the first weights, the order of images, dropout and "
        "augmentation. The same seed repeats a run exactly; other seeds show how much is chance.",
    )

    @field_validator("hidden")
    @classmethod
    def _limit_depth(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        if len(value) > MAX_HIDDEN_LAYERS:
            raise ValueError(f"{len(value)} layers are too many; choose 0 to {MAX_HIDDEN_LAYERS}")
        return value

    @property
    def validation_size(self) -> int:
        """Number of images held out for validation, 18,000 by default."""
        return round(TRAINING_SET * self.validation_share)

    @property
    def training_size(self) -> int:
        """Number of images trained on, 42,000 by default."""
        return min(self.training_images, TRAINING_SET - self.validation_size)

    @property
    def batches(self) -> int:
        """Training steps in an epoch; the last one may hold fewer images."""
        return -(-self.training_size // self.batch_size)

    @property
    def is_regularized(self) -> bool:
        """Whether pixels are dropped, or hidden units, or the hidden layers' weights are penalised.

        A linear network has no hidden layers, whatever their dropout and L2 are set to.
        """
        return bool(self.input_dropout or (self.hidden and (self.dropout or self.l2)))

    @property
    def is_augmented(self) -> bool:
        """Whether the training images are changed, each anew in every epoch."""
        return any((self.rotation, self.zoom, self.shear, self.shift, self.elastic))

    def differences(self, base: Self | None = None) -> dict[str, str]:
        """The fields in which this differs from `base` (the defaults), as texts for a URL."""
        base = base or type(self)()
        return {
            name: field_text(getattr(self, name))
            for name in type(self).model_fields
            if getattr(self, name) != getattr(base, name)
        }

    def summary(self, without: Collection[str] = ()) -> str:
        """A short name, such as "512-256, dropout 0.5, l2 0.0001", without some of the fields."""
        parts = [] if "hidden" in without else [field_text(self.hidden) or "linear"]
        parts += [
            name.replace("_", " ") if text == "on" else f"{name.replace('_', ' ')} {text}"
            for name, text in self.differences().items()
            if name != "hidden" and name not in without
        ]
        return ", ".join(parts)


def field_text(value: Any) -> str:
    """A field's value as the URL and the command line write it; `RunConfig` reads it back."""
    if isinstance(value, tuple):
        return "-".join(map(str, value))
    if isinstance(value, bool):
        return "on" if value else "off"
    return str(value)


def hyperparameters(group: Group | None = None) -> list[Hyperparameter]:
    """Every hyperparameter, or those of a group, in RunConfig's order."""
    every = [Hyperparameter(name, field) for name, field in RunConfig.model_fields.items()]
    return [field for field in every if group in (None, field.traits.group)]


def hyperparameter(name: str) -> Hyperparameter:
    """The hyperparameter of this name. Raises KeyError if there is none."""
    return Hyperparameter(name, RunConfig.model_fields[name])


def bounds(name: str) -> Bounds:
    """The bounds of the number field `name`; of `hidden`, those of a width.

    Raises KeyError for a field that is no number.
    """
    return hyperparameter(name).bounds
