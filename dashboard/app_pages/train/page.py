"""Train: a form, a picture of the network, and the run as it learns."""

from contextlib import suppress

import streamlit as st

from core.config import Precision, RunConfig
from core.config.architecture import count_parameters, describe_layers
from core.drawing.archive import DrawingError
from core.runs import MAX_NAME, Run
from core.runs.errors import RunError
from core.runs.origin import Origin
from dashboard import text
from dashboard.app_pages.train.live_panel import SCENE, render_live_panel
from dashboard.app_pages.train.origin import pick_origin, read_origin, start_afresh
from dashboard.app_pages.train.result import render_next_steps
from dashboard.app_pages.train.ten_digits import read_ten_digits
from dashboard.live.components import describe_network, render_picture
from dashboard.parts.config_form import render_form_column
from dashboard.parts.run_header import find_chosen_run
from dashboard.parts.start import start_and_show
from dashboard.session import form
from dashboard.session.queries import bfloat16_speed, estimate_seconds

_NAME = "run_name"


def render_start(config: RunConfig) -> None:
    """Draw the button that trains the form's network, the run's name, and what it starts from."""
    place = st.container()
    can_start = pick_origin(config)
    button, name = place.columns([1, 3], vertical_alignment="bottom")
    with button:
        st.button(
            "Train",
            key="train",
            type="primary",
            icon=":material/play_arrow:",
            width="stretch",
            on_click=_start,
            args=(config,),
            disabled=not can_start,
            help="Train the network that the form describes. Runs wait for one another.",
        )
    with name:
        st.text_input("Name of the next run", key=_NAME, placeholder=config.summary(), max_chars=80)


def _start(config: RunConfig) -> None:
    try:
        origin = read_origin()
        name = st.session_state[_NAME] or _name_run(config, origin)
    except (RunError, DrawingError) as error:  # deleted since the button was drawn
        st.toast(f"{text.escape(error)}.", icon=":material/delete:")
        return
    if start_and_show(config, name, origin):
        start_afresh()


def _name_run(config: RunConfig, origin: Origin) -> str | None:
    """The name of a run that does not start from nothing; None: that of its configuration."""
    drawings = ", and drawings" if origin.drawings else ""
    if origin.parent is None:
        return f"{config.summary()[: MAX_NAME - len(drawings)]}{drawings}" if drawings else None
    changes = config.differences(origin.parent.config).items()
    changed = ", ".join(f"{field.replace('_', ' ')} {value}" for field, value in changes)
    ending = f", then {changed or 'the same'}{drawings}"
    return origin.parent.name[: max(MAX_NAME - len(ending), 20)] + ending


def render_network(config: RunConfig, run: Run | None) -> None:
    """Draw the network of the form, with its parameters, and say how long it will train.

    While the run that is looked at has such a network, it is that: as its last epoch left it.
    """
    seconds, learned = estimate_seconds(config)
    shown = run if run and _has_network_of(run, config) else None
    render_picture(
        SCENE if shown else "form",
        config,
        network=describe_network(shown, None) if shown else None,
        digits=read_ten_digits(),
        key="network",
    )
    images = f"**{config.training_size:,}** images to learn from"
    source = "on this machine" if learned else "at a guess: nothing was trained here yet"
    st.caption(
        f"The numbers between the layers count the **{count_parameters(config):,}** parameters, "
        f"weights and biases, that the network learns · {images} · "
        f"{'at most ' if config.early_stopping else ''}**{text.about(seconds)}** for "
        f"{text.number_of(config.epochs, 'epoch')}, {source}{_describe_precision(config)}"
    )


def _describe_precision(config: RunConfig) -> str:
    """How fast this machine multiplies in bfloat16, if the network is to, and once it is known."""
    speed = bfloat16_speed() if config.precision is Precision.BFLOAT16 else None
    if speed is None:
        return ""
    if speed >= 1:
        return f" · bfloat16 multiplies **{speed:.1f} times** as fast as float32 on this machine"
    return f" · bfloat16 takes **{1 / speed:.1f} times** as long as float32 on this machine"


def _has_network_of(run: Run, config: RunConfig) -> bool:
    """Whether the run's network is of the same layers."""
    with suppress(RunError):
        return describe_layers(run.config) == describe_layers(config)
    return False


form.open_link()
with render_form_column() as config:
    form.write_link(config)
    render_start(config)
    run = find_chosen_run()
    render_network(config, run)
    if run:
        render_live_panel(run)
        render_next_steps(run)
