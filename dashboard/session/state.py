"""Small things that a session remembers: its visit, its canvas, and the tables it has drawn."""

import secrets

import streamlit as st

_VISIT = "_visit"
_CANVAS = "_canvas"
_DRAWING_SCORE = "_drawing_score"
_TABLES = "_tables"
_MOST_TABLES = 5


def visit() -> str:
    """A name for this browser tab's visit, until it is reloaded."""
    return str(st.session_state.setdefault(_VISIT, secrets.token_hex(8)))


def canvas_number() -> int:
    """How many canvases this session has cleared: a number makes a new one."""
    return int(st.session_state.get(_CANVAS, 0))


def clear_canvas() -> None:
    """Have the Draw page begin with an empty canvas."""
    st.session_state[_CANVAS] = canvas_number() + 1


def count_drawing(is_right: bool) -> None:
    """Count a drawing whose digit the drawer has told: whether it was read right."""
    right, total = drawing_score()
    st.session_state[_DRAWING_SCORE] = right + is_right, total + 1


def drawing_score() -> tuple[int, int]:
    """How many drawings of this session were read right, of how many."""
    score: tuple[int, int] = st.session_state.get(_DRAWING_SCORE, (0, 0))
    return score


def drawn_tables(ids: list[str], places: list[int]) -> list[tuple[list[str], list[int]]]:
    """The tables of runs that the browser may show: this one, of `ids` with the runs at `places`
    chosen, and those drawn before it with the same runs chosen, the latest first.
    """
    chosen = {ids[place] for place in places}
    before = [
        (listed, marked)
        for listed, marked in st.session_state.get(_TABLES, ())
        if {listed[place] for place in marked} == chosen and listed != ids
    ]
    st.session_state[_TABLES] = [(ids, places), *before][:_MOST_TABLES]
    return list(st.session_state[_TABLES])


def chosen_texts(key: str) -> list[str]:
    """The texts that a control with several is set to, before it is drawn: a link's, or its own."""
    return [*st.session_state.get(key, ()), *st.query_params.get_all(key)]
