"""The form of a SweepConfig: what varies, between what, how it is searched, how often."""

import math
from enum import StrEnum
from typing import Any

import streamlit as st
from pydantic import ValidationError

from core.config import Bounds, RunConfig, bounds, explain
from core.sweep.config import MAX_VARIED, SEEDS, TRIALS, Pruner, Sampler, SweepConfig
from core.sweep.space import (
    MAX_CHOICES,
    POINTS,
    Choices,
    Range,
    Space,
    is_integer,
    is_number,
    varied_fields,
)
from dashboard import text
from dashboard.parts.config_form import scale_steps

_SAMPLERS = {Sampler.TPE: "TPE", Sampler.RANDOM: "random", Sampler.GRID: "grid"}
_PRUNERS = {Pruner.NONE: "never", Pruner.MEDIAN: "median", Pruner.HYPERBAND: "Hyperband"}
_AT_FIRST = ["dropout", "l2"]
_RANGES: dict[str, tuple[float, float]] = {
    "dropout": (0, 0.7),
    "input_dropout": (0, 0.4),
    "l2": (1e-6, 1e-2),
    "learning_rate": (1e-4, 1e-2),
    "batch_size": (64, 1024),
    "epochs": (5, 50),
    "training_images": (1_000, 50_000),
    "patience": (2, 20),
    "min_delta": (0, 0.01),
}
"""Between what each number varies at first, as one would who knows nothing more."""
_WIDTHS = "128, 256-128, 512-256"
_LINEAR_STEPS = 100


def render_sweep_form(base: RunConfig) -> SweepConfig | None:
    """Draw the controls; return the sweep around `base` that they say, or None with what is wrong
    with it.
    """
    names = st.multiselect(
        "What varies",
        varied_fields(),
        default=_AT_FIRST,
        format_func=_title,
        max_selections=MAX_VARIED,
        key="vary",
        bind="query-params",
        help=SweepConfig.model_fields["vary"].description,
    )
    ranges = st.grid(2, min_column_width=300)  # above what decides whether a grid is searched
    with st.grid(4, min_column_width=220):
        asked = {
            "sampler": _pick("sampler", list(Sampler), _SAMPLERS),
            "pruner": _pick("pruner", list(Pruner), _PRUNERS),
            "seeds": _pick_number("seeds", SEEDS),
        }
        is_grid = asked["sampler"] is Sampler.GRID
        if not is_grid:
            asked["trials"] = _pick_number("trials", TRIALS)
    spaces: dict[str, Space | None] = {}
    with ranges:
        for name in names:
            with st.container(border=True, gap="small"):
                spaces[name] = _pick_space(name, is_grid)
    if not names:
        st.info("Choose at least one hyperparameter to vary.", icon=":material/tune:")
        return None
    if not all(spaces.values()):
        return None
    return _validate(asked | {"base": base, "vary": spaces})


def _validate(values: dict[str, Any]) -> SweepConfig | None:
    try:
        return SweepConfig.model_validate(values)
    except ValidationError as error:
        for sentence in explain(error).values():
            st.error(f"{text.plain(sentence)}.", icon=":material/error:")
        return None


def _pick(name: str, options: list[StrEnum], labels: dict[Any, str]) -> StrEnum:
    field = SweepConfig.model_fields[name]
    return st.segmented_control(
        field.title or name,
        options,
        default=field.default,
        required=True,
        format_func=labels.__getitem__,
        key=f"sweep_{name}",
        bind="query-params",
        help=field.description,
    )


def _pick_number(name: str, limits: Bounds) -> int:
    field = SweepConfig.model_fields[name]
    return st.number_input(
        field.title or name,
        int(limits.low),
        int(limits.high),
        value=field.default,
        key=f"sweep_{name}",
        bind="query-params",
        help=field.description,
    )


def _pick_space(name: str, is_grid: bool) -> Space | None:
    """The values among which the hyperparameter varies; None, with a word, while there are none."""
    if not is_number(name):
        values = _pick_widths() if name == "hidden" else _pick_values(name)
        if not 2 <= len(values) <= MAX_CHOICES:
            st.caption(f"Give 2 to {MAX_CHOICES} values.")
            return None
        return Choices.model_construct(values=tuple(values))
    low, high = _pick_range(name)
    points = _pick_points(name) if is_grid else Range.model_fields["points"].default
    return Range(low=low, high=high, log=bounds(name).logarithmic, points=points)


def _pick_range(name: str) -> tuple[float, float]:
    """A range slider: over 1, 2, 5, 10 … where ratios matter, else over even steps."""
    labels = {"label": _title(name), "key": f"range_{name}", "bind": "query-params"}
    labels["help"] = RunConfig.model_fields[name].description
    limits, (low, high) = bounds(name), _RANGES[name]
    if limits.logarithmic:
        steps = [step for step in scale_steps(limits, low) if step >= limits.low]
        steps = sorted({*steps, high})
        if is_integer(name):
            steps, low, high = _integer_steps(name), int(low), int(high)
        chosen = st.select_slider(**labels, options=steps, value=(low, high), format_func=_figure)
        return float(chosen[0]), float(chosen[1])
    if is_integer(name):
        ends = (int(limits.low), int(limits.high))
        return st.slider(**labels, min_value=ends[0], max_value=ends[1], value=_as_int(low, high))
    step = (limits.high - limits.low) / _LINEAR_STEPS
    low, high = float(low), float(high)
    return st.slider(
        **labels,
        min_value=float(limits.low),
        max_value=float(limits.high),
        value=(low, high),
        step=float(f"{step:.1g}"),
    )


def _integer_steps(name: str) -> list[int]:
    limits = bounds(name)
    if name == "batch_size":
        powers = range(round(math.log2(limits.low)), round(math.log2(limits.high)) + 1)
        return [2**power for power in powers]
    return [int(step) for step in scale_steps(limits, limits.high)]


def _pick_points(name: str) -> int:
    return st.number_input(
        "Points of the grid",
        int(POINTS.low),
        int(POINTS.high),
        value=Range.model_fields["points"].default,
        key=f"points_{name}",
        bind="query-params",
        help="How many values between the two ends, both included, the grid takes.",
    )


def _pick_values(name: str) -> list[str]:
    annotation = RunConfig.model_fields[name].annotation
    is_choice = isinstance(annotation, type) and issubclass(annotation, StrEnum)
    options = [member.value for member in annotation] if is_choice else ["off", "on"]
    return st.pills(
        _title(name),
        options,
        selection_mode="multi",
        default=options,
        key=f"values_{name}",
        bind="query-params",
        help=RunConfig.model_fields[name].description,
    )


def _pick_widths() -> list[str]:
    words = st.text_input(
        _title("hidden"),
        value=_WIDTHS,
        max_chars=400,
        key="values_hidden",
        bind="query-params",
        help="Networks to try, with commas between them; each is the widths of its hidden layers, "
        "such as 256-128.",
    )
    return [part.strip() for part in words.split(",") if part.strip()]


def _title(name: str) -> str:
    return RunConfig.model_fields[name].title or name


def _figure(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else text.rate(value)


def _as_int(low: float, high: float) -> tuple[int, int]:
    return int(low), int(high)
