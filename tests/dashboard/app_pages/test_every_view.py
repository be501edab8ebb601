"""Every view of every page, one after another in one session, as a curious student goes round."""

from streamlit.testing.v1 import AppTest

from core.config import RunConfig
from core.runs import Run
from core.sweep.config import SweepConfig
from core.sweep.store import SweepStore
from tests.core.sweep.conftest import drive
from tests.dashboard.app_pages.lab import Lab, go, nodes

# Each page, with the name that its choice of a view has in the address, and how many there are.
PAGES = {
    "train": None,
    "data": ("data", 4),
    "curves": ("curves", 2),
    "evaluate": ("evaluate", 5),
    "features": None,
    "layers": ("layers_view", 4),
    "draw": ("draw", 2),
    "runs": None,
    "compare": ("compare", 5),
    "sweep": ("sweep_view", 7),
}


def views(app: AppTest) -> list[str]:
    return [node.label for node in nodes(app) if node.type == "tab"]


def test_every_view_opens_whatever_was_open_before(lab: Lab, trained: Run) -> None:
    """What one view leaves in the session is in no other's way."""
    base = RunConfig(hidden=(16,), training_images=1_000, validation_share=0.05, epochs=1)
    config = SweepConfig(base=base, vary={"dropout": {"low": 0.0, "high": 0.5}}, trials=2)
    sweep = SweepStore(lab.runs).create(config)
    drive(sweep, lab.runs)
    other = lab.runs.list()[0]
    links = {"run": trained.id, "runs": f"{trained.id},{other.id}", "sweep": sweep.id}
    app = lab.open("train", **links)
    for page in [*PAGES, *reversed(PAGES)]:
        go(app, page)
        name, count = PAGES[page] or ("", 0)
        labels = views(app)
        assert len(labels) == count, page
        for label in labels:
            go(app, page, **{name: label})
