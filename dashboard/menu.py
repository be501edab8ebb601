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


LOGO = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="164" height="32" viewBox="0 0 164 32">'
    f'<image href="{ICON}" width="32" height="32"/>'
    '<text x="40" y="23" font-family="sans-serif" font-weight="600" font-size="21" fill="#2B87D1">'
    "Digit Lab</text></svg>"
)
"""The product's name beside its icon, for both themes."""


class PageInfo(NamedTuple):
    """A page: its name in the menu, its icon, and the sentence below its title."""

    title: str
    icon: str
    sentence: str
    group: str = ""
    """The menu that it stands in; none: it stands in the bar itself."""
    shows_run: bool = True
    """Whether it looks at a run, which its head then names."""
    is_live: bool = False
    """Whether it draws the run again and again by itself, and so need not follow it."""


_UNDERSTAND, _EXPERIMENT = "Understand", "Experiment"
PAGES = {
    "train": PageInfo(
        "Train",
        ":material/model_training:",
        "A laboratory for neural networks that read handwritten digits: choose a network, press "
        "Train, and watch it learn from 60,000 real ones.",
        is_live=True,
    ),
    "draw": PageInfo(
        "Draw",
        ":material/draw:",
        "Draw a digit and see what networks make of it, stroke by stroke.",
    ),
    "learn": PageInfo(
        "Learn",
        ":material/school:",
        "A course in lessons of five minutes: say what you expect, try it, and see what happens in "
        "your own network.",
        shows_run=False,
    ),
    "data": PageInfo(
        "Data",
        ":material/database:",
        "The digits themselves: grey values, how they are prepared, and a grid to browse by class.",
        _UNDERSTAND,
    ),
    "curves": PageInfo(
        "Curves",
        ":material/show_chart:",
        "Loss and accuracy of one run or several, and why the two kinds of training loss differ.",
        _UNDERSTAND,
    ),
    "evaluate": PageInfo(
        "Evaluate",
        ":material/fact_check:",
        "Right and wrong answers: confusion matrix, report, errors, probabilities, calibration.",
        _UNDERSTAND,
    ),
    "layers": PageInfo(
        "Layers",
        ":material/layers:",
        "Inside the network: one digit on its way through, first-layer pictures, weights, layers.",
        _UNDERSTAND,
    ),
    "features": PageInfo(
        "Features",
        ":material/scatter_plot:",
        "A map of what a layer makes of the digits: images that the network finds alike lie "
        "together.",
        _UNDERSTAND,
    ),
    "runs": PageInfo(
        "Runs",
        ":material/table_rows:",
        "All runs: sort, filter and search them; choose some to open, compare or delete.",
        _EXPERIMENT,
        shows_run=False,
    ),
    "compare": PageInfo(
        "Compare",
        ":material/compare_arrows:",
        "In what runs differ, and whether one is really better than another.",
        _EXPERIMENT,
        shows_run=False,
    ),
    "sweep": PageInfo(
        "Sweep",
        ":material/travel_explore:",
        "Search hyperparameters by validation accuracy: a run for each combination that is tried.",
        _EXPERIMENT,
        shows_run=False,
    ),
    "classroom": PageInfo(
        "Class",
        ":material/groups:",
        "How the others come in, and who you are here.",
        shows_run=False,
    ),
}
"""The pages by the ends of their addresses, in the menu's order."""


def make_pages() -> dict[str, list[st.Page]]:
    """The pages of this server by their groups, the first one first."""
    menu: dict[str, list[st.Page]] = {}
    for page in _pages():
        group = menu.setdefault(PAGES[page.url_path].group, [])
        group.append(copy.copy(page))  # navigation marks which of them may be run
    return menu


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
