"""Keeps the form in session state, and in the address the fields that are not the default."""

from contextlib import suppress

import streamlit as st
from streamlit.errors import StreamlitAPIException

from core.config import MAX_HIDDEN_LAYERS, PRESETS, Group, RunConfig, field_text, parse_config
from core.runs.errors import RunError
from dashboard.session.linked import RUN
from dashboard.session.server import server

_DEPTH = "config_depth"
_LINK = "_link"
_NAMES_RUN = "_names_run"
_REJECTED = "_rejected"
_OPENED = "_opened_groups"
_CUSTOM_WIDTH = 128
_FIELDS = RunConfig.model_fields

PRESET_KEY = "preset"


def key(field: str, layer: int | None = None) -> str:
    """The session-state key of a field's control; of `hidden`, that of one layer's."""
    return f"config_{field}" if layer is None else f"config_{field}_{layer}"


def fill_form(config: RunConfig) -> None:
    """Set every control of the form to `config`."""
    for name, value in config.model_dump(mode="json").items():
        if name != "hidden":
            st.session_state[key(name)] = value
    st.session_state[_DEPTH] = len(config.hidden)
    for layer, width in enumerate(config.hidden):
        st.session_state[key("hidden", layer)] = width


def read_form() -> tuple[RunConfig, dict[str, str]]:
    """The form's configuration, and a sentence for each refused value, by field."""
    values = {
        name: st.session_state[key(name)] for name in RunConfig.model_fields if name != "hidden"
    }
    values["hidden"] = tuple(st.session_state[key("hidden", i)] for i in range(depth()))
    return parse_config(values)


def current_config() -> RunConfig:
    """What the form says, on a page that may not show it; the default if it was never opened."""
    return read_form()[0] if _DEPTH in st.session_state else RunConfig()


def depth() -> int:
    """The number of hidden layers in the form."""
    return int(st.session_state[_DEPTH])


def add_layer() -> None:
    """Put another hidden layer on top, as wide as the last."""
    layers = depth()
    if layers < MAX_HIDDEN_LAYERS:
        width = st.session_state[key("hidden", layers - 1)] if layers else _CUSTOM_WIDTH
        st.session_state[key("hidden", layers)] = width
        st.session_state[_DEPTH] = layers + 1


def remove_layer(layer: int) -> None:
    """Take a hidden layer (from 0) away; those above move down."""
    for above in range(layer + 1, depth()):
        st.session_state[key("hidden", above - 1)] = st.session_state[key("hidden", above)]
    st.session_state[_DEPTH] = depth() - 1


def choose_preset() -> None:
    """Fill the form with the preset that its control names."""
    if preset := PRESETS.get(st.session_state[PRESET_KEY]):
        fill_form(preset)


def show_preset(config: RunConfig) -> None:
    """Have the preset's control name the preset that equals `config`, or none."""
    names = (name for name, preset in PRESETS.items() if preset == config)
    st.session_state[PRESET_KEY] = next(names, None)


def opens_group(group: Group, is_wrong: bool) -> bool:
    """Whether the controls of a group start open: from the first error in it, so that they do not
    close while the user corrects it.
    """
    opened = st.session_state.setdefault(_OPENED, set())
    if is_wrong:
        opened.add(group)
    return group in opened


def note_link() -> None:
    """Remember whether the address names a run, before the page's head writes one there."""
    st.session_state[_NAMES_RUN] = RUN.name in st.query_params


def open_link() -> None:
    """Fill the form from the URL, if this is a new session or the URL is a new link.

    A link that names only a run fills it with that run's configuration.
    """
    link = _link_fields()
    if link == st.session_state.get(_LINK) or (not link and _LINK in st.session_state):
        return
    config, rejected = parse_config(link)
    if not link and st.session_state[_NAMES_RUN]:
        with suppress(RunError):
            config = server().store.get(st.query_params.get(RUN.name, "")).config
    fill_form(config)
    st.session_state[_LINK] = link
    st.session_state[_REJECTED] = (config, rejected)


def write_link(config: RunConfig) -> None:
    """Write the form's fields into the URL."""
    wanted = config.differences()
    if wanted != _link_fields():
        names = list(st.query_params)
        others = {name: st.query_params.get_all(name) for name in names if name not in _FIELDS}
        try:  # at once, for each change is a step of the browser's Back
            st.query_params.from_dict({**wanted, **others})
        except StreamlitAPIException:  # some are of controls, which nobody else may set
            for name in names:
                if name not in others and name not in wanted:
                    del st.query_params[name]
            st.query_params.update(wanted)
    st.session_state[_LINK] = wanted


def link_to(config: RunConfig) -> dict[str, str]:
    """The address that fills the form with `config`, also where all of it is the default."""
    return {"hidden": field_text(config.hidden), **config.differences()}


def rejected_by_link(config: RunConfig) -> dict[str, str]:
    """Why values of the link were refused, by field; empty once the form was changed."""
    filled, rejected = st.session_state[_REJECTED]
    return dict(rejected) if config == filled else {}


def _link_fields() -> dict[str, str]:
    return {name: st.query_params[name] for name in st.query_params if name in _FIELDS}
