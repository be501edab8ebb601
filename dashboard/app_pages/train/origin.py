"""What the next run starts from: random weights or a run's network, MNIST alone or drawings too."""

import streamlit as st

from core.config import RunConfig
from core.drawing.archive import DrawingError
from core.drawing.teaching import USUAL_SHARE, drawings_to_learn
from core.runs import Run
from core.runs.errors import RunError
from core.runs.origin import (
    KEPT_LAYERS,
    KEPT_SPLIT,
    MOST_DRAWINGS_SHARE,
    Drawings,
    Origin,
    explain_misfit,
    require_trainable,
)
from dashboard import text
from dashboard.access.visitor import visitor
from dashboard.parts.controls import choose
from dashboard.parts.run_picker import label_runs
from dashboard.session import form, linked
from dashboard.session.queries import all_drawings
from dashboard.session.server import server
from dashboard.session.trials import offered_runs

_MNIST, _MINE, _ALL = "MNIST alone", "My drawings too", "Everybody's too"
_WHOSE, _SHARE = "learn_from", "drawings_share"


def pick_origin(config: RunConfig) -> Origin | None:
    """Let the user choose what a run of `config` starts from; None if it cannot start from that.

    Folded away as long as that is random weights and MNIST.
    """
    parent = linked.find_member(linked.PARENT, server().store)
    learns = _WHOSE in st.query_params or st.session_state.get(_WHOSE, _MNIST) != _MNIST
    with st.expander(
        "Train a run on, or learn from drawings",
        icon=":material/alt_route:",
        expanded=parent is not None or learns,
    ):
        parent_problem = _pick_parent(config, parent)
        drawings, drawings_problem = _pick_drawings()
    return None if parent_problem or drawings_problem else Origin(parent, drawings)


def start_afresh() -> None:
    """Have the next run start from random weights again."""
    linked.PARENT.choose(None)


def train_on(run: Run) -> None:
    """Fill the form with the run's configuration, and have the next run start from its network."""
    form.fill_form(run.config)
    linked.PARENT.choose(run.id)
    st.toast(
        f"The next run starts from {text.escape(run.name)}. Change what it is to have otherwise, "
        "and press Train.",
        icon=":material/alt_route:",
    )


def _pick_parent(config: RunConfig, parent: Run | None) -> str:
    """Let the user choose the run whose network is trained on; return why it cannot be, or ""."""
    linked.pick_member(
        linked.PARENT,
        server().store,
        parent,
        offered_runs(),
        label_runs,
        "Starts from",
        "The run whose network is trained on. Its layers stay, and so do the images held out; all "
        "else may change. The optimizer starts fresh: it does not know how the weights moved last.",
        placeholder="random weights",
    )
    if parent is None:
        return ""
    try:
        require_trainable(parent)
        problem = explain_misfit(config, parent)
    except RunError as error:
        st.error(f"{text.escape(error)}.", icon=":material/error:")
        return str(error)
    if problem:
        st.error(f"{text.escape(problem)}.", icon=":material/error:")
        st.button("Take them from that run", key="take_kept", on_click=_take_kept, args=(parent,))
        return problem
    st.caption(
        f"Its network is that after epoch {parent.status.final_epoch}. Layers and images held out "
        "stay as they are there; the optimizer starts fresh."
    )
    return ""


def _take_kept(parent: Run) -> None:
    """Set what a run has in common with its parent as it is there."""
    config, found = form.current_config(), parent.config
    kept = {name: getattr(found, name) for name in KEPT_LAYERS + KEPT_SPLIT}
    form.fill_form(config.model_copy(update=kept))


def _pick_drawings() -> tuple[Drawings | None, str]:
    """Let the user choose drawings to learn from beside MNIST; return them, and why there are none
    if some were wished.
    """
    whose = choose(
        "Learns from",
        [_MNIST, _MINE, _ALL],
        _WHOSE,
        "Half of the drawings that were kept are there to learn from; the other half is never "
        "learned from, and shows on the page Draw what came of it.",
    )
    if whose == _MNIST:
        return None, ""
    share = st.slider(
        "Share of an epoch",
        0.05,
        MOST_DRAWINGS_SHARE,
        USUAL_SHARE,
        0.05,
        key=_SHARE,
        bind="query-params",
        help="Of the images that the network sees in an epoch, this many are drawings, each "
        "repeated alike often; as many of MNIST's are left out, others in every epoch.",
    )
    try:
        drawings = drawings_to_learn(
            all_drawings(), visitor().name if whose == _MINE else None, share
        )
    except DrawingError as error:
        st.error(f"{text.escape(str(error).capitalize())}.", icon=":material/draw:")
        return None, str(error)
    st.caption(f"**{len(drawings.labels)}** drawings are there to learn from.")
    return drawings, ""
