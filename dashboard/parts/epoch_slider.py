"""The epoch after which a page shows the network: a slider in its head, and a play button."""

import streamlit as st

from core.runs import Run
from dashboard.session import linked
from dashboard.session.queries import read_history

_HELP = (
    "What the network thought of the test images after this epoch. Move it, or press play, to "
    "watch the network change its mind."
)
_KEPT_HELP = "What this network would have said after epoch 1, 2, 3 …: it is asked as it was then."
_PLACE = "_epoch_place"
"""The title of the page, and the place in its head."""
_PLAYED = "_epochs_played_on"
"""The title of the page on which the epochs are played."""
_SECONDS = 0.6
"""Between two epochs that are played."""


def make_epoch_place(title: str) -> None:
    """Make the place in the page's head where `pick_epoch` draws; playing ends with its page."""
    st.session_state[_PLACE] = title, st.container(key="epoch_place")
    if st.session_state.get(_PLAYED) != title:
        st.session_state[_PLAYED] = None


def pick_epoch(run: Run, epochs: int, help: str = _HELP, default: int | None = None) -> int:
    """Let the user choose an epoch from 1 to `epochs`; return it.

    Until it is moved it is `default`, or follows the run: its latest epoch while it trains, then
    the one whose weights it kept.
    """
    default = default or run.status.final_epoch or epochs
    title, place = st.session_state[_PLACE]
    with place:
        if epochs == 1:
            st.caption("After epoch 1, the only one so far.")
            return 1
        epoch = linked.chosen_epoch(epochs) or default
        with st.container(horizontal=True, vertical_alignment="bottom"):
            _render_play(title, epoch, epochs)
            key = linked.show_epoch(epoch)
            st.slider(
                "After epoch",
                1,
                epochs,
                key=key,
                on_change=linked.choose_picked_epoch,
                args=(key, epoch, default),
                help=help,
            )
    return epoch


def pick_kept_epoch(run: Run) -> int:
    """As `pick_epoch`, for pages that load weights: the nearest epoch whose weights are kept."""
    chosen = pick_epoch(run, len(read_history(run)), _KEPT_HELP)
    kept = nearest_kept_epoch(run, chosen)
    if kept != chosen:
        st.caption(f"The network after epoch {chosen} was not kept; this is after epoch {kept}.")
    return kept


def nearest_kept_epoch(run: Run, epoch: int) -> int:
    """The epoch nearest to this one after which the run keeps its network."""
    return min(run.network_epochs, key=lambda kept: abs(kept - epoch))


def _render_play(title: str, epoch: int, epochs: int) -> None:
    """Draw the button that plays the epochs one after another, or pauses; play the next one."""
    is_playing = bool(st.session_state.get(_PLAYED)) and epoch < epochs
    st.button(
        "Pause" if is_playing else "Play",
        icon=":material/pause:" if is_playing else ":material/play_arrow:",
        key="play_epochs",
        help="Shows the network after one epoch after another.",
        on_click=_toggle,
        args=(None if is_playing else title, epoch, epochs),
    )
    if not is_playing:
        st.session_state[_PLAYED] = None
        return
    is_drawn = False

    def play_next() -> None:
        nonlocal is_drawn
        if is_drawn:  # by the timer, and not with the page
            linked.EPOCH.choose(str(epoch + 1))
            st.rerun()
        is_drawn = True

    st.fragment(play_next, run_every=_SECONDS)()


def _toggle(played_on: str | None, epoch: int, epochs: int) -> None:
    """Play on the page of this title from this epoch, or from the first if it is the last.

    None pauses.
    """
    st.session_state[_PLAYED] = played_on
    if played_on and epoch == epochs:
        linked.EPOCH.choose("1")
