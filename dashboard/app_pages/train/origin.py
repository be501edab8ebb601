"""What the next run starts from: random weights or a run's network, MNIST alone or drawings too."""

from contextlib import suppress
from itertools import islice

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
    can_train_on,
    explain_misfit,
    require_trainable,
)
from dashboard import text
from dashboard.access.visitor import visitor
from dashboard.parts.run_picker import label_runs
from dashboard.session import form, linked
from dashboard.session.queries import all_drawings
from dashboard.session.server import server
from dashboard.session.trials import offered_runs

_MNIST, _MINE, _ALL = "MNIST alone", "My drawings too", "Everybody's too"
_MAX_OFFERED = 50  # each has its status read whenever the page runs
_WHOSE, _SHARE, _OPENED = "learn_from", "drawings_percent", "_origin_opened"


def pick_origin(config: RunConfig) -> bool:
    """Let the user choose what a run of `config` starts from; return whether it can.

    Folded away until something else than random weights and MNIST is chosen.
    """
    parent = linked.find_member(linked.PARENT, server().store)
    st.session_state.setdefault(_WHOSE, _MNIST)
    st.session_state.setdefault(_SHARE, round(100 * USUAL_SHARE))
    is_chosen = parent is not None or st.session_state[_WHOSE] != _MNIST
    # Once open it stays so, or it would fold while another is chosen.
    st.session_state[_OPENED] = is_chosen or st.session_state.get(_OPENED, False)
    with st.expander(
        "Train a run on, or learn from drawings",
        icon=":material/alt_route:",
        expanded=st.session_state[_OPENED],
    ):
        return all([_pick_parent(config, parent), _pick_drawings()])


def read_origin() -> Origin:
    """What was chosen, as it is now. Raises RunError, DrawingError."""
    parent = linked.PARENT.find(server().store.get)
    return Origin(parent, _read_drawings())


def start_afresh() -> None:
    """Have the next run start from random weights and MNIST again."""
    linked.PARENT.choose(None)
    st.session_state[_WHOSE] = _MNIST


def train_on(run: Run) -> None:
    """Fill the form with the run's configuration, and have the next run start from its network."""
    try:
        name, config = run.name, run.config
    except RunError as error:  # deleted since the button was drawn
        st.toast(f"{text.escape(error)}.", icon=":material/delete:")
        return
    form.fill_form(config)
    linked.PARENT.choose(run.id)
    st.toast(
        f"The next run starts from {text.escape(name)}. Change what should differ, and press "
        "Train.",
        icon=":material/alt_route:",
    )


def _pick_parent(config: RunConfig, parent: Run | None) -> bool:
    """Let the user choose the run whose network is trained on; return whether it can be."""
    linked.pick_member(
        linked.PARENT,
        server().store,
        parent,
        islice(filter(_has_network, offered_runs()), _MAX_OFFERED),
        label_runs,
        "Starts from",
        "The run whose network is trained on. Its layers stay, and so do the images held out; all "
        "else may change. The optimizer starts fresh: it does not know how the weights moved last. "
        "The newest runs are offered; any other has *Train on* on the page Runs.",
        placeholder="random weights",
    )
    if parent is None:
        return True
    try:
        require_trainable(parent)
        problem = explain_misfit(config, parent)
    except RunError as error:
        st.error(f"{text.escape(error)}.", icon=":material/error:")
        return False
    if problem:
        st.error(f"{text.escape(problem)}.", icon=":material/error:")
        st.button("Take them from that run", key="take_kept", on_click=_take_kept, args=(parent,))
        return False
    st.caption(
        f"Its network is that after epoch {parent.status.final_epoch}. Layers and images held out "
        "stay as they are there; the optimizer starts fresh."
    )
    return True


def _has_network(run: Run) -> bool:
    with suppress(RunError):  # deleted since it was listed
        return can_train_on(run)
    return False


def _take_kept(parent: Run) -> None:
    """Set what a run has in common with its parent as it is there."""
    with suppress(RunError):  # deleted since the button was drawn: the page says so
        found = parent.config
        kept = {name: getattr(found, name) for name in KEPT_LAYERS + KEPT_SPLIT}
        form.fill_form(form.current_config().model_copy(update=kept))


def _pick_drawings() -> bool:
    """Let the user choose drawings to learn from beside MNIST; return whether there are enough."""
    whose = st.segmented_control(
        "Learns from",
        [_MNIST, _MINE, _ALL],
        key=_WHOSE,
        required=True,
        persist_state="session",
        help="Half of the drawings that were kept are there to learn from; the other half is never "
        "learned from, and shows on the page Draw what came of it.",
    )
    if whose == _MNIST:
        return True
    st.slider(
        "Share of an epoch",
        5,
        round(100 * MOST_DRAWINGS_SHARE),
        step=5,
        format="%d %%",
        key=_SHARE,
        persist_state="session",
        help="Of the images that the network sees in an epoch, this many are drawings, each "
        "repeated equally often; as many of MNIST's are left out, others in every epoch.",
    )
    try:
        drawings = _read_drawings()
    except DrawingError as error:
        sentence = str(error)
        st.error(f"{text.escape(sentence[:1].upper() + sentence[1:])}.", icon=":material/draw:")
        st.page_link("app_pages/draw/page.py", label="Draw some", icon=":material/draw:")
        return False
    if drawings:
        st.caption(f"**{len(drawings.labels)}** drawings are there to learn from.")
    return True


def _read_drawings() -> Drawings | None:
    """The drawings that were chosen. Raises DrawingError if they are too few."""
    whose = st.session_state.get(_WHOSE, _MNIST)
    if whose == _MNIST:
        return None
    owner = visitor().name if whose == _MINE else None
    return drawings_to_learn(all_drawings(), owner, st.session_state[_SHARE] / 100)
