"""The form of a RunConfig, drawn from its fields: groups, controls, labels, bounds and tooltips are
the configuration's own.
"""

import math
from collections.abc import Callable
from typing import Any

import streamlit as st

from core.config import (
    MAX_HIDDEN_LAYERS,
    PRESETS,
    Bounds,
    Control,
    Group,
    Hyperparameter,
    RunConfig,
    hyperparameters,
)
from dashboard import text
from dashboard.session import form

_STEPS_PER_DECADE = (1, 2, 5)


def render_config_form() -> RunConfig:
    """Draw the form, with what is wrong beside each control; return the configuration it says."""
    config, wrong = form.read_form()
    wrong = form.rejected_by_link(config) | wrong
    form.show_preset(config)
    st.selectbox(
        "Preset",
        list(PRESETS),
        key=form.PRESET_KEY,
        on_change=form.choose_preset,
        placeholder="your own",
        help="A whole configuration to start from. The notebook's three networks, a quick first "
        "try, one that overfits, and the most accurate one we found.",
    )
    fields = hyperparameters()
    _render_fields([field for field in fields if field.traits.group is Group.MAIN], wrong)
    more = [field for field in fields if field.traits.group is Group.MORE]
    is_open = form.opens_more(any(field.name in wrong for field in more))
    with st.expander("More options", icon=":material/tune:", expanded=is_open):
        _render_fields(more, wrong)
    for name in wrong.keys() - RunConfig.model_fields.keys():
        st.error(f"{text.plain(name)}: {text.plain(wrong[name])}")
    return config


def slider_steps(field: Hyperparameter, *others: float) -> list[float]:
    """The steps of a slider over the bounds of a number in which ratios matter, and `others`."""
    limits = field.bounds
    if field.control is not Control.POWERS_OF_TWO:
        return scale_steps(limits, *others)
    powers = range(round(math.log2(limits.low)), round(math.log2(limits.high)) + 1)
    return sorted({*others, *(2**power for power in powers)})


def scale_steps(limits: Bounds, *others: float) -> list[float]:
    """1, 2 and 5 times the powers of ten within `limits`, 0 if allowed, and `others`."""
    first, last = math.floor(math.log10(limits.low)), math.ceil(math.log10(limits.high))
    steps = {
        float(f"{step}e{power}") for power in range(first, last + 1) for step in _STEPS_PER_DECADE
    }
    return sorted({*others, *(step for step in {0.0, *steps} if step in limits)})


def _render_fields(fields: list[Hyperparameter], wrong: dict[str, str]) -> None:
    for field in fields:
        switch = field.traits.shown_with
        if switch is None or st.session_state[form.key(switch)]:
            _CONTROLS[field.control](field)
        if field.name in wrong:  # of what is not shown too: a link may have asked for it
            sentence = text.plain(wrong[field.name])
            st.error(f"{field.title}: {sentence}.", icon=":material/error:")


def _render_layers(field: Hyperparameter) -> None:
    depth = form.depth()
    st.markdown(field.title, help=field.description)
    for layer in range(depth):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown(f"{layer + 1}", width=16)
            st.number_input(
                f"Units in hidden layer {layer + 1}",
                int(field.bounds.low),
                int(field.bounds.high),
                key=form.key(field.name, layer),
                step=32,
                label_visibility="collapsed",
                persist_state="session",
            )
            st.button(
                ":material/close:",
                key=f"remove_layer_{layer}",
                help=f"Remove hidden layer {layer + 1}",
                on_click=form.remove_layer,
                args=(layer,),
                type="tertiary",
            )
    st.button(
        "Add layer",
        icon=":material/add:",
        on_click=form.add_layer,
        disabled=depth >= MAX_HIDDEN_LAYERS,
        help=f"Up to {MAX_HIDDEN_LAYERS} hidden layers. Without any, the network is linear.",
    )


def _labels(field: Hyperparameter) -> dict[str, Any]:
    return {
        "label": field.title,
        "key": form.key(field.name),
        "help": field.description,
        "persist_state": "session",
    }


def _steps(field: Hyperparameter) -> dict[str, Any]:
    number, limits = int if field.is_integer else float, field.bounds
    return {
        "min_value": number(limits.low),
        "max_value": number(limits.high),
        "step": number(field.step),
    }


def _render_slider(field: Hyperparameter) -> None:
    st.slider(**_labels(field), **_steps(field))


def _render_number(field: Hyperparameter) -> None:
    digits = max(0, -math.floor(math.log10(field.step)))
    st.number_input(**_labels(field), **_steps(field), format=f"%.{digits}f" if digits else None)


def _render_scale(field: Hyperparameter) -> None:
    """A slider on which a value between its steps gets a place of its own."""
    steps = slider_steps(field, st.session_state[form.key(field.name)])
    st.select_slider(**_labels(field), options=steps, format_func=text.rate)


def _render_choice(field: Hyperparameter) -> None:
    st.selectbox(**_labels(field), options=field.choices)


def _render_switch(field: Hyperparameter) -> None:
    st.toggle(**_labels(field))


_CONTROLS: dict[Control, Callable[[Hyperparameter], None]] = {
    Control.LAYERS: _render_layers,
    Control.SLIDER: _render_slider,
    Control.SCALE: _render_scale,
    Control.POWERS_OF_TWO: _render_scale,
    Control.NUMBER: _render_number,
    Control.CHOICE: _render_choice,
    Control.SWITCH: _render_switch,
}
