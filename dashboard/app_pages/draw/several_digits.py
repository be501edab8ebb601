"""Several digits in one drawing: each is read, and one is chosen to be explained and labelled."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import streamlit as st

from core.drawing import PreparedDrawing
from core.drawing.separate import MAX_DIGITS
from core.engine import calls
from core.runs import Run
from dashboard import text
from dashboard.app_pages.draw.canvas import clear_canvas
from dashboard.app_pages.draw.drawing_charts import draw_ink
from dashboard.session.cache import call_worker_uncached

_CHOICE = "_digit_choice"
_SIDE = 96
"""Width of a digit's picture, in pixels."""
_NUMBERS = {2: "Two", 3: "Three", 4: "Four", 5: "Five", 6: "Six", 7: "Seven", 8: "Eight", 9: "Nine"}


class _Choice(NamedTuple):
    """Which digit of a drawing is chosen, by its place from 0, and which the user has labelled."""

    source: str
    total: int
    chosen: int = 0
    labelled: frozenset[int] = frozenset()


def pick_digit(run: Run, epoch: int, digits: Sequence[PreparedDrawing], source: str) -> int:
    """Let the user choose a digit, by its place, at first the first; of one digit draw nothing.

    The choice holds as long as there are as many digits, of the same square or file.
    """
    choice: _Choice | None = st.session_state.get(_CHOICE)
    if choice is None or choice[:2] != (source, len(digits)):
        choice = _Choice(source, len(digits))
    st.session_state[_CHOICE] = choice
    if len(digits) > 1:
        _render_digits(run, epoch, digits, choice)
    return choice.chosen


def finish_digit() -> None:
    """Choose the next digit, now that the chosen one is labelled; after the last, clear."""
    choice = st.session_state[_CHOICE]
    labelled = choice.labelled | {choice.chosen}
    rest = [place for place in range(choice.total) if place not in labelled]
    if rest:
        st.session_state[_CHOICE] = choice._replace(chosen=rest[0], labelled=labelled)
    else:
        clear_canvas()


def _render_digits(
    run: Run, epoch: int, digits: Sequence[PreparedDrawing], choice: _Choice
) -> None:
    """Draw a picture of each digit, with a button that says what it is read as and chooses it."""
    total = _NUMBERS.get(choice.total, f"{choice.total}")
    if choice.total == MAX_DIGITS:
        total = f"At least {MAX_DIGITS}"
    st.markdown(f"**{total} digits were found.** Each is read; choose the one to look into.")
    images = np.stack([digit.image for digit in digits])
    answers = call_worker_uncached(calls.predict, run, images, epoch)
    with st.container(horizontal=True, key="found_digits"):
        for place, (image, answer) in enumerate(zip(images, answers, strict=True)):
            first = int(answer.argmax())
            with st.container(width=_SIDE, gap="xsmall"):
                picture = draw_ink(image, _SIDE)
                st.image(picture, width=_SIDE, alt=f"Digit {place + 1} of {choice.total}")
                st.button(
                    f":small[Read as {first}]",
                    key=f"found_digit_{place}",
                    type="primary" if place == choice.chosen else "secondary",
                    icon=":material/check:" if place in choice.labelled else None,
                    help=f"{text.percent(answer[first])} sure",
                    width="stretch",
                    on_click=_choose,
                    args=(place,),
                )


def _choose(place: int) -> None:
    st.session_state[_CHOICE] = st.session_state[_CHOICE]._replace(chosen=place)
