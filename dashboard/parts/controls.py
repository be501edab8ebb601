"""Controls of what is chosen: the value of a configuration's field, or one of a few options."""

import math
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

import streamlit as st

from core.config import ControlKind, Hyperparameter
from dashboard import text

Option = TypeVar("Option")


def render_control(field: Hyperparameter, key: str, **kept: Any) -> Any:
    """Draw the control of a number, name or switch; return the value.

    `kept` says how long the value is kept, and what it is at first: arguments of the control.
    """
    options = kept | {"label": field.title, "help": field.description, "key": key}
    match field.control:
        case ControlKind.SWITCH:
            return st.toggle(**options)
        case ControlKind.CHOICE:
            return st.selectbox(options=field.choices, **options)
        case ControlKind.ONE_TWO_FIVE | ControlKind.POWERS_OF_TWO:
            value = st.session_state.get(key, field.info.default)  # between two steps, it is a step
            steps = [_number(field, step) for step in field.slider_steps(value)]
            return st.select_slider(options=steps, format_func=text.rate, **options)
        case ControlKind.SLIDER:
            return st.slider(**step_options(field), **options)
        case ControlKind.NUMBER:
            decimals = max(0, -math.floor(math.log10(field.step)))
            shown = f"%.{decimals}f" if decimals else None
            return st.number_input(**step_options(field), format=shown, **options)


def pick_value(field: Hyperparameter, key: str) -> Any:
    """As `render_control`; the address keeps the value, which begins with the default."""
    return render_control(field, key, value=field.info.default, bind="query-params")


def step_options(field: Hyperparameter) -> dict[str, Any]:
    """The bounds and the step of a number's slider or input, as arguments of it."""
    low, high = field.bounds.low, field.bounds.high
    ends = {"min_value": low, "max_value": high, "step": field.step}
    return {name: _number(field, value) for name, value in ends.items()}


def choose(
    label: str,
    options: Iterable[Option],
    key: str,
    help: str | None = None,
    *,
    default: Option | None = None,
    **more: Any,
) -> Option:
    """Draw a row of buttons, of which one is always chosen; the address keeps it.

    `options` may be a mapping to their labels. Without `default` the first is chosen.
    """
    labels = options if isinstance(options, Mapping) else {}
    options = list(options)
    picked: Option = st.segmented_control(
        label,
        options,
        format_func=lambda option: labels.get(option, str(option)),
        default=options[0] if default is None else default,
        required=True,
        key=key,
        bind="query-params",
        help=help,
        **more,
    )
    return picked


def _number(field: Hyperparameter, value: float) -> float:
    return int(value) if field.is_integer else float(value)
