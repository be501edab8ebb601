"""The pages, as the menu shows them: what each is called, and what it is for."""

import copy
from base64 import b64encode
from functools import cache
from pathlib import Path

import streamlit as st

from dashboard.access.protection import Guard, guard

ICON = (
    "data:image/png;base64," + b64encode((Path(__file__).parent / "icon.png").read_bytes()).decode()
)
"""The dashboard's icon; as a file it would be read and packed anew for each run of a page."""

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


def make_pages() -> list[st.Page]:
    """The pages of this server, the first one first."""
    return [copy.copy(page) for page in _pages()]  # navigation marks which of them may be run


@cache
def _pages() -> tuple[st.Page, ...]:
    # Once for all: each looks for its file on the disk.
    shown = _PAGES if guard() is Guard.ALONE else _PAGES | {"classroom": _CLASS}
    return tuple(
        st.Page(f"app_pages/{name}/page.py", url_path=name, title=title, icon=icon, help=text)
        for name, (title, icon, text) in shown.items()
    )
