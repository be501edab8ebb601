"""The pages, as the menu shows them: what each is called, and what it is for."""

import copy
from base64 import b64encode
from functools import cache
from pathlib import Path
from typing import NamedTuple

import streamlit as st

from dashboard.access.protection import Guard, guard

ICON = (
    "data:image/png;base64," + b64encode((Path(__file__).parent / "icon.png").read_bytes()).decode()
)
"""The dashboard's icon; as a file it would be read and packed anew for each run of a page."""


class PageInfo(NamedTuple):
    """A page: its name in the menu, its icon, and the sentence below its title."""

    title: str
    icon: str
    sentence: str
    run_placeholder: str | None = None
    """What the run's control says while no run is chosen; None: the page looks at no run."""


_NO_RUN = "choose a run"
PAGES = {
    "train": PageInfo(
        "Train",
        ":material/model_training:",
        "Pick a network, press Train, and watch it learn to read handwritten digits.",
        "the next one you train",
    ),
    "data": PageInfo(
        "Data",
        ":material/database:",
        "The digits themselves: grey values, how they are prepared, and a grid to browse by class.",
        "the default split",
    ),
    "curves": PageInfo(
        "Curves",
        ":material/show_chart:",
        "Loss and accuracy of one run or several, and why the two kinds of training loss differ.",
        _NO_RUN,
    ),
    "evaluate": PageInfo(
        "Evaluate",
        ":material/fact_check:",
        "Right and wrong answers: report, confusion matrix, errors, probabilities, calibration.",
        _NO_RUN,
    ),
    "features": PageInfo(
        "Features",
        ":material/scatter_plot:",
        "A map of what a layer makes of the digits: images that the network finds alike lie "
        "together.",
        _NO_RUN,
    ),
    "layers": PageInfo(
        "Layers",
        ":material/layers:",
        "Inside the network: its layers, weights, dead units, and one digit on its way through.",
        _NO_RUN,
    ),
    "draw": PageInfo(
        "Draw",
        ":material/draw:",
        "Draw a digit and see what networks make of it, stroke by stroke.",
        _NO_RUN,
    ),
    "runs": PageInfo(
        "Runs",
        ":material/table_rows:",
        "All runs: sort, filter and search them; choose some to open, compare or delete.",
    ),
    "compare": PageInfo(
        "Compare",
        ":material/compare_arrows:",
        "In what runs differ, and whether one is really better than another.",
    ),
    "sweep": PageInfo(
        "Sweep",
        ":material/travel_explore:",
        "Search hyperparameters by validation accuracy: a run for each combination that is tried.",
    ),
    "classroom": PageInfo(
        "Class", ":material/groups:", "How the others come in, and who you are here."
    ),
}
"""The pages by the ends of their addresses, in the menu's order."""


def make_pages() -> list[st.Page]:
    """The pages of this server, the first one first."""
    return [copy.copy(page) for page in _pages()]  # navigation marks which of them may be run


@cache
def _pages() -> tuple[st.Page, ...]:
    # Once for all: each looks for its file on the disk.
    return tuple(
        st.Page(
            f"app_pages/{name}/page.py",
            url_path=name,
            title=page.title,
            icon=page.icon,
            help=page.sentence,
        )
        for name, page in PAGES.items()
        if name != "classroom" or guard() is not Guard.LOCAL_ONLY
    )
