"""Every view of every page, one after another in one session, as a curious student goes round."""

import shutil

import numpy as np
from streamlit.testing.v1 import AppTest

from core.config import RunConfig
from core.network.build import build_model, flatten_weights
from core.runs import Run
from core.sweep.config import SweepConfig
from core.sweep.store import SweepStore
from tests.core.sweep.conftest import drive
from tests.dashboard.app_pages.lab import Lab, go, nodes, rewrite_history, words

# Each page, with the name that its choice of a view has in the address, and how many there are.
PAGES = {
    "train": None,
    "data": ("data", 5),
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


def test_every_view_opens_on_a_network_that_diverged(lab: Lab, trained: Run) -> None:
    """Weights and losses that are huge, and answers that are the same for every image; a warning of
    an overflow would fail this test.
    """
    model = build_model(trained.config)
    for variable in model.trainable_variables:
        variable.assign(variable * 1e10)
    trained.write_model(model.save)
    answers = np.tile(np.float32([1, *[0] * 9]), (10_000, 1))
    for epoch in (1, 2, 3):
        trained.write_first_layer(epoch, model.trainable_variables[0].numpy())
        trained.write_weights(epoch, flatten_weights(model))
        trained.write_test_probabilities(epoch, answers)
    chance = {f"{split}_accuracy": [0.098] * 3 for split in ("train", "validation", "test")}
    losses = {f"{split}_loss": [4.8, 5.0, 3.8] for split in ("train", "validation", "test")}
    rewrite_history(trained, **chance, **losses, running_loss=[1.5e12, 3.3, 4.0])
    other = lab.runs.create(trained.config, name="another")
    for file in trained.path.glob("*.[!j]*"):  # all but its documents
        shutil.copy(file, other.path)
    other.write_status(trained.status)
    links = {"run": trained.id, "runs": f"{trained.id},{other.id}", "curves_others": other.id}
    app = lab.open("train", **links)
    assert "no better than chance" in words(app)
    for page, choice in PAGES.items():
        go(app, page)
        for label in views(app):
            go(app, page, **{choice[0]: label} if choice else {})
            assert not app.error, (page, label)
