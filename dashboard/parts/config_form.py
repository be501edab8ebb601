"""The form of a RunConfig: labels, bounds and tooltips are the configuration's own."""

import math
from collections.abc import Callable
from enum import StrEnum

import streamlit as st

from core.config import MAX_HIDDEN_LAYERS, PRESETS, Bounds, RunConfig, bounds
from dashboard import text
from dashboard.session import form

_STEPS_PER_DECADE = (1, 2, 5)
_WITH_EARLY_STOPPING = {"patience", "min_delta", "restore_best_weights"}
"""What is drawn only with early stopping on."""


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
    _render_layers(wrong)
    for render, name in (
        (_slider, "dropout"),
        (_scale, "l2"),
        (_scale, "learning_rate"),
        (_powers_of_two, "batch_size"),
        (_number, "epochs"),
    ):
        render(name)
        _complain(name, wrong)
    is_wrong = any(name in wrong for _, name in _more_options())
    with st.expander("More options", icon=":material/tune:", expanded=form.opens_more(is_wrong)):
        _render_more(wrong)
    for name in wrong.keys() - RunConfig.model_fields.keys():
        st.error(f"{text.plain(name)}: {text.plain(wrong[name])}")
    return config


def _render_layers(wrong: dict[str, str]) -> None:
    field = RunConfig.model_fields["hidden"]
    limits = bounds("hidden")
    depth = form.depth()
    st.markdown(field.title, help=field.description)
    for layer in range(depth):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown(f"{layer + 1}", width=16)
            st.number_input(
                f"Units in hidden layer {layer + 1}",
                int(limits.low),
                int(limits.high),
                key=form.key("hidden", layer),
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
    _complain("hidden", wrong)


def _more_options() -> list[tuple[Callable[[str], None], str]]:
    return [
        (_choice, "activation"),
        (_slider, "input_dropout"),
        (_switch, "batch_normalization"),
        (_choice, "optimizer"),
        (_choice, "schedule"),
        (_switch, "early_stopping"),
        (_number, "patience"),
        (_decimal, "min_delta"),
        (_switch, "restore_best_weights"),
        (_slider, "validation_share"),
        (_number, "training_images"),
        (_number, "seed"),
    ]


def _render_more(wrong: dict[str, str]) -> None:
    hidden = set() if st.session_state[form.key("early_stopping")] else _WITH_EARLY_STOPPING
    for render, name in _more_options():
        if name not in hidden:
            render(name)
        _complain(name, wrong)  # of what is hidden too: a link may have asked for it


def _complain(name: str, wrong: dict[str, str]) -> None:
    if name in wrong:
        title = RunConfig.model_fields[name].title
        st.error(f"{title}: {text.plain(wrong[name])}.", icon=":material/error:")


def _labels(name: str) -> dict[str, str]:
    field = RunConfig.model_fields[name]
    return {
        "label": field.title or name,
        "key": form.key(name),
        "help": field.description or "",
        "persist_state": "session",
    }


def _slider(name: str) -> None:
    limits = bounds(name)
    low, high = float(limits.low), float(limits.high)
    st.slider(**_labels(name), min_value=low, max_value=high, step=0.05)


def _number(name: str) -> None:
    limits = bounds(name)
    low, high = int(limits.low), int(limits.high)
    st.number_input(**_labels(name), min_value=low, max_value=high, step=_step(high))


def _decimal(name: str) -> None:
    limits = bounds(name)
    st.number_input(
        **_labels(name),
        min_value=float(limits.low),
        max_value=float(limits.high),
        step=1e-4,
        format="%.4f",
    )


def _scale(name: str) -> None:
    """A slider over 1, 2, 5, 10 … within the bounds; a value in between gets a place of its own."""
    steps = scale_steps(bounds(name), st.session_state[form.key(name)])
    st.select_slider(**_labels(name), options=steps, format_func=text.rate)


def _powers_of_two(name: str) -> None:
    limits = bounds(name)
    powers = range(round(math.log2(limits.low)), round(math.log2(limits.high)) + 1)
    options = sorted({2**power for power in powers} | {st.session_state[form.key(name)]})
    st.select_slider(**_labels(name), options=options)


def _choice(name: str) -> None:
    annotation = RunConfig.model_fields[name].annotation
    assert isinstance(annotation, type)
    assert issubclass(annotation, StrEnum)
    st.selectbox(**_labels(name), options=[member.value for member in annotation])


def _switch(name: str) -> None:
    st.toggle(**_labels(name))


def _step(high: int) -> int:
    return 1000 if high == bounds("training_images").high else 1


def scale_steps(limits: Bounds, current: float) -> list[float]:
    """1, 2 and 5 times the powers of ten within `limits`, 0 if allowed, and `current`."""
    first, last = math.floor(math.log10(limits.low)), math.ceil(math.log10(limits.high))
    steps = {
        float(f"{step}e{power}") for power in range(first, last + 1) for step in _STEPS_PER_DECADE
    }
    return sorted(
        {step for step in steps if step in limits}
        | {current}
        | ({0.0} if limits.or_zero else set())
    )
