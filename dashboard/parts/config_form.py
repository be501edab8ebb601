"""The form of a RunConfig, drawn from its fields: groups, controls, labels, bounds and tooltips are
the configuration's own.
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager

import streamlit as st

from core.config import (
    MAX_HIDDEN_LAYERS,
    PRESET_TITLES,
    PRESETS,
    ControlKind,
    Group,
    Hyperparameter,
    RunConfig,
    hyperparameters,
)
from dashboard import text
from dashboard.parts.controls import render_control
from dashboard.session import form

_ICONS = {Group.AUGMENTATION: ":material/auto_awesome_motion:", Group.MORE: ":material/tune:"}
_OPEN = "form_is_open"


@contextmanager
def render_form_column(
    heading: str | None = None, without: Collection[str] = ()
) -> Iterator[RunConfig]:
    """Draw the form in a column of its own; what is drawn within stands beside it.

    Gives the configuration that the form says. On a narrow screen the form is above, behind a
    button (`style`). The fields `without` have no control here: their values are chosen elsewhere.
    """
    column, rest = st.columns([2, 7], gap="large")
    is_open = bool(st.session_state.get(_OPEN))
    with column:
        with st.container(key="form_button"):
            st.button(
                "Close the form" if is_open else "Change the network",
                icon=":material/tune:",
                width="stretch",
                on_click=lambda: st.session_state.update({_OPEN: not is_open}),
            )
        with st.container(key="form_open" if is_open else "form_closed"):
            if heading:
                st.markdown(f"**{heading}**")
            config = _render_config_form(without)
    with rest:
        yield config


def _render_config_form(without: Collection[str]) -> RunConfig:
    """Draw the form, with what is wrong beside each control; return the configuration it says."""
    config, wrong = form.read_form()
    wrong = form.rejected_by_link(config) | wrong
    form.show_preset(config)
    st.selectbox(
        "Preset",
        list(PRESETS),
        format_func=PRESET_TITLES.__getitem__,
        key=form.PRESET_KEY,
        on_change=form.choose_preset,
        placeholder="your own",
        help="A whole configuration to start from. The notebook's are those of the university "
        "exercise that Digit Lab grew from.",
    )
    for group in Group:
        grouped = [field for field in hyperparameters(group) if field.name not in without]
        if group is Group.MAIN:
            _render_fields(grouped, wrong, without)
            continue
        is_open = form.opens_group(group, any(field.name in wrong for field in grouped))
        with st.expander(group, icon=_ICONS[group], expanded=is_open):
            _render_fields(grouped, wrong, without)
    for name in wrong.keys() - RunConfig.model_fields.keys():
        st.error(f"{text.escape(name)}: {text.escape(wrong[name])}")
    return config


def _render_fields(
    fields: list[Hyperparameter], wrong: dict[str, str], without: Collection[str]
) -> None:
    for field in fields:
        switch = field.traits.shown_with
        if switch is None or switch in without or st.session_state[form.key(switch)]:
            if field.control is ControlKind.LAYERS:
                _render_layers(field)
            else:
                render_control(field, form.key(field.name), persist_state="session")
        if field.name in wrong:  # of what is not shown too: a link may have asked for it
            sentence = text.escape(wrong[field.name])
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
