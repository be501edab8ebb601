"""Page configuration and navigation, nothing else."""

from pathlib import Path

import streamlit as st

from dashboard import state
from dashboard.access import Guard, guard
from dashboard.visitor import visitor
from dashboard.widgets.login import render_login

_PAGES = {
    "train": (
        "Train",
        ":material/model_training:",
        "Pick a network's layers and hyperparameters, train it on MNIST and watch it learn.",
    ),
    "data": (
        "Data",
        ":material/database:",
        "The digits themselves: grey values, how they are prepared, and a grid to browse by class.",
    ),
    "curves": (
        "Curves",
        ":material/show_chart:",
        "Loss and accuracy of one run or several, and why the two kinds of training loss differ.",
    ),
    "evaluate": (
        "Evaluate",
        ":material/fact_check:",
        "Right and wrong answers: report, confusion matrix, errors, probabilities, calibration.",
    ),
    "features": (
        "Features",
        ":material/scatter_plot:",
        "A map of what a hidden layer makes of the digits, by PCA and t-SNE.",
    ),
    "layers": (
        "Layers",
        ":material/layers:",
        "Inside the network: its layers, weights, dead units, and one digit on its way through.",
    ),
    "draw": (
        "Draw",
        ":material/draw:",
        "Draw a digit and see what networks make of it, stroke by stroke.",
    ),
    "runs": (
        "Runs",
        ":material/table_rows:",
        "All runs in a table: sort, filter, search, open, rename, take away, delete.",
    ),
    "compare": (
        "Compare",
        ":material/compare_arrows:",
        "In what runs differ, and whether one is really better than another.",
    ),
    "sweep": (
        "Sweep",
        ":material/travel_explore:",
        "Search hyperparameters: many runs of one question, with what they say about it.",
    ),
}
_CLASS = ("Class", ":material/groups:", "How the others come in, and who you are here.")
_SHOWN = _PAGES if guard() is Guard.ALONE else _PAGES | {"classroom": _CLASS}

st.set_page_config("Digit Lab", Path(__file__).parent / "icon.png", layout="wide")
pages = [
    st.Page(f"app_pages/{name}.py", title=title, icon=icon, help=text)
    for name, (title, icon, text) in _SHOWN.items()
]


def home() -> None:
    """The root address leads to the Train page, which so has an address of its own."""
    st.switch_page(pages[0], query_params=st.query_params.to_dict())


is_known = visitor() is not None
here = st.navigation(
    [st.Page(home, title="Digit Lab", default=True, visibility="hidden"), *pages],
    position="top" if is_known else "hidden",
)
if is_known:
    try:
        here.run()
    finally:  # also where the next press breaks it off
        state.end_answer()
else:
    render_login()
