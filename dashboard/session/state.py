"""The tables that a session has drawn, and what a control is set to before it is drawn."""

import streamlit as st

_TABLES = "_tables"
_MAX_TABLES = 5


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
    st.session_state[_TABLES] = [(ids, places), *before][:_MAX_TABLES]
    return list(st.session_state[_TABLES])


def chosen_texts(key: str) -> list[str]:
    """The texts that a control with several is set to, before it is drawn: a link's, or its own."""
    return [*st.session_state.get(key, ()), *st.query_params.get_all(key)]
