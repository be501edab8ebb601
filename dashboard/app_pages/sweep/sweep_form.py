"""The form of a SweepConfig: what varies, between what, how it is searched, how often."""

from enum import StrEnum
from typing import Any

import streamlit as st
from pydantic import ValidationError

from core.config import Hyperparameter, RunConfig, explain, hyperparameter
from core.sweep.config import MAX_VARIED, Pruner, Sampler, SweepConfig
from core.sweep.space import MAX_CHOICES, Choices, Range, Space, varied_fields
from dashboard import text
from dashboard.parts.controls import choose, pick_value, step_options

_FIELDS = {name: Hyperparameter(name, info) for name, info in SweepConfig.model_fields.items()}
_POINTS = Hyperparameter("points", Range.model_fields["points"])
_CHOICES: dict[str, dict[StrEnum, str]] = {
    "sampler": {Sampler.TPE: "TPE", Sampler.RANDOM: "random", Sampler.GRID: "grid"},
    "pruner": {Pruner.NONE: "never", Pruner.MEDIAN: "median", Pruner.HYPERBAND: "Hyperband"},
}
_AT_FIRST = ["dropout", "l2"]


def pick_varied() -> list[str]:
    """Let the user choose the hyperparameters that vary; return their names."""
    return st.multiselect(
        "What varies",
        varied_fields(),
        default=_AT_FIRST,
        format_func=lambda name: hyperparameter(name).title,
        max_selections=MAX_VARIED,
        key="vary",
        bind="query-params",
        help=_FIELDS["vary"].description,
    )


def render_sweep_form(base: RunConfig, names: list[str]) -> SweepConfig | None:
    """Draw the other controls; return the sweep over `names` around `base` that they say, or None
    with what is wrong with it.
    """
    ranges = st.grid(2, min_column_width=300)  # above what decides whether a grid is searched
    with st.grid(4, min_column_width=220):
        values = {
            name: choose(_FIELDS[name].title, labels, f"sweep_{name}", _FIELDS[name].description)
            for name, labels in _CHOICES.items()
        }
        is_grid = values["sampler"] is Sampler.GRID
        for name in ("seeds",) if is_grid else ("seeds", "trials"):
            values[name] = pick_value(_FIELDS[name], f"sweep_{name}")
    spaces: dict[str, Space | None] = {}
    with ranges:
        for name in names:
            with st.container(border=True, gap="small"):
                spaces[name] = _pick_space(hyperparameter(name), is_grid)
    if not names:
        st.info("Choose at least one hyperparameter to vary.", icon=":material/tune:")
        return None
    if not all(spaces.values()):
        return None
    _warn_of_idle_fields(base, names)
    return _validate(values | {"base": base, "vary": spaces})


def _warn_of_idle_fields(base: RunConfig, names: list[str]) -> None:
    """Name the varied hyperparameters that do nothing while the switch of another one is off."""
    for field in map(hyperparameter, names):
        switch = field.traits.shown_with
        if switch and switch not in names and not getattr(base, switch):
            title = hyperparameter(switch).title
            st.warning(
                f"{field.title} makes no difference without {title.lower()}: switch that on, or "
                "have it vary too.",
                icon=":material/toggle_off:",
            )


def _validate(values: dict[str, Any]) -> SweepConfig | None:
    try:
        return SweepConfig.model_validate(values)
    except ValidationError as error:
        for sentence in explain(error).values():
            st.error(f"{text.escape(sentence)}.", icon=":material/error:")
        return None


def _pick_space(field: Hyperparameter, is_grid: bool) -> Space | None:
    """The values among which the hyperparameter varies; None, with a word, while there are none."""
    labels: dict[str, Any] = {"label": field.title, "help": field.description}
    labels |= {"bind": "query-params"}
    if field.is_number:
        low, high = _pick_range(field, labels | {"key": f"range_{field.name}"})
        count = pick_value(_POINTS, f"points_{field.name}") if is_grid else _POINTS.info.default
        return Range(low=low, high=high, log=field.bounds.logarithmic, points=count)
    labels |= {"key": f"values_{field.name}"}
    if options := field.choices:
        values = st.pills(**labels, options=options, selection_mode="multi", default=options)
    else:
        values = _write_values(field, labels)
    if 2 <= len(values) <= MAX_CHOICES:
        return Choices.model_construct(values=tuple(values))
    st.caption(f"Give 2 to {MAX_CHOICES} values.")
    return None


def _pick_range(field: Hyperparameter, labels: dict[str, Any]) -> tuple[float, float]:
    """A range slider: over 1, 2, 5, 10 … where ratios matter, else over even steps."""
    number, limits = int if field.is_integer else float, field.bounds
    low, high = map(number, field.traits.sweep_range or (limits.low, limits.high))
    picked: tuple[float, float]
    if limits.logarithmic:
        steps = [number(step) for step in field.slider_steps(low, high, limits.high) if step]
        write = "{:,}".format if field.is_integer else text.short_number
        picked = st.select_slider(**labels, options=steps, value=(low, high), format_func=write)
    else:
        picked = st.slider(**labels, **step_options(field), value=(low, high))
    return picked


def _write_values(field: Hyperparameter, labels: dict[str, Any]) -> list[str]:
    labels = labels | {
        "help": "Networks to try, with commas between them; each is the widths of its hidden "
        "layers, such as 256-128."
    }
    words = st.text_input(**labels, value=", ".join(field.traits.sweep_values), max_chars=400)
    return [part.strip() for part in words.split(",") if part.strip()]
